"""`make vm-box`: a Vagrant box for libvirt, from the distribution's packages alone."""

from __future__ import annotations

import configparser
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .debian import DebianError, mmdebstrap
from .kernels import Userland
from .places import CHECKOUT, HERE, building, cache, drop_older, recipe_key
from .report import numbers

# A machine with systemd as PID 1 that Vagrant can log in to; provision.sh adds what tests need.
MACHINE = [
    *("systemd-sysv", "dbus", "udev", "kmod", "iproute2", "openssh-server", "sudo", "rsync"),
    *("libpam-systemd", "initramfs-tools", "linux-image-cloud-amd64", "make", "ca-certificates"),
]
# systemd-oomd is a package of its own since bookworm.
OOMD = "systemd-oomd"
# Read by pip through environment markers of the wrong Python when it downloads for an older one.
OLD_PYTHON = ["tomli", "exceptiongroup", "typing_extensions", "importlib_metadata"]
# The service of tests/vm/scenarios/test_salt.py.
SALT = "salt"
DISK_GIB = 6
PARTITION_OFFSET = 1 << 20
CLONE_NEWNS = 0x00020000  # include/uapi/linux/sched.h
PIP = ("/usr/bin/python3", "-m", "pip", "--disable-pip-version-check")
INITRAMFS = (
    'mkdir -p "$1/etc/initramfs-tools/conf.d"; '
    'echo MODULES=list > "$1/etc/initramfs-tools/conf.d/list"; '
    'printf "%s\\n" virtio_pci virtio_blk ext4 > "$1/etc/initramfs-tools/modules"'
)
# The script of the Vagrant VM, run in the new system as in a VM that has a network.
PROVISION = HERE / "provision.sh"
INSTALL = CHECKOUT / "packaging" / "install-packages.sh"
SETUP = HERE / "box-setup"
HAND_OVER = (
    'mkdir -p "$1/box/packaging" && cp "$PROVISION" "$SETUP" "$1/box/" && '
    'cp "$INSTALL" "$1/box/packaging/" && cp "$PUBLIC_KEY" "$1/box/key"'
)
PROVISIONED = 'chroot "$1" sh /box/provision.sh /box'
SET_UP = 'chroot "$1" sh /box/box-setup "$SUITE" < "$1/box/key" && rm -r "$1/box"'
HOOKS = (
    f"--essential-hook={INITRAMFS}",
    *(f"--customize-hook={hook}" for hook in (HAND_OVER, PROVISIONED, SET_UP)),
)
PUBLIC_KEY_GLOB = "share/rubygems-integration/all/gems/vagrant-*/keys/vagrant.pub"


def box_name(userland: Userland, with_salt: bool) -> str:
    """What a box is called after "sigtrace/": its suite, and "salt-" before it for one that has salt.

    PyPI has the source alone of salt and of what it needs: it is built by this machine's Python, and runs in
    a box that has the same.
    """
    can = numbers(userland.python) == sys.version_info[:2]
    return f"{SALT}-{userland.suite}" if with_salt and can else userland.suite


def box_file(userland: Userland, *, with_salt: bool = False) -> Path:
    """The box of a suite, built once for each recipe and kept in the cache.

    boxes/NAME.box always names the newest one: the Vagrantfile looks there.
    """
    called = box_name(userland, with_salt)
    packages = box_packages(userland)
    wanted = requirements(userland)
    scripts = [path.read_bytes() for path in (SETUP, PROVISION, INSTALL)]
    key = recipe_key(*packages, *wanted, *scripts, *HOOKS, str(DISK_GIB))
    name = f"boxes/{called}-{key}.box"
    with building(name) as box:
        if box is not None:
            _build(userland, packages, wanted, box, with_salt=called != userland.suite)
    box = cache() / name
    drop_older(box, f"{called}-*.box")
    link = box.with_name(f"{called}.box")
    link.unlink(missing_ok=True)
    link.symlink_to(box.name)
    return box


def box_packages(userland: Userland) -> list[str]:
    return [*MACHINE, *([OOMD] if userland.suite != "bullseye" else [])]


def requirements(userland: Userland) -> list[str]:
    """What pip would fetch for `make test`, read from setup.cfg."""
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg")
    listed = config["options"]["install_requires"] + config["options.extras_require"]["dev"]
    old = OLD_PYTHON if numbers(userland.python) < (3, 11) else []
    return [*listed.split(), *old]


def _build(
    userland: Userland, packages: list[str], wanted: list[str], box: Path, *, with_salt: bool
) -> None:
    if os.geteuid() != 0:
        raise DebianError(
            "cannot build a box\n"
            "why: its files belong to root, and this user is not root\n"
            "try: sudo make vm-box"
        )
    _leave_the_hosts_mounts()
    with tempfile.TemporaryDirectory(dir=box.parent, prefix=".box.") as name:
        folder = Path(name)
        disk = folder / "disk"
        _make_disk(disk)
        with _mounted(disk, folder / "tree") as tree:
            _fill(userland, packages, wanted, tree)
            if with_salt:
                _add_salt(tree)
        _check(disk)
        _install_boot_sector(disk)
        _pack(disk, box)


def _leave_the_hosts_mounts() -> None:
    """Into a mount namespace of our own, for the rest of this process's life.

    Who makes one of his own meanwhile takes a copy of each mount along, and what has a copy is not
    unmounted: the disk would be packed half written (mount_namespaces(7)).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    _run(["mount", "--make-rprivate", "/"])


def _check(disk: Path) -> None:
    """The file system is whole, and was unmounted cleanly."""
    _run(["/sbin/e2fsck", "-f", "-n", f"{disk}?offset={PARTITION_OFFSET}"], quiet=True)


def _make_disk(disk: Path) -> None:
    with open(disk, "wb") as file:
        file.truncate(DISK_GIB << 30)
    _run(["/sbin/sfdisk", "-q", "-X", "dos", str(disk)], "start=1MiB, bootable\n")
    # extlinux reads neither 64-bit ext4 nor its checksums.
    blocks = ((DISK_GIB << 30) - PARTITION_OFFSET) // 1024
    features = ["-O", "^64bit,^metadata_csum", "-E", f"offset={PARTITION_OFFSET}"]
    _run(["/sbin/mke2fs", "-q", "-t", "ext4", "-L", "root", *features, str(disk), f"{blocks}k"])


@contextmanager
def _mounted(disk: Path, tree: Path) -> Iterator[Path]:
    """The disk's file system, by its offset: the host's kernel may know no partitions."""
    tree.mkdir()
    _run(["mount", "-o", f"loop,offset={PARTITION_OFFSET}", str(disk), str(tree)])
    try:
        yield tree
    finally:
        _run(["umount", "-R", str(tree)])


def _fill(userland: Userland, packages: list[str], wanted: list[str], tree: Path) -> None:
    command = mmdebstrap(userland.suite, packages, "-", *HOOKS)
    handed = {
        "PROVISION": PROVISION,
        "INSTALL": INSTALL,
        "SETUP": SETUP,
        "PUBLIC_KEY": public_key(),
    }
    environment = {**os.environ, **{name: str(path) for name, path in handed.items()}}
    environment["SUITE"] = userland.suite
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as build:
        subprocess.run(["tar", "-x", "-C", str(tree)], stdin=build.stdout, check=True)
    if build.returncode != 0:
        raise DebianError(
            f"cannot build a {userland.suite} box\n"
            f"why: mmdebstrap left with status {build.returncode}, see above\n"
            f"try: {' '.join(command)}"
        )
    _install_wheels(userland, wanted, tree)
    # Its guesses at the geometry of a file are no news to anybody.
    _run(["extlinux", "--install", str(tree / "boot/extlinux")], quiet=True)


def _install_wheels(userland: Userland, wanted: list[str], tree: Path) -> None:
    """For the whole system, compiled, so that `make test` finds nothing to fetch: the guest would take minutes."""
    wheels = tree / "opt/wheels"
    _run(
        [
            *(*PIP, "download", "-qq", "--dest", str(wheels)),
            *("--python-version", userland.python, "--only-binary=:all:", "pip", *wanted),
        ]
    )
    (pip,) = wheels.glob("pip-*.whl")
    inside = ["chroot", str(tree), "/usr/bin/env", f"PYTHONPATH=/opt/wheels/{pip.name}"]
    install = ["/usr/bin/python3", "-m", "pip", "install", "-qq", "--root-user-action=ignore"]
    found = ["--break-system-packages", "--no-index", "--find-links", "/opt/wheels"]
    _run([*inside, *install, *found, *wanted])
    shutil.rmtree(wheels)


def _add_salt(tree: Path) -> None:
    """An environment of its own; compiled here, for the guest may take minutes for that."""
    wheels = tree / "opt/salt-wheels"
    _run([*PIP, "wheel", "-qq", "--wheel-dir", str(wheels), SALT])
    inside = ["chroot", str(tree)]
    _run([*inside, "/usr/bin/python3", "-m", "venv", "/opt/salt"])
    _run([*inside, "/opt/salt/bin/pip", "install", "-qq", "--find-links", "/opt/salt-wheels", SALT])
    _run([*inside, "/opt/salt/bin/python", "-m", "compileall", "-qq", "/opt/salt/lib"])
    shutil.rmtree(wheels)


def public_key() -> Path:
    """Vagrant's well-known public key, from Debian's vagrant package."""
    found = sorted(Path("/usr").glob(PUBLIC_KEY_GLOB))
    if not found:
        raise DebianError(
            "cannot find Vagrant's public key\n"
            f"why: there is no /usr/{PUBLIC_KEY_GLOB}\n"
            "try: apt-get install vagrant"
        )
    return found[-1]


def _install_boot_sector(disk: Path) -> None:
    with open(disk, "r+b") as file:
        file.write(Path("/usr/lib/EXTLINUX/mbr.bin").read_bytes())


def _pack(disk: Path, box: Path) -> None:
    """A box is a tar of the disk, its description, and defaults for the Vagrantfile."""
    folder = disk.parent
    _run(["qemu-img", "convert", "-c", "-O", "qcow2", str(disk), str(folder / "box.img")])
    described = {"provider": "libvirt", "format": "qcow2", "virtual_size": DISK_GIB}
    (folder / "metadata.json").write_text(json.dumps(described))
    with tarfile.open(box, "w") as tar:
        for name in ("metadata.json", "box.img"):
            tar.add(folder / name, name)


def _run(command: list[str], text: str | None = None, quiet: bool = False) -> None:
    output = subprocess.DEVNULL if quiet else None
    subprocess.run(command, input=text, text=True, check=True, stdout=output, stderr=output)
