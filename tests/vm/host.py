"""The packages that the host of the guests needs, installed when they are missing."""

from __future__ import annotations

import os
import shutil
import subprocess

from .stages import stage

BUILD = ("mmdebstrap", "debian-archive-keyring", "fdisk", "e2fsprogs", "qemu-utils")
MATRIX = (*BUILD, "qemu-system-x86", "python3-tabulate")
BOX = (*BUILD, "extlinux", "vagrant", "python3-pip")
CYCLE = (
    *BOX,
    *("qemu-system-x86", "vagrant-libvirt", "libvirt-daemon-system", "libvirt-clients"),
    *("dnsmasq-base", "iptables", "rsync", "openssh-client", "iproute2"),
    *("gcc", "python3-dev"),
)


class HostError(Exception):
    """The host lacks what guests need, in words for the user."""


def install(packages: tuple[str, ...]) -> None:
    """Install what is missing with apt. Nothing happens when all is there."""
    missing = [name for name in packages if not is_installed(name)]
    if not missing:
        return
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    command = ["apt-get", *wait, "install", "-y", "-qq", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise HostError(
            f"packages are missing: {' '.join(missing)}\n"
            "why: only root can install them, with apt\n"
            f"try: sudo {' '.join(command)}"
        )
    with stage(f"install {' '.join(missing)}"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet)
        subprocess.run(command, check=True, env=quiet, stdout=subprocess.DEVNULL)


def is_installed(package: str) -> bool:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout == "installed"
