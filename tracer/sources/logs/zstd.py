"""zstd by whatever this machine has: Python 3.14's own module, the zstandard package, or the program."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from importlib import import_module
from io import BufferedReader
from types import ModuleType
from typing import IO, cast

from tracer.host.packages import find_packages
from tracer.model.errors import Problem


def open_zstd(raw: IO[bytes], path: str) -> IO[bytes]:
    """The unpacked bytes of a zstd stream; raises Problem if nothing here can unpack it."""
    own = _module("compression.zstd")
    if own is not None:
        return cast("IO[bytes]", own.ZstdFile(raw))
    find_packages()
    package = _module("zstandard")
    if package is not None:
        return cast(
            "IO[bytes]", package.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        )
    program = shutil.which("zstd")
    if program is None:
        raise Problem(
            f"cannot unpack {path!r}",
            "it is packed with zstd, which this Python cannot read",
            "apt install zstd",
        )
    # By path where there is one: raw has read ahead.
    if path == "-":
        return _piped(program, raw)
    process = subprocess.Popen(
        [program, "-dcq", "--", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return cast("IO[bytes]", _Output(process))


class _Output:
    """What the program writes; a program that failed has found a cut or damaged file."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._pipe = cast("BufferedReader", process.stdout)

    def read1(self, size: int) -> bytes:
        """Raises EOFError at the end of what could be unpacked."""
        block = self._pipe.read1(size)
        if not block and self._process.wait() != 0:
            raise EOFError("zstd cannot unpack the rest")
        return block

    read = read1

    def fileno(self) -> int:
        return self._pipe.fileno()

    def __enter__(self) -> _Output:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.wait()


def _piped(program: str, raw: IO[bytes]) -> IO[bytes]:
    import threading

    process = subprocess.Popen(
        [program, "-dcq"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )

    def feed() -> None:
        # A program that found damage reads no more.
        with suppress(BrokenPipeError), cast("IO[bytes]", process.stdin) as sink:
            shutil.copyfileobj(raw, sink)

    threading.Thread(target=feed, daemon=True).start()
    return cast("IO[bytes]", _Output(process))


def _module(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        return None
