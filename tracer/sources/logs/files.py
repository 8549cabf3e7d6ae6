"""Log files on disk: which ones a user means, in what order, and their bytes whatever packs them."""

from __future__ import annotations

import errno
import fcntl
import glob
import io
import os
import re
import select
import stat
import sys
from collections.abc import Iterator, Sequence
from typing import IO, Any, Callable, cast

from tracer.model.errors import AS_ROOT, OWN, Problem
from tracer.model.frozen import frozen
from tracer.model.text import typed
from tracer.sources.logs.kept import is_kept

STDIN = "-"
_ROTATED = re.compile(
    r"(?P<base>[^A-Za-z]*[A-Za-z].*?)(?:\.(?P<number>\d{1,4})|-(?P<date>\d{8}(?:-\d+)?))?(?P<packed>\.(?:gz|xz|zst|zstd|bz2))?"
)
_GZIP, _XZ, _BZIP2, _ZSTD = b"\x1f\x8b", b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd"
BLOCK = 1 << 18
LINE_MAX = 1 << 20


# Asked before every block of a stream, and every piece of a big log (audit_pieces.Pieces), whose ``tell`` says how
# far it is; it may wait until there is something.
Proceed = Callable[[Any], bool]


@frozen
class LogSet:
    """The files of one log, oldest first: ``audit.log.2``, ``audit.log.1``, ``audit.log``."""

    name: str
    paths: tuple[str, ...]


def find_logs(arguments: Sequence[str]) -> list[LogSet]:
    """The logs that the arguments mean: files, folders, patterns, ``-`` for standard input."""
    paths = [path for argument in arguments for path in _paths(argument)]
    sets: dict[str, list[str]] = {}
    for path in dict.fromkeys(paths):
        sets.setdefault(_base(path), []).append(path)
    return [
        LogSet(base if found[1:] else found[0], tuple(sorted(found, key=_age, reverse=True)))
        for base, found in sets.items()
    ]


def _paths(argument: str) -> list[str]:
    if argument == STDIN:
        require_stdin()
    if argument == STDIN or os.path.isfile(argument):
        return [argument]
    if os.path.isdir(argument):
        return _in_folder(argument)
    found = sorted(glob.glob(argument)) if glob.has_magic(argument) else []
    if found:
        return [
            path
            for match in found
            for path in (_in_folder(match) if os.path.isdir(match) else [match])
        ]
    if os.path.lexists(argument):
        return [argument]
    closed = _closed(argument)
    if closed is not None:
        raise unreadable(argument, closed)
    raise Problem(
        f"cannot read {argument!r}",
        "there is no such file",
        f"{OWN} /var/log/audit/audit.log",
    )


def called(path: str) -> str:
    """What a file is called in a sentence."""
    return "standard input" if path == STDIN else path


def require_stdin() -> None:
    """Raises Problem where standard input cannot be read."""
    why = None
    if sys.stdin is None:
        why = "it is closed"
    elif fcntl.fcntl(sys.stdin.fileno(), fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY:
        why = "it is open for writing alone"
    if why:
        raise Problem("cannot read standard input", why, f"{OWN} FILE")


def _closed(path: str) -> OSError | None:
    """Why nobody can tell what is there: a folder on the way may not be entered, or not be listed."""
    try:
        if glob.has_magic(path):
            os.listdir(os.path.dirname(path) or ".")
        else:
            os.stat(path)
    except PermissionError as error:
        return error
    except OSError:
        pass
    return None


def _in_folder(folder: str) -> list[str]:
    """The logs that hosts keep, in the folder or in those of audit and accounting below it; else all that look like logs."""
    found = [
        os.path.join(folder, below, name)
        for below in ("", "audit", "account")
        for name in _names(os.path.join(folder, below))
        if is_kept(name, below and f"/{below}")
    ] or [
        os.path.join(folder, name)
        for name in _names(folder)
        if re.search(r"\.(log|jsonl?|txt)([.-]|$)|^(syslog|messages|kern)", name)
    ]
    found = [path for path in found if os.path.isfile(path)]
    if not found and not os.access(folder, os.R_OK | os.X_OK):
        raise unreadable(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    if not found:
        raise Problem(
            f"no logs in folder {folder!r}",
            "it holds no audit.log*, no messages or syslog, and no *.log",
            "name the files themselves",
        )
    return found


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _base(path: str) -> str:
    match = _ROTATED.fullmatch(os.path.basename(path))
    return (
        path
        if match is None or path == STDIN
        else os.path.join(os.path.dirname(path), match["base"])
    )


def _age(path: str) -> tuple[int, str]:
    """Greater for an older file: by number, by date the other way round, the live file last."""
    match = _ROTATED.fullmatch(os.path.basename(path))
    if match is None or not (match["number"] or match["date"]):
        return 0, ""
    if match["number"]:
        return 1 + int(match["number"]), ""
    return 1, "".join(chr(255 - ord(letter)) for letter in match["date"])


def always(_: object) -> bool:
    """Read on."""
    return True


def open_log(path: str, proceed: Proceed = always) -> IO[bytes]:
    """The file's bytes, unpacked if it is packed; the packing is told by its first bytes.

    Raises Problem if it cannot be opened. Empty if ``proceed`` says no before anything came.
    """
    try:
        named = sys.stdin.fileno() if path == STDIN else path
        raw = io.BufferedReader(io.FileIO(named, closefd=path != STDIN), BLOCK)
        if not proceed(raw):
            raw.close()
            return io.BytesIO()
        head = raw.peek(6)[:6]
    except OSError as error:
        raise unreadable(path, error) from error
    if head.startswith(_GZIP):
        import gzip

        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if head.startswith(_XZ):
        import lzma

        return cast("IO[bytes]", lzma.LZMAFile(raw))
    if head.startswith(_BZIP2):
        import bz2

        return cast("IO[bytes]", bz2.BZ2File(raw))
    if head.startswith(_ZSTD):
        from tracer.sources.logs.zstd import open_zstd

        return open_zstd(raw, path)
    return raw


def is_pipe(path: str) -> bool:
    """Whether it is standard input, and none that was redirected from a file."""
    return path == STDIN and not stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode)


def open_pipe() -> IO[bytes]:
    """Standard input, as it comes."""
    return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)


def head_of_pipe(proceed: Proceed = always) -> bytes:
    """The first line of standard input, or what of it tells its form; it is gone from there then."""
    head = b""
    with open_pipe() as pipe:
        while b"\n" not in head and len(head) < BLOCK and proceed(pipe):
            block = os.read(pipe.fileno(), BLOCK)
            if not block:
                break
            head += block
    return head


def is_readable(fd: int) -> bool:
    """Whether there is something to read, or an end."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def is_packed(path: str) -> bool:
    """Whether a file's first bytes are those of a packed one; raises Problem if it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read(6).startswith((_GZIP, _XZ, _BZIP2, _ZSTD))
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: str, error: OSError) -> Problem:
    """The three lines for a file that cannot be read."""
    why = (error.strerror or str(error)).lower()
    if path == STDIN:
        return Problem("cannot read standard input", why, f"{OWN} FILE")
    again = AS_ROOT if isinstance(error, PermissionError) else f"ls -l {typed(path)}"
    return Problem(f"cannot read {path!r}", why, again)


def read_blocks(stream: IO[bytes], proceed: Proceed = always) -> Iterator[bytes]:
    """The stream in blocks, for as long as ``proceed`` says so before each; a packed file that is cut or damaged ends with what could be unpacked.

    Raises EOFError after the last good block if the file is cut.
    """
    read = getattr(stream, "read1", stream.read)
    # Opening it has read the first bytes: there is nothing to wait for.
    waits = False
    while not waits or proceed(stream):
        waits = True
        try:
            block = read(BLOCK)
        except (EOFError, ValueError) as error:
            raise EOFError(str(error)) from error
        except OSError as error:
            raise EOFError(error.strerror or str(error)) from error
        except Exception as error:  # zlib.error and lzma.LZMAError have no common parent
            raise EOFError(str(error)) from error
        if not block:
            return
        yield block


class WholeLines:
    """Blocks in, text of whole lines out; of a line longer than LINE_MAX only the beginning is kept. ``returns``: lines
    end in CR alone; None: the first block tells."""

    def __init__(self, *, returns: bool | None = None) -> None:
        self._rest: list[bytes] = []
        self._kept = self._size = 0
        self._returns = returns

    def feed(self, block: bytes) -> tuple[bytes, int]:
        """The lines that have ended (b"" if none has), and how many bytes they were."""
        if self._returns is None:
            self._returns = b"\r" in block and b"\n" not in block
        if self._returns:
            block = block.replace(b"\r", b"\n")
        first = block.find(b"\n")
        if first < 0:
            self._add(block)
            return b"", 0
        end = block.rfind(b"\n") + 1
        self._add(block[:first])
        text = b"".join((*self._rest, block[first:end]))
        size = self._size + end - first
        self._rest, self._kept, self._size = [], 0, 0
        self._add(block[end:])
        return text, size

    def rest(self) -> bytes:
        """What has no line end."""
        return b"".join(self._rest)

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        part = part[: LINE_MAX - self._kept]
        if part:
            self._kept += len(part)
            self._rest.append(part)
