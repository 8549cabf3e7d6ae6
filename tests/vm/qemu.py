"""Boot a kernel on a root disk under QEMU, run the job it is handed, and say how it ended."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .places import HERE

TAIL_LINES = 30
POLL_SECONDS = 0.2


class GuestLost(Exception):
    """A guest that ended without a status: no test result, and never a pass."""

    def __init__(self, how: str, console: str) -> None:
        super().__init__(how)
        self.how = how
        self.console = console

    @property
    def tail(self) -> str:
        return "\n".join(self.console.splitlines()[-TAIL_LINES:])


@dataclass(frozen=True)
class Accelerator:
    """What runs the guest's instructions; `note` says why it is not KVM, empty if it is.

    `append` goes to the kernel's command line; a guest has `cpus`.
    """

    options: tuple[str, ...]
    note: str
    append: str = ""
    cpus: int = 2


# QEMU 7.2 spoils the flags after an emulated cmpxchg16b, and Linux 6.12's SLUB, which uses it
# when CPUID has it, dies in early boot about every seventh time. (Debian's QEMU 7.2, 6.12.107.)
TCG = ("-accel", "tcg,thread=multi", "-cpu", "qemu64,-cx16")
KVM = ("-accel", "kvm", "-cpu", "host")
# QEMU translates a library's code once for each address that it is mapped at: the same one in all
# processes makes a start of bcc, whose LLVM is the largest of all, a third faster (measured: 8.0 to 5.3 s).
SAME_ADDRESSES = " norandmaps mitigations=off"
# QEMU 7.2 and 8.0 may run a breakpoint that another CPU has patched away, and Linux, which patches its code
# whenever a program is attached, dies of it within minutes: https://bugzilla.redhat.com/show_bug.cgi?id=2216496
# (seen with 7.2.13). With one CPU there is no other.
TCG_CPUS = 1


@dataclass(frozen=True)
class Guest:
    """A machine to boot. Sizes in MiB, limits in seconds."""

    kernel: Path
    root: Path
    tree: Path
    results: Path
    memory: int = 1536
    limit: float = 1200
    quiet_limit: float = 240

    def command(self, accelerator: Accelerator, folder: Path) -> list[str]:
        """QEMU's command line. Serial ports go to `folder`: console and status."""
        # audit=1: a process older than auditing has no audit context, and its kills no record.
        append = (
            "console=ttyS0 quiet panic=-1 oops=panic audit=1 "
            "root=PARTLABEL=root rootwait rw init=/usr/sbin/guest-init"
            f"{accelerator.append}"
        )
        # setpriv: whoever kills the harness leaves no guest behind.
        return [
            *("setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", *accelerator.options),
            *("-smp", str(accelerator.cpus), "-m", str(self.memory)),
            *("-nodefaults", "-display", "none", "-no-reboot"),
            *("-serial", f"file:{folder / 'console'}", "-serial", f"file:{folder / 'status'}"),
            *_disk("root", self.root, "snapshot=on"),
            *_disk("tree", self.tree, "readonly=on"),
            *_disk("results", self.results),
            *("-kernel", str(self.kernel), "-append", append),
        ]


@dataclass(frozen=True)
class Ended:
    """A guest that ran its job to the end."""

    status: int
    console: str
    seconds: float


def _disk(name: str, path: Path, option: str = "readonly=off") -> list[str]:
    drive = f"file={path},format=raw,if=none,id={name},{option}"
    return ["-drive", drive, "-device", f"nvme,drive={name},serial={name}"]


def find_accelerator() -> Accelerator:
    """KVM where it serves, which is tried and not looked up, else emulation."""
    asked = subprocess.run([str(HERE / "kvm-probe")], capture_output=True, text=True, check=True)
    answer = asked.stdout.strip()
    if answer == "yes":
        return Accelerator(KVM, "")
    return Accelerator(TCG, answer.partition(": ")[2], SAME_ADDRESSES, TCG_CPUS)


def run(guest: Guest, accelerator: Accelerator) -> Ended:
    """Boot, wait for the job's end, power off. Raises GuestLost for a hang, a panic, a crash."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sigtrace-vm.") as name:
        folder = Path(name)
        with _machine(guest.command(accelerator, folder)) as machine:
            how = _wait(machine, guest, folder / "console")
        console = _text(folder / "console")
        status = _text(folder / "status").strip()
    seconds = time.monotonic() - started
    if how or not status.startswith("status "):
        raise GuestLost(how or _cause(console), console)
    return Ended(int(status.split()[1]), console, seconds)


@contextmanager
def _machine(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as machine:
        try:
            yield machine
        finally:
            machine.kill()


def _wait(machine: subprocess.Popen[bytes], guest: Guest, console: Path) -> str:
    """How the machine hung; empty when it left by itself."""
    started = spoke = time.monotonic()
    size = 0
    while machine.poll() is None:
        time.sleep(POLL_SECONDS)
        now = time.monotonic()
        grown = console.stat().st_size if console.exists() else 0
        if grown != size:
            size, spoke = grown, now
        if now - spoke > guest.quiet_limit:
            return f"hung: no word on the console for {guest.quiet_limit:.0f} s"
        if now - started > guest.limit:
            return f"hung: not done after {guest.limit:.0f} s"
    return ""


def _cause(console: str) -> str:
    panic = next((line for line in console.splitlines() if "Kernel panic" in line), "")
    return f"panicked: {panic}" if panic else "lost: QEMU left before the guest gave a status"


def _text(path: Path) -> str:
    """A serial port's text: bytes from a guest may be anything."""
    data = path.read_bytes() if path.exists() else b""
    return data.decode("utf-8", "backslashreplace").replace("\r", "")
