"""Guests for sigtrace's tests: `python3 -m tests.vm kernels|box|cycle`, run by the Makefile."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from . import host
from .debian import DebianError
from .kernels import KERNELS, USERLANDS
from .stages import say, stage
from .tree import TreeError


def kernels(arguments: argparse.Namespace) -> int:
    host.install(host.MATRIX)
    # Imported late: python3-tabulate may have been installed only now.
    from .matrix import choose, run_matrix

    return run_matrix(choose(arguments.kernel, arguments.quick))


def box(arguments: argparse.Namespace) -> int:
    host.install(host.BOX)
    from .box import box_file

    with stage(f"box of {arguments.suite}"):
        path = box_file(USERLANDS[arguments.suite])
    say(f"{path} is there; try: SIGTRACE_BOX=sigtrace/{arguments.suite} vagrant up")
    return 0


def cycle(arguments: argparse.Namespace) -> int:
    host.install(host.CYCLE)
    from .cycle import QUICK_TESTS, run_cycle

    return run_cycle(arguments.suite, QUICK_TESTS if arguments.quick else arguments.tests)


def inside(arguments: argparse.Namespace) -> int:
    from .cycle import run_inside

    return run_inside(arguments.suite, arguments.folder, arguments.tests)


def quick(arguments: argparse.Namespace) -> int:
    """Another kernel, then the VM. A machine that cannot have the tools is told of, and is no failure."""
    failed, absent = [], []
    for name, packages, run in (
        ("another kernel", host.MATRIX, _quick_kernel),
        ("the VM", host.CYCLE, _quick_vm),
    ):
        try:
            host.install(packages)
        except (host.HostError, subprocess.CalledProcessError) as error:
            absent.append(f"{name} could not run: its packages cannot be installed: {error}")
            continue
        with stage(name):
            failed += [name] if run() else []
    for line in (*absent, *(f"{name}: FAILED" for name in failed)):
        say(line)
    return 1 if failed else 0


def _quick_kernel() -> int:
    from .matrix import QUICK_SELECT, choose, run_matrix

    return run_matrix(choose(None, quick=True), QUICK_SELECT)


def _quick_vm() -> int:
    from .cycle import QUICK_TESTS, run_cycle

    return run_cycle("bookworm", QUICK_TESTS)


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests.vm", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("kernels", help="the live tests on every kernel of the list")
    command.add_argument("--kernel", choices=[kernel.version for kernel in KERNELS])
    command.add_argument("--quick", action="store_true", help="one kernel, for CI")
    command.set_defaults(run=kernels)
    command = commands.add_parser("box", help="build a Vagrant box of a suite")
    command.add_argument("suite", choices=USERLANDS)
    command.set_defaults(run=box)
    command = commands.add_parser("cycle", help="the test suite in the Vagrant VM")
    command.add_argument("suite", choices=USERLANDS)
    command.add_argument("--quick", action="store_true", help="two scenarios, for CI")
    command.add_argument("--tests", default="", help="these alone, without lint and types")
    command.set_defaults(run=cycle)
    command = commands.add_parser("quick", help="another kernel and the VM, for CI")
    command.set_defaults(run=quick)
    command = commands.add_parser("inside", help="what cycle runs beside its own libvirtd")
    command.add_argument("suite", choices=USERLANDS)
    command.add_argument("folder", type=Path)
    command.add_argument("--tests", default="")
    command.set_defaults(run=inside)
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    arguments = parse(words)
    try:
        return int(arguments.run(arguments))
    except (host.HostError, DebianError, TreeError) as error:
        say(f"error: {error}")
    except subprocess.CalledProcessError as error:
        say(f"error: {error.cmd[0]} left with status {error.returncode}\ntry: {error.cmd}")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
