"""`make vm-test`: the Vagrant VM from nothing to nothing, with the test suite run inside.

Two halves: run_cycle() builds the box and enters namespaces with a libvirtd of its own, and
run_inside() is the command that runs there and talks to Vagrant.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .box import box_file, box_name
from .kernels import KERNELS, USERLANDS
from .places import CHECKOUT, HERE, cache
from .qemu import TAIL_LINES, find_accelerator
from .report import read_suite, render_reasons, render_table
from .stages import say, stage
from .tree import BUILT

KEPT = CHECKOUT / "build" / "vm" / "vagrant"
REPORT = "/var/tmp/sigtrace-report.xml"
ADDOPTS = f"SIGTRACE_LIVE=1 SIGTRACE_THROWAWAY=1 PYTEST_ADDOPTS=--junit-xml={REPORT}"
WHOLE = f"cd /vagrant && sudo env {ADDOPTS} make test"
# The host's BPF objects and the box's tools: to make them under emulation takes minutes.
TAKEN = " ".join(f"-o {name}" for name in BUILT)
SOME = f"cd /vagrant && make -s setup {TAKEN} && sudo env {ADDOPTS} .venv/bin/python -m pytest {{tests}}"
QUICK_TESTS = "tests/vm/scenarios/test_stop_timeout.py tests/vm/scenarios/test_recorder_service.py"
QUICK_LIMIT = 1500
# Seconds. Two busy CPUs under emulation need about a quarter of each.
LIMITS = {"box add": 120, "up": 900, "test": 3600, "report": 120, "destroy": 120}


class StageFailed(Exception):
    """A stage of the cycle that failed, or took too long."""


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
        try:
            with stage(f"vagrant {name}"), open(log, "wb") as output:
                self._run(name, words, output.fileno())
        except StageFailed:
            say(f"its last lines:\n{tail(log)}")
            raise

    def test(self, command: str, limit: int) -> None:
        """The tests, seen as they run."""
        with stage("vagrant test"):
            self._run("test", ("ssh", "-c", command), None, limit)

    def _run(
        self, name: str, words: tuple[str, ...], output: int | None, limit: int | None = None
    ) -> None:
        limit = limit or LIMITS[name]
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
    stages = (
        lambda: vagrant.stage("box add", "box", "add", "--name", f"sigtrace/{box}", box_url(box)),
        lambda: vagrant.stage("up", "up"),
        lambda: vagrant.test(*test_command(tests)),
    )
    failure = first_failure(stages)
    keep_console(folder / "console", shown=bool(failure))
    report = first_failure([lambda: vagrant.stage("report", "ssh", "-c", f"cat {REPORT}")])
    destroy = first_failure([lambda: vagrant.stage("destroy", "destroy", "-f")])
    show_report(suite)
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


def test_command(tests: str) -> tuple[str, int]:
    """What runs in the VM, and its time limit in seconds."""
    command = SOME.format(tests=tests) if tests else WHOLE
    return command, QUICK_LIMIT if tests == QUICK_TESTS else LIMITS["test"]


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


def show_report(suite: str) -> None:
    """The one line of the table, and why tests were skipped."""
    log = KEPT / "report.log"
    xml = log.read_bytes() if log.exists() else b""
    if not xml.startswith(b"<?xml"):
        say("no report came back from the VM")
        return
    log.rename(KEPT / "report.xml")
    version = next(kernel.version for kernel in KERNELS if kernel.suite == suite)
    result = read_suite(xml, version, f"{suite} (Vagrant)", "all")
    print(f"\n{render_reasons([result])}\n\n{render_table([result])}")
