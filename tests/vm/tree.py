"""The working tree as a tar on a disk for the guest, and the results it writes to another."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from .places import CHECKOUT

# Compiled on the host by make: a guest has no clang.
BUILT = (
    "tracer/sigtrace.bpf.o",
    "tracer/sigtrace.loader",
    "tracer/sigtrace-twice.loader",
    "tracer/sigtrace-whole.loader",
)
RESULTS_BYTES = 64 << 20


class TreeError(Exception):
    """The working tree cannot be handed to a guest, in words for the user."""


def pack_tree(target: Path, job: str) -> None:
    """Write the working tree, as it is and with what make built, and `job` as its guest-job."""
    with tarfile.open(target, "w") as tar:
        for name in _files():
            tar.add(CHECKOUT / name, name, recursive=False)
        data = job.encode()
        member = tarfile.TarInfo("guest-job")
        member.size, member.mode = len(data), 0o755
        tar.addfile(member, io.BytesIO(data))


def _files() -> list[str]:
    """Tracked and new files, and the built ones; what git ignores stays here."""
    listed = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={CHECKOUT}",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = [name for name in listed.stdout.split("\0") if name]
    for built in BUILT:
        if not (CHECKOUT / built).exists():
            raise TreeError(f"{built} is missing\nwhy: guests do not compile it\ntry: make setup")
    present = {name for name in names if _is_there(CHECKOUT / name)}
    return sorted(present | set(BUILT))


def _is_there(path: Path) -> bool:
    """A link to a folder counts: tracer/bpf is one."""
    return path.is_file() or path.is_symlink()


def make_results_disk(target: Path) -> None:
    with open(target, "wb") as disk:
        disk.truncate(RESULTS_BYTES)


def read_results(disk: Path) -> dict[str, bytes]:
    """The files of the tar that the guest wrote; empty if it wrote none."""
    with open(disk, "rb") as file:
        if not file.read(1).strip(b"\0"):
            return {}
    with tarfile.open(disk, "r:") as tar:
        members = [member for member in tar.getmembers() if member.isfile()]
        return {
            member.name.removeprefix("./"): tar.extractfile(member).read()  # type: ignore[union-attr]
            for member in members
        }
