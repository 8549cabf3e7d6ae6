"""How metrics leave: a file that node_exporter reads, or a port that Prometheus asks."""

from __future__ import annotations

import os
import socket
import time
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from threading import Thread

from tracer.model.errors import Problem
from tracer.sinks.metrics import Publisher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 15.0  # seconds
TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SLOW = 5.0  # seconds for one who asks


class TextFile(Publisher):
    """The file is whole at any instant: it is written beside, and moved into place (node_exporter's textfile
    collector, which reads ``*.prom``)."""

    def __init__(
        self,
        path: str,
        say: Callable[[str], None],
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._say = say
        self._steady = steady
        self._text: Callable[[], str] = str
        self._next = 0.0
        self._is_failing = False

    def start(self, text: Callable[[], str]) -> None:
        """Raises Problem where nothing can be written there."""
        self._text = text
        try:
            self._write()
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            what = f"cannot write {self._path!r}"
            raise Problem(what, why, "--metrics in a folder of who traces") from None

    def due(self) -> float | None:
        return max(0.0, self._next - self._steady())

    def flush(self) -> None:
        if self._steady() >= self._next:
            self._write_or_say()

    def close(self) -> None:
        self._write_or_say()

    def _write_or_say(self) -> None:
        self._next = self._steady() + EVERY
        try:
            self._write()
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                self._say(f"metrics: {self._path}: {(error.strerror or str(error)).lower()}")
            self._is_failing = True

    def _write(self) -> None:
        self._next = self._steady() + EVERY
        beside = f"{self._path}.{os.getpid()}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(beside, flags, 0o644)
        try:
            with open(fd, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(self._text())
            os.replace(beside, self._path)
        except OSError:
            os.unlink(beside)
            raise


class Port(Publisher):
    """GET /metrics, one who asks after the other. It listens from the beginning, so that a port that is taken is told
    before anything starts. Raises Problem."""

    def __init__(self, address: str) -> None:
        host, port = _host_and_port(address)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Not an HTTPServer: that one asks the DNS for its own name.
        facts = {"address_family": family, "allow_reuse_address": True}
        try:
            self._server: TCPServer = type("_Server", (TCPServer,), facts)(
                (host, port), BaseHTTPRequestHandler
            )
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            what = f"cannot listen at {address!r}"
            raise Problem(what, why, "--metrics-listen 127.0.0.1:9764") from None
        self.port = int(self._server.server_address[1])

    def start(self, text: Callable[[], str]) -> None:
        self._server.RequestHandlerClass = _handler_of(text)
        Thread(target=self._server.serve_forever, name="sigtrace metrics", daemon=True).start()

    def due(self) -> None:
        return None

    def flush(self) -> None:
        """Who asks gets what is true then."""

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler_of(text: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Reads one request, whoever asks."""

        timeout = _SLOW
        server_version = "sigtrace"
        sys_version = ""

        def do_GET(self) -> None:
            is_known = self.path.partition("?")[0] == "/metrics"
            body = text().encode("utf-8", "backslashreplace") if is_known else b"GET /metrics\n"
            self.send_response(200 if is_known else 404)
            self.send_header("Content-Type", TYPE if is_known else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Who asks is nobody's business."""

    return Handler


def _host_and_port(address: str) -> tuple[str, int]:
    """``9764``, ``HOST:9764`` or ``[::1]:9764``; without a host it is this one alone. Raises Problem."""
    host, _, port = address.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        what = f"--metrics-listen {address!r} is not understood"
        raise Problem(what, "it has no port", "--metrics-listen 9764, or ADDRESS:PORT")
    return host or "127.0.0.1", int(port)
