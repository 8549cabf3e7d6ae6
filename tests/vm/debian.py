"""Packages of any Debian suite, fetched with an apt state of their own: the host's stays as it is.

The mirror and the options to reach it are the machine's own configuration.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .kernels import Kernel
from .places import building, cache

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
CARRIED_OPTIONS = (
    "Acquire::Check-Valid-Until",
    "Acquire::Check-Date",
    "Acquire::Retries",
    "Acquire::http::Proxy",
    "Acquire::https::Proxy",
)


class DebianError(Exception):
    """A package, suite or mirror that cannot be had, in words for the user."""


def mirror() -> str:
    """SIGTRACE_MIRROR, or the first Debian archive of the machine's own apt sources."""
    named = os.environ.get("SIGTRACE_MIRROR")
    if named:
        return named
    wanted = ("Created-By: Packages", "Label: Debian")
    sites = _output(["apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted])
    if not sites:
        raise DebianError(
            "no Debian archive in this machine's apt sources\n"
            "why: guests are made of Debian's packages\n"
            "try: apt-get update, or SIGTRACE_MIRROR=URL for a machine that is not Debian"
        )
    return sites.split()[0].rstrip("/")


def carried_options() -> list[str]:
    """The host's apt options that decide whether an archive can be reached and believed."""
    lines = (line.split(" ", 1) for line in _output(["apt-config", "dump"]).splitlines())
    values = {name: value.strip('";') for name, value in (pair for pair in lines if pair[1:])}
    return [f"{name}={values[name]}" for name in CARRIED_OPTIONS if values.get(name)]


def mmdebstrap(suite: str, packages: list[str], target: str, *options: str) -> list[str]:
    """The command that makes a minimal system of a suite as `target` (a tar, or - for stdout)."""
    aptopts = []
    for option in carried_options():
        name, value = option.split("=", 1)
        aptopts.append(f'--aptopt={name} "{value}"')
    return [
        *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}"),
        *aptopts,
        *(f"--dpkgopt=path-exclude=/usr/share/{kind}/*" for kind in ("doc", "man", "locale")),
        *options,
        *(suite, target, mirror()),
    ]


def kernel_image(kernel: Kernel) -> Path:
    """The vmlinuz of a suite's cloud kernel, fetched once and kept in the cache.

    The cloud flavour has NVMe, ext4 and the serial port built in: it needs no initramfs.
    """
    name = f"kernels/{kernel.suite}-{kernel.version}"
    with building(name) as folder:
        if folder is not None:
            _fetch_kernel(kernel, folder)
    return next((cache() / name).glob("vmlinuz-*"))


def _fetch_kernel(kernel: Kernel, folder: Path) -> None:
    apt = Apt(kernel.suite, folder / "apt")
    image = apt.depends("linux-image-cloud-amd64", "linux-image-")[0]
    # Since 6.12-something sid's kernel package is split in parts named after the version.
    parts = [
        part
        for kind in ("binary", "modules", "base")
        for part in apt.depends(image, f"linux-{kind}-")
    ]
    for deb in apt.download([image, *parts]):
        subprocess.run(["dpkg", "-x", str(deb), str(folder / "unpacked")], check=True)
    found = [path for path in (folder / "unpacked").rglob("vmlinuz*") if path.is_file()]
    release = image[len("linux-image-") :]
    if not found or not release.startswith(f"{kernel.version}."):
        raise DebianError(
            f"{kernel.suite} now has {image}, not a kernel {kernel.version}\n"
            "why: the suite has moved on since tests/vm/kernels.py was written\n"
            "try: correct the version in tests/vm/kernels.py"
        )
    found[0].rename(folder / f"vmlinuz-{release}")
    for rest in ("unpacked", "apt"):
        subprocess.run(["rm", "-rf", str(folder / rest)], check=True)


@dataclass(frozen=True)
class Apt:
    """apt for one suite, with its state in `folder`."""

    suite: str
    folder: Path

    def __post_init__(self) -> None:
        for part in ("lists/partial", "cache/archives/partial", "debs"):
            (self.folder / part).mkdir(parents=True)
        (self.folder / "status").touch()
        (self.folder / "sources.list").write_text(
            f"deb [signed-by={KEYRING}] {mirror()} {self.suite} main\n"
        )
        self._run("apt-get", "-qq", "update")

    def depends(self, package: str, prefix: str) -> list[str]:
        """The names with `prefix` that a package depends on."""
        lines = self._run("apt-cache", "depends", package).splitlines()
        names = (line.split()[-1] for line in lines if "Depends:" in line)
        return [name for name in names if name.startswith(prefix)]

    def download(self, packages: list[str]) -> list[Path]:
        self._run("apt-get", "-qq", "download", *packages)
        return sorted((self.folder / "debs").glob("*.deb"))

    def _run(self, tool: str, *arguments: str) -> str:
        options = {
            "Dir::State": self.folder,
            "Dir::State::lists": self.folder / "lists",
            "Dir::State::status": self.folder / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "APT::Sandbox::User": "root",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return _output([tool, *words, *arguments], self.folder / "debs")


def _output(command: list[str], folder: Path | None = None) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise DebianError(f"{command[0]} failed\nwhy: {last}\ntry: {' '.join(command)}")
    return done.stdout
