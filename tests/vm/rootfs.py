"""The root file system of a matrix guest: one suite's own userland, and guest-init as PID 1."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from .debian import DebianError, mmdebstrap
from .kernels import Userland
from .places import HERE, building, cache, drop_older, recipe_key

# What the live tests use. libbpf comes from the suite too; where that has none before 1.0, the
# core source has to say so by itself.
PACKAGES = [
    *("kmod", "procps", "iproute2", "psmisc", "util-linux", "gcc", "libc6-dev"),
    *("python3", "python3-pytest", "python3-hypothesis", "python3-jsonschema"),
    *("python3-tabulate", "python3-pyroute2", "python3-bpfcc", "auditd", "bpftool"),
    *("bpftrace", "gcc-multilib"),
]
SPACE_MIB = 400


def root_image(userland: Userland) -> Path:
    """The disk image of a userland, built once for each recipe and kept in the cache."""
    packages = [*PACKAGES, *(["libbpf1"] if userland.has_core else [])]
    guest_init = HERE / "guest" / "init"
    key = recipe_key(*packages, guest_init.read_bytes(), str(SPACE_MIB))
    name = f"roots/{userland.suite}-{key}.img"
    with building(name) as image:
        if image is not None:
            _build(userland.suite, packages, guest_init, image)
    drop_older(cache() / name, f"{userland.suite}-*.img")
    return cache() / name


def _build(suite: str, packages: list[str], guest_init: Path, image: Path) -> None:
    if os.geteuid() != 0:
        raise DebianError(
            "cannot build the root of a guest\n"
            "why: its files belong to root, and this user is not root\n"
            "try: sudo make test-kernels"
        )
    with tempfile.TemporaryDirectory(dir=image.parent, prefix=".tree.") as tree:
        _unpack(suite, packages, Path(tree))
        _install(guest_init, Path(tree))
        make_disk(Path(tree), image)


def _unpack(suite: str, packages: list[str], tree: Path) -> None:
    # libc's headers and gcc are needed whole; documentation is not.
    with subprocess.Popen(mmdebstrap(suite, packages, "-"), stdout=subprocess.PIPE) as build:
        subprocess.run(
            ["tar", "-x", "-C", str(tree), "--exclude=./dev/*"], stdin=build.stdout, check=True
        )
    if build.returncode != 0:
        raise DebianError(
            f"cannot build a {suite} root\n"
            f"why: mmdebstrap left with status {build.returncode}, see above\n"
            f"try: {' '.join(mmdebstrap(suite, packages, '/dev/null'))}"
        )


def _install(guest_init: Path, tree: Path) -> None:
    target = tree / "usr/sbin/guest-init"
    target.write_bytes(guest_init.read_bytes())
    target.chmod(0o755)
    (tree / "etc/hostname").write_text("guest\n")
    (tree / "etc/hosts").write_text("127.0.0.1 localhost guest\n")


def make_disk(tree: Path, image: Path) -> None:
    """Write a GPT disk with one ext4 partition labelled root.

    The kernel finds it by the label whatever the disk's name is; the file system is made at its
    offset, since the host's kernel may know no partitions.
    """
    used = subprocess.run(
        ["du", "-sm", "--apparent-size", str(tree)], capture_output=True, text=True, check=True
    )
    size = int(used.stdout.split()[0]) * 5 // 4 + SPACE_MIB
    with open(image, "wb") as disk:
        disk.truncate((size + 2) << 20)
    table = f"start=1MiB, size={size}MiB, name=root\n"
    subprocess.run(
        ["/sbin/sfdisk", "-q", "-X", "gpt", str(image)], input=table, text=True, check=True
    )
    options = "offset=1048576,lazy_itable_init=1"
    subprocess.run(
        [
            "/sbin/mke2fs",
            "-q",
            "-t",
            "ext4",
            "-O",
            "^has_journal",
            "-E",
            options,
            "-d",
            str(tree),
            str(image),
            f"{size}M",
        ],
        check=True,
    )
