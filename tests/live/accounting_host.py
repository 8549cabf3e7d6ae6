"""The machine's own process accounting, borrowed for a test: on, and off again."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess

KEPT = ("/var/log/account/pacct", "/var/account/pacct")


def is_on():
    """Whether somebody keeps accounting: nothing but its file tells."""
    sizes = [os.stat(path).st_size for path in KEPT if os.path.exists(path)]
    subprocess.run(["true"], check=True)
    return sizes != [os.stat(path).st_size for path in KEPT if os.path.exists(path)]


@contextlib.contextmanager
def accounting(path):
    """The kernel writes the end of each process of this pid namespace there, for as long as this lasts."""
    libc = ctypes.CDLL(None, use_errno=True)
    path.touch(0o600)
    if libc.acct(os.fsencode(path)):
        raise OSError(ctypes.get_errno(), "acct(2)")
    try:
        yield path
    finally:
        assert libc.acct(None) == 0
