"""Fresh systems of Debian's and Ubuntu's suites, in folders: the kernel is this machine's, all else is theirs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Suites whose Release file may be old where a mirror is a copy of one day.
OPTIONS = '--aptopt=Acquire::Check-Valid-Until "false"'
# Ubuntu's are made by Debian's tools; the keys are in Debian's package ubuntu-keyring (from trixie on).
UBUNTU_KEYS = Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")
UBUNTU = {
    suite: f"deb [signed-by={UBUNTU_KEYS}] http://archive.ubuntu.com/ubuntu {suite} main universe"
    for suite in ("jammy", "noble")
}
# What the package tools write for themselves, and caches that any package's installation renews.
TOOLS_OWN = (
    *("var/lib/dpkg", "var/lib/apt", "var/cache", "var/log", "etc/ld.so.cache", "tmp", "run"),
    *("etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "var/lib/systemd/catalog"),
)
INSIDE = """
for place in proc sys dev; do mount --rbind /$place "$root/$place"; done
mount -t tmpfs tmpfs "$root/tmp" -o mode=1777
cp /etc/resolv.conf "$root/etc/resolv.conf" 2> /dev/null || :
exec chroot "$root" "$@"
"""


def cached(suite: str) -> Path:
    """A minimal system as a tar file, made once: build/roots, or the folder SIGTRACE_ROOTS."""
    folder = Path(os.environ.get("SIGTRACE_ROOTS", ROOT / "build/roots"))
    folder.mkdir(parents=True, exist_ok=True)
    tar = folder / f"{suite}.tar"
    if not tar.exists():
        made = tar.with_suffix(".new.tar")
        command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=apt,ca-certificates"]
        source = [UBUNTU[suite]] if suite in UBUNTU else []
        subprocess.run([*command, OPTIONS, suite, made, *source], check=True)
        made.replace(tar)
    return tar


class Root:
    """One such system. What runs in it sees this machine's processes and /sys; all mounts end with it."""

    def __init__(self, tar: Path, folder: Path) -> None:
        self.folder = folder
        subprocess.run(["tar", "-x", "-f", tar, "-C", folder], check=True)
        (folder / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
        (folder / "usr/sbin/policy-rc.d").chmod(0o755)

    def run(self, *words: str, check: bool = True, **more) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
            "root": str(self.folder),
        }
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", INSIDE, "sh"]
        done = subprocess.run(
            [*command, *words], env=environment, capture_output=True, text=True, **more
        )
        assert not check or done.returncode == 0, f"{words}:\n{done.stdout}\n{done.stderr}"
        return done

    def take(self, path: Path) -> str:
        """Put a file into the root; where it is there."""
        shutil.copy(path, self.folder / "root")
        return f"/root/{path.name}"

    def files(self) -> dict[str, str]:
        """Every path, with the digest of a file, the target of a link."""
        found = {}
        for path in self.folder.rglob("*"):
            name = str(path.relative_to(self.folder))
            if (
                name.startswith((*TOOLS_OWN, "proc/", "sys/", "dev/", "root/"))
                or "/__pycache__" in name
            ):
                continue
            if path.is_symlink():
                found[name] = f"-> {os.readlink(path)}"
            elif path.is_file():
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                found[name] = "other"
        return found
