"""`make vm-test`: the Vagrant VM from nothing to nothing, with the test suite run inside.

Two halves: run_cycle() builds the box and enters namespaces with a libvirtd of its own, and
run_inside() is the command that runs there and talks to Vagrant. What needs a boot in between comes
last, in two runs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .box import box_file, box_name
from .kernels import KERNELS, USERLANDS
from .places import CHECKOUT, HERE, cache
from .qemu import TAIL_LINES, find_accelerator
from .report import read_suite, render_reasons, render_table
from .stages import say, stage
from .tree import BUILT

KEPT = CHECKOUT / "build" / "vm" / "vagrant"
SETTINGS = "SIGTRACE_LIVE=1 SIGTRACE_THROWAWAY=1"
PYTEST = ".venv/bin/python -m pytest"
# The host's BPF objects and the box's tools: to make them under emulation takes minutes.
TAKEN = " ".join(f"-o {name}" for name in BUILT)
REBOOT = "tests/vm/scenarios/test_reboot.py"
BOOT_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
QUICK_TESTS = "tests/vm/scenarios/test_stop_timeout.py tests/vm/scenarios/test_recorder_service.py"
QUICK_LIMIT = 1500
# Seconds. Two busy CPUs under emulation need about a quarter of each.
LIMITS = {"box add": 120, "up": 900, "test": 3600, "boot": 600, "report": 120, "destroy": 120}
ASK_LIMIT = 60  # for a guest that goes down answers nobody


class StageFailed(Exception):
    """A stage of the cycle that failed, or took too long."""


@dataclass(frozen=True)
class Run:
    """One run of pytest in the VM, behind what has to be there."""

    name: str
    command: str
    limit: int
    first: str = "cd /vagrant"

    @property
    def report(self) -> str:
        """Where in the VM its report is."""
        return f"/var/tmp/sigtrace-{self.name}.xml"

    def words(self) -> str:
        options = f"{SETTINGS} PYTEST_ADDOPTS=--junit-xml={self.report}"
        return f"{self.first} && sudo env {options} {self.command}"


@dataclass(frozen=True)
class Vagrant:
    """Vagrant with all of its state, and the VM's console, in `folder`; `box` as box_name() has it; `built`:
    whether the host's BPF objects go along."""

    box: str
    folder: Path
    built: bool

    def stage(self, name: str, *words: str) -> None:
        """One vagrant command as a stage; the output goes to build/vm/vagrant/."""
        log = KEPT / f"{name.replace(' ', '-')}.log"
        limit = next(limit for begin, limit in LIMITS.items() if name.startswith(begin))
        try:
            with stage(f"vagrant {name}"), open(log, "wb") as output:
                self._run(name, words, output.fileno(), limit)
        except StageFailed:
            say(f"its last lines:\n{tail(log)}")
            raise

    def test(self, run: Run) -> None:
        """The tests, seen as they run."""
        with stage(f"vagrant {run.name}"):
            self._run(run.name, ("ssh", "-c", run.words()), None, run.limit)

    def boot(self) -> None:
        """The guest goes down and comes up by itself."""
        with stage("boot again"):
            before = self._boot_id()
            self._asked("sudo systemctl reboot")
            deadline = time.monotonic() + LIMITS["boot"]
            while self._boot_id() in ("", before):
                if time.monotonic() > deadline:
                    raise StageFailed(f"boot: not up again after {LIMITS['boot']} s")
                time.sleep(1)

    def _boot_id(self) -> str:
        found = BOOT_ID.search(self._asked("cat /proc/sys/kernel/random/boot_id"))
        return found[0] if found else ""

    def _asked(self, command: str) -> str:
        """What the guest answers; empty if it does not."""
        try:
            done = subprocess.run(
                ["vagrant", "ssh", "-c", command],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                timeout=ASK_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout

    def _run(self, name: str, words: tuple[str, ...], output: int | None, limit: int) -> None:
        try:
            done = subprocess.run(
                ["vagrant", *words],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise StageFailed(f"vagrant {name}: no end after {limit} s") from None
        if done.returncode != 0:
            raise StageFailed(f"vagrant {name}: status {done.returncode}")

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **({"SIGTRACE_BUILT": "1"} if self.built else {}),
            "VAGRANT_HOME": str(self.folder / "home"),
            "VAGRANT_DOTFILE_PATH": str(self.folder / "state"),
            "VAGRANT_CWD": str(CHECKOUT),
            "VAGRANT_DEFAULT_PROVIDER": "libvirt",
            "VAGRANT_CHECKPOINT_DISABLE": "1",
            "SIGTRACE_BOX": f"sigtrace/{self.box}",
            "SIGTRACE_OFFLINE": "1",
            "SIGTRACE_CONSOLE": str(self.folder / "console"),
        }


def run_cycle(suite: str, tests: str) -> int:
    """Build what is missing, then run_inside() beside a libvirtd of its own."""
    with stage(f"box of {suite}"):
        box_file(USERLANDS[suite], with_salt=tests != QUICK_TESTS)
    accelerator = find_accelerator()
    kvm = f"no: {accelerator.note}" if accelerator.note else "yes"
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix="cycle.") as folder:
        inside = [sys.executable, "-m", "tests.vm", "inside", suite, folder]
        done = subprocess.run(
            [str(HERE / "own-libvirt"), folder, *inside, "--tests", tests],
            cwd=CHECKOUT,
            env={**os.environ, "SIGTRACE_KVM": kvm},
            check=False,
        )
    return done.returncode


def run_inside(suite: str, folder: Path, tests: str) -> int:
    """Up, test, report, destroy. Returns 0 when every stage was good."""
    box = box_name(USERLANDS[suite], with_salt=tests != QUICK_TESTS)
    vagrant = Vagrant(box, folder, built=bool(tests))
    begun: list[Run] = []

    def test(run: Run) -> None:
        begun.append(run)
        vagrant.test(run)

    after = after_boot(tests)
    stages = (
        lambda: vagrant.stage("box add", "box", "add", "--name", f"sigtrace/{box}", box_url(box)),
        lambda: vagrant.stage("up", "up"),
        *[partial(test, run) for run in runs_of(tests)],
        *([vagrant.boot] if after else []),
        *[partial(test, run) for run in after],
    )
    failure = first_failure(stages)
    keep_console(folder / "console", shown=bool(failure))
    report = first_failure(
        [
            partial(vagrant.stage, f"report {run.name}", "ssh", "-c", f"cat {run.report}")
            for run in begun
        ]
    )
    destroy = first_failure([lambda: vagrant.stage("destroy", "destroy", "-f")])
    show_reports(suite, begun)
    failure = failure or report or destroy
    if failure:
        say(f"FAILED: {failure}; logs are in {KEPT}")
    return 1 if failure else 0


def first_failure(stages: Iterable[Callable[[], None]]) -> str:
    """Run stages in turn up to the first that fails; empty when none does."""
    try:
        for run in stages:
            run()
    except StageFailed as failed:
        return str(failed)
    return ""


def runs_of(tests: str) -> list[Run]:
    """What runs in the VM that has come up."""
    limit = QUICK_LIMIT if tests == QUICK_TESTS else LIMITS["test"]
    whole = Run("test", "make test", limit)
    some = Run("test", f"{PYTEST} {tests}", limit, f"{Run.first} && make -s setup {TAKEN}")
    return [some if tests else whole, *([_of_boot("before")] if asks_for_boot(tests) else [])]


def after_boot(tests: str) -> list[Run]:
    """What runs in it when it has come up again."""
    return [_of_boot("after")] if asks_for_boot(tests) else []


def asks_for_boot(tests: str) -> bool:
    """Whether what needs a boot in between is among these; all are where none are named."""
    named = [word.partition("::")[0].rstrip("/") for word in tests.split()]
    return not named or any(Path(REBOOT).is_relative_to(name) for name in named)


def _of_boot(part: str) -> Run:
    return Run(part, f"SIGTRACE_REBOOT={part} {PYTEST} {REBOOT}", QUICK_LIMIT)


def box_url(box: str) -> str:
    return f"file://{cache() / 'boxes' / box}.box"


def keep_console(console: Path, shown: bool) -> None:
    """Keep the console in build/vm/vagrant/; after a failure show its last lines."""
    if console.exists():
        shutil.copyfile(console, KEPT / "console")
    if shown:
        say(f"the console's last lines:\n{tail(console)}")


def tail(path: Path) -> str:
    """The last lines of a log or a console, whose bytes may be anything."""
    data = path.read_bytes() if path.exists() else b"(nothing)"
    lines = data.decode("utf-8", "backslashreplace").replace("\r", "\n").splitlines()
    return "\n".join([line for line in lines if line][-TAIL_LINES:])


def show_reports(suite: str, runs: list[Run]) -> None:
    """A line of the table each, and why tests were skipped."""
    version = next(kernel.version for kernel in KERNELS if kernel.suite == suite)
    results = []
    for run in runs:
        log = KEPT / f"report-{run.name}.log"
        xml = log.read_bytes() if log.exists() else b""
        if xml.startswith(b"<?xml"):
            log.rename(log.with_suffix(".xml"))
            results.append(read_suite(xml, version, f"{suite} (Vagrant)", run.name))
        else:
            say(f"no report of {run.name} came back from the VM")
    if results:
        print(f"\n{render_reasons(results)}\n\n{render_table(results)}")
