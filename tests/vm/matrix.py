"""`make test-kernels`: the live tests on every kernel of the list, and one table."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from . import qemu, tree
from .debian import kernel_image
from .kernels import KERNELS, QUICK, USERLANDS, Boot, Kernel, Userland
from .places import CHECKOUT
from .report import Suite, numbers, read_suite, render_reasons, render_table
from .rootfs import root_image
from .stages import say, stage

# Seconds, for emulation on two busy CPUs. A guest has the sum of its suites'.
LIMITS = {"auto": 120, "core": 1800, "bcc": 1800, "audit": 900, "rest": 1800, "locked": 300}
QUICK_LIMIT = 240
# Sending, fates and filters: what a kernel changes is seen here first.
QUICK_SELECT = "each_way_to_send or what_the_target_does or either_end"
KEPT = CHECKOUT / "build" / "vm"


def choose(version: str | None, quick: bool) -> list[Kernel]:
    """The kernels asked for: one by its version, the quick one, or all."""
    if quick and not version:
        return [QUICK]
    return [kernel for kernel in KERNELS if version in (None, kernel.version)]


def run_matrix(kernels: Sequence[Kernel], select: str = "") -> int:
    """Boot each kernel, print the table; `select` narrows the live tests, and the time limit.

    Returns 0 when every suite is good.
    """
    accelerator = qemu.find_accelerator()
    if accelerator.note:
        say(f"KVM does not serve here ({accelerator.note}): emulating, several times slower")
    boots = [(kernel, boot) for kernel in kernels for boot in kernel.boots]
    at_once = max(1, (os.cpu_count() or 1) // accelerator.cpus)
    with ThreadPoolExecutor(at_once) as pool:
        each = pool.map(lambda pair: run_boot(*pair, accelerator, select), boots)
        suites = [suite for suites in each for suite in suites]
    reasons = render_reasons(suites)
    print(f"\n{reasons}\n\n{render_table(suites)}" if reasons else f"\n{render_table(suites)}")
    return 0 if all(suite.good for suite in suites) else 1


def run_boot(kernel: Kernel, boot: Boot, accelerator: qemu.Accelerator, select: str) -> list[Suite]:
    """One guest from its parts to its suites; what was fetched and built is cached."""
    where = f"{kernel.version} with {boot.userland}'s userland, {', '.join(boot.suites)}"
    with stage(f"{where}: kernel and root"):
        image, root = kernel_image(kernel), root_image(USERLANDS[boot.userland])
    with tempfile.TemporaryDirectory(prefix="sigtrace-vm.") as folder:
        guest = qemu.Guest(
            kernel=image,
            root=root,
            tree=Path(folder, "tree.tar"),
            results=Path(folder, "results"),
            limit=sum(QUICK_LIMIT if select else LIMITS[name] for name in boot.suites),
        )
        job = f"SELECT='{select}' exec sh tests/vm/guest/run-suites {' '.join(boot.suites)}\n"
        tree.pack_tree(guest.tree, job)
        tree.make_results_disk(guest.results)
        with stage(where):
            console, lost = run_guest(guest, accelerator)
        results = tree.read_results(guest.results)
    keep(KEPT / f"{kernel.version}-{boot.userland}-{boot.suites[0]}", results, console)
    lost = lost or wrong_facts(kernel, USERLANDS[boot.userland], results)
    return [to_suite(kernel, boot.userland, name, results, lost) for name in boot.suites]


def run_guest(guest: qemu.Guest, accelerator: qemu.Accelerator) -> tuple[str, str]:
    """The console, and how the guest was lost (empty if it was not), with its last lines shown."""
    try:
        ended = qemu.run(guest, accelerator)
    except qemu.GuestLost as lost:
        say(f"guest {lost.how}; the console's last lines:\n{lost.tail}")
        return lost.console, lost.how
    return ended.console, "" if ended.status == 0 else f"job left with status {ended.status}"


def wrong_facts(kernel: Kernel, userland: Userland, results: dict[str, bytes]) -> str:
    """What the guest is and the list in kernels.py says otherwise; empty when they agree."""
    if "facts.json" not in results:
        return "no facts from the guest"
    facts = json.loads(results["facts.json"])
    promised = {
        "kernel": kernel.version,
        "python": userland.python,
        "libbpf": userland.libbpf if userland.has_core else None,
        "bcc": userland.bcc,
    }
    wrong = [
        f"{name} is {facts[name]}, not {value}"
        for name, value in promised.items()
        if (value is None) != (facts[name] is None)
        or (value is not None and numbers(facts[name]) != numbers(value))
    ]
    return f"kernels.py is wrong: {', '.join(wrong)}" if wrong else ""


def to_suite(
    kernel: Kernel, userland: str, name: str, results: dict[str, bytes], lost: str
) -> Suite:
    """A suite from what the guest left; without a report it counts as lost."""
    xml = results.get(f"{name}.xml")
    if xml is None:
        return Suite(kernel.version, userland, name, lost=lost or "no report from pytest")
    suite = read_suite(xml, kernel.version, userland, name)
    status = results.get(f"{name}.status", b"").strip()
    if lost or status not in (b"0", b"1"):
        return replace(suite, lost=lost or f"pytest left with status {status.decode()}")
    return suite


def keep(folder: Path, results: dict[str, bytes], console: str) -> None:
    """Leave reports and console in build/vm/, for whoever has to find out why."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "console").write_text(console)
    for name, data in results.items():
        (folder / Path(name).name).write_bytes(data)
