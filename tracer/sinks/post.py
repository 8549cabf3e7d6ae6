"""How OTLP leaves: to a collector by HTTP, or into a file that one reads.

https://opentelemetry.io/docs/specs/otlp/#otlphttp (answers, what may be tried again),
https://opentelemetry.io/docs/specs/otel/protocol/exporter/ (OTEL_EXPORTER_OTLP_*),
https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/ (JSON lines).
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  What a host's name is looked up with: not to be found once root is given up.
import gzip
import http.client
import json
import os
import random
import ssl
import time
from threading import Event as Flag
from urllib.parse import unquote, urlsplit

from tracer.model.errors import Problem
from tracer.model.frozen import frozen
from tracer.model.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATH = "/v1/logs"
AGAIN = (429, 502, 503, 504)
FIRST_REST, LONGEST_REST = 1.0, 30.0  # seconds
GIVE_UP = 300.0  # seconds after which a batch is given up
_ANSWER_MAX = 1 << 16
_WORDS_MAX = 200
_TRY = "--otlp http://localhost:4318"


@frozen
class Settings:
    """``headers`` hold secrets. ``context`` None: no TLS."""

    host: str
    port: int
    path: str
    headers: dict[str, str]
    context: ssl.SSLContext | None
    timeout: float
    zipped: bool

    @property
    def words(self) -> str:
        """The address, for people."""
        return f"{'http' if self.context is None else 'https'}://{self.host}:{self.port}{self.path}"


def settings_of(url: str, environment: Mapping[str, str]) -> Settings:
    """What ``--otlp`` and the environment say. Raises Problem."""
    what = f"--otlp {url!r} is not understood"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Problem(what, str(error), _TRY) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Problem(what, "it is no address of a collector by HTTP", _TRY)
    if parts.username is not None or parts.query or parts.fragment:
        why = "a command line is public, and this one holds more than host, port and path"
        raise Problem("--otlp takes no password", why, "OTEL_EXPORTER_OTLP_HEADERS")
    path = parts.path.rstrip("/")
    is_safe = parts.scheme == "https"
    return Settings(
        parts.hostname,
        port or (443 if is_safe else 80),
        path if path.endswith(PATH) else path + PATH,
        _headers(_asked("HEADERS", environment) or ""),
        _context(environment) if is_safe else None,
        _timeout(_asked("TIMEOUT", environment)),
        _asked("COMPRESSION", environment) != "none",
    )


def _asked(name: str, environment: Mapping[str, str]) -> str | None:
    """What is set for logs alone goes before what is set for all."""
    own = environment.get(f"OTEL_EXPORTER_OTLP_LOGS_{name}")
    return own or environment.get(f"OTEL_EXPORTER_OTLP_{name}") or None


def _headers(text: str) -> dict[str, str]:
    """ "key=value,key2=value2", values as URLs have them (W3C Baggage)."""
    found = {}
    for part in filter(None, (word.strip() for word in text.split(","))):
        name, equals, value = part.partition("=")
        name, value = name.strip(), unquote(value.strip())
        if not (equals and name.isascii() and name.replace("-", "a").replace("_", "a").isalnum()):
            raise _headers_wrong("it is no list of NAME=VALUE")
        if not (value.isascii() and value.isprintable()):
            raise _headers_wrong(f"the value of {name} cannot stand in a header")
        found[name] = value
    return found


def _headers_wrong(why: str) -> Problem:
    what = "OTEL_EXPORTER_OTLP_HEADERS is not understood"
    return Problem(what, why, "OTEL_EXPORTER_OTLP_HEADERS='authorization=Bearer%20…'")


def _timeout(text: str | None) -> float:
    """Milliseconds; ten seconds where nothing, or nonsense, is said."""
    if text is None or not (text.isascii() and text.isdigit()) or not int(text[:9]):
        return 10.0
    return min(int(text[:9]) / 1000, 60.0)


def _context(environment: Mapping[str, str]) -> ssl.SSLContext:
    files = {
        name: _asked(name, environment)
        for name in ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")
    }
    try:
        context = ssl.create_default_context(cafile=files["CERTIFICATE"])
        if files["CLIENT_CERTIFICATE"]:
            context.load_cert_chain(files["CLIENT_CERTIFICATE"], files["CLIENT_KEY"])
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        what = "the certificates of OTEL_EXPORTER_OTLP_* cannot be read"
        raise Problem(what, why.lower(), "files in PEM form") from None
    return context


class Post:
    """One connection, one request at a time; an answer that asks for it is followed by another try."""

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._say = say
        self._steady = steady
        self._connection: http.client.HTTPConnection | None = None
        self._hurry = Flag()
        self._is_away = False

    def start(self) -> None:
        """A connection is made when there is something to send."""

    def hurry(self) -> None:
        self._hurry.set()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def deliver(self, payload: bytes, records: int) -> int:
        """Until it is taken, refused for good, or GIVE_UP is over."""
        body = gzip.compress(payload, 5) if self._settings.zipped else payload
        began, rest = self._steady(), FIRST_REST
        while True:
            status, answer, after = self._ask(body)
            if 200 <= status < 300:
                self._is_away = False
                return self._rejected(answer, records)
            if status and status not in AGAIN:
                self._trouble(f"answers {status}: {_words(answer)}", "the records are given up")
                return records
            self._trouble(answer.decode() if not status else f"answers {status}", "tried again")
            rest_now = max(after, rest * random.uniform(0.8, 1.2))
            if self._steady() + rest_now - began > GIVE_UP or self._hurry.wait(rest_now):
                return 0 if self._hurry.is_set() and self._last(body) else records
            rest = min(LONGEST_REST, rest * 2)

    def _last(self, body: bytes) -> bool:
        """One more try before the end."""
        return 200 <= self._ask(body)[0] < 300

    def _ask(self, body: bytes) -> tuple[int, bytes, float]:
        """Status, answer, and the seconds of Retry-After; status 0: there was none, for the reason in the answer."""
        settings = self._settings
        headers = {**settings.headers, "Content-Type": "application/json"}
        if settings.zipped:
            headers["Content-Encoding"] = "gzip"
        try:
            connection = self._connection = self._connection or self._open()
            connection.request("POST", settings.path, body, headers)
            answer = connection.getresponse()
            text = answer.read(_ANSWER_MAX + 1)
            after = answer.getheader("Retry-After") or ""
            if len(text) > _ANSWER_MAX or answer.will_close:
                self.close()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return 0, printable(why).lower().encode("ascii", "backslashreplace"), 0.0
        seconds = float(after) if after.isascii() and after.isdigit() and len(after) < 5 else 0.0
        return answer.status, text, min(seconds, 10 * LONGEST_REST)

    def _open(self) -> http.client.HTTPConnection:
        settings = self._settings
        if settings.context is None:
            return http.client.HTTPConnection(
                settings.host, settings.port, timeout=settings.timeout
            )
        return http.client.HTTPSConnection(
            settings.host, settings.port, timeout=settings.timeout, context=settings.context
        )

    def _rejected(self, answer: bytes, records: int) -> int:
        """How many the collector says that it did not take: ExportLogsPartialSuccess."""
        try:
            partial = json.loads(answer)["partialSuccess"]
            rejected = int(partial.get("rejectedLogRecords", 0))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return 0
        if rejected > 0:
            words = _words(str(partial.get("errorMessage", "")).encode("utf-8", "replace"))
            self._trouble(f"takes {rejected:,} of {records:,} records not: {words}", "given up")
        return max(0, min(rejected, records))

    def _trouble(self, why: str, then: str) -> None:
        """Told when it begins, not each time."""
        if not self._is_away:
            self._is_away = True
            self._say(f"otlp: {self._settings.words}: {why}; {then}")


def _words(answer: bytes) -> str:
    text = printable(answer[:_WORDS_MAX].decode("utf-8", "backslashreplace").strip())
    return text or "no reason is given"


class Lines:
    """A payload a line, at the end of a file; it is opened again where logrotate(8) has moved it away."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1

    def start(self) -> None:
        """Raises Problem."""
        try:
            self._open()
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            what = f"cannot write {self._path!r}"
            raise Problem(what, why, "--otlp-file in a folder of who traces") from None

    def hurry(self) -> None:
        """A file is never slow."""

    def deliver(self, payload: bytes, records: int) -> int:
        if self._is_moved():
            os.close(self._fd)
            self._open()
        line = payload + b"\n"
        size = os.fstat(self._fd).st_size
        try:
            written = 0
            while written < len(line):
                written += os.write(self._fd, line[written:])
        except OSError:
            if os.path.isfile(self._path):
                os.ftruncate(self._fd, size)  # No half of a line is left.
            return records
        return 0

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(self._path, flags, 0o640)

    def _is_moved(self) -> bool:
        try:
            there, ours = os.stat(self._path), os.fstat(self._fd)
        except OSError:
            return True
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)
