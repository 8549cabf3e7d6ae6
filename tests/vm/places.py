"""Where things are: the checkout, and the cache outside it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent


def cache() -> Path:
    """SIGTRACE_CACHE, or /var/cache/sigtrace for root and ~/.cache/sigtrace for others."""
    named = os.environ.get("SIGTRACE_CACHE")
    if named:
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/cache/sigtrace")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sigtrace"


def recipe_key(*parts: str | bytes) -> str:
    """Twelve hex digits that change when any part of a recipe changes."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:12]


@contextlib.contextmanager
def building(name: str) -> Iterator[Path | None]:
    """Yield the path to build cache()/name at, or None when it is there already.

    The path appears under its final name only when the body ends without an error, so a build
    that was cut off is never taken for a whole one; two builders of one thing take turns.
    """
    target = cache() / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / f".{target.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.exists():
            yield None
            return
        unfinished = target.with_name(f".{target.name}.new")
        remove(unfinished)
        try:
            yield unfinished
            unfinished.rename(target)
        finally:
            remove(unfinished)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def drop_older(kept: Path, pattern: str) -> None:
    """Remove what earlier recipes left beside `kept`."""
    for path in kept.parent.glob(pattern):
        if path != kept:
            remove(path)
