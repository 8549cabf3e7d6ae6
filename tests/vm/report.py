"""From the guests' JUnit reports to one table: kernel × suite, and why tests were skipped."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tabulate import tabulate

NEEDS_KERNEL = re.compile(r"needs Linux (\d+)\.(\d+)")


@dataclass(frozen=True)
class Suite:
    """One suite on one guest; `lost` says how the guest ended, if not well."""

    kernel: str
    userland: str
    name: str
    passed: int = 0
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    seconds: float = 0.0
    lost: str = ""

    @property
    def unexcused(self) -> list[str]:
        """Reasons of skips that this kernel, being new enough, has no excuse for."""
        return [reason for reason in self.skipped if not is_excused(reason, self.kernel)]

    @property
    def good(self) -> bool:
        """Something ran, nothing failed, and nothing that should have run was skipped."""
        return self.passed > 0 and not (self.failed or self.lost or self.unexcused)


def is_excused(reason: str, kernel: str) -> bool:
    """Whether a skip may stand: "needs Linux 5.14" does on 5.10, and fails on 6.1.

    Other reasons are judged in the guest itself: SIGTRACE_LIVE=1 fails the needless ones there.
    """
    needed = NEEDS_KERNEL.search(reason)
    return needed is None or numbers(kernel) < (int(needed[1]), int(needed[2]))


def numbers(release: str) -> tuple[int, ...]:
    """(6, 12) for "6.12" and for "6.12.117+deb13-cloud-amd64"."""
    return tuple(int(part) for part in re.findall(r"\d+", release)[:2])


def read_suite(xml: bytes, kernel: str, userland: str, name: str) -> Suite:
    """A suite from pytest's JUnit report."""
    cases = ET.fromstring(xml).findall(".//testcase")
    failed = [_name(case) for case in cases if _has(case, "failure") or _has(case, "error")]
    skips = [skip for case in cases for skip in case.findall("skipped")]
    return Suite(
        kernel,
        userland,
        name,
        passed=sum(not len(_verdicts(case)) for case in cases),
        failed=tuple(failed),
        skipped=tuple(skip.get("message", "no reason given") for skip in skips),
        seconds=sum(float(case.get("time", "0")) for case in cases),
    )


def _verdicts(case: ET.Element) -> list[ET.Element]:
    return [child for child in case if child.tag in ("failure", "error", "skipped")]


def _has(case: ET.Element, tag: str) -> bool:
    return case.find(tag) is not None


def _name(case: ET.Element) -> str:
    return f"{case.get('classname', '')}::{case.get('name', '')}"


def render_table(suites: Iterable[Suite]) -> str:
    """The table that `make test-kernels` ends with."""
    rows = [
        (
            suite.kernel,
            suite.userland,
            suite.name,
            suite.passed,
            len(suite.failed),
            len(suite.skipped),
            f"{suite.seconds:.0f}",
            suite.lost or ("ok" if suite.good else "FAILED"),
        )
        for suite in suites
    ]
    headers = ("kernel", "userland", "suite", "passed", "failed", "skipped", "seconds", "")
    return tabulate(rows, headers=headers, disable_numparse=[0, 6], colalign=_ALIGN)


_ALIGN = ("left", "left", "left", "right", "right", "right", "right", "left")


def render_reasons(suites: Iterable[Suite]) -> str:
    """Every failed test, every skip without an excuse, and the excused skips counted by reason."""
    lines = []
    for suite in suites:
        where = f"{suite.kernel} {suite.userland} {suite.name}"
        lines += [f"{where}: failed: {name}" for name in suite.failed]
        lines += [f"{where}: no excuse on this kernel: {reason}" for reason in suite.unexcused]
        if suite.passed == 0 and not suite.lost:
            lines.append(f"{where}: no test passed")
        for reason, count in sorted(Counter(suite.skipped).items()):
            lines.append(f"{where}: skipped {count}: {reason}")
    return "\n".join(lines)
