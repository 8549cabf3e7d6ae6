"""Files that lie beside the package: in a folder, or in the one file that ``make zipapp`` makes."""

from __future__ import annotations

import os

_HERE = os.path.dirname(os.path.dirname(__file__))


def beside(name: str) -> str:
    """The path of a file of the package. One that is packed in a zip file is put into memory (memfd_create(2))."""
    path = os.path.join(_HERE, name)
    loader = globals().get("__loader__")
    if os.path.exists(path) or loader is None or not hasattr(loader, "get_data"):
        return path
    try:
        packed: bytes = loader.get_data(path)
    except OSError:
        return path
    fd = os.memfd_create(name, os.MFD_CLOEXEC)
    with open(fd, "wb", closefd=False) as file:
        file.write(packed)
    return f"/proc/self/fd/{fd}"
