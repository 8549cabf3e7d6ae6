"""Where a crash was, as systemd-coredump tells it, and what the unit had used, as systemd does."""

from __future__ import annotations

import pytest
from test_rules import verdicts
from told import WEBAPP, died, said, unit_died

from tracer.why.core import stack
from tracer.why.words import labels

TEXT = b"""Process 2231 (webapp) of user 1000 dumped core.

Module libc.so.6 from deb glibc-2.36
Stack trace of thread 2231:
#0  0x000055f0a1b2c139 parse_node (webapp + 0x1139)
#1  0x000055f0a1b2c200 n/a (webapp + 0x1200)
#2  0x000055f0a1b2c2aa main (webapp + 0x12aa)
#3  0x000055f0a1b2c0aa _start (webapp + 0x10aa)

Stack trace of thread 2232:
#0  0x000055f0a1b2c139 idle (webapp + 0x2)
"""


def dumped(text=TEXT):
    return said(0.2, "core dumped", WEBAPP, number=11, text=text)


def test_the_crashed_threads_frames():
    assert stack([dumped()]) == (
        "parse_node (webapp+0x1139)", "(webapp+0x1200)", "main (webapp+0x12aa)", "_start (webapp+0x10aa)",
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        None,
        b"",
        b"Stack trace of thread 7:",
        TEXT.replace(b"#", b"no "),
        b"\xff#0 Stack trace of thread \n#0",
    ],
)
def test_no_frames(text):
    assert stack([dumped(text)]) == ()


def test_what_is_written_there_does_nothing_to_a_terminal():
    (frame,) = stack([dumped(b"Stack trace of thread 7:\n#0  0x1 \x1b[31mmain (a + 0x1)\n")])
    assert "\x1b" not in frame


def test_three_are_told():
    (verdict,) = verdicts([died(0, "SEGV"), dumped()])
    told = dict(labels(verdict, 0))["at"].replace("\xa0", " ")
    assert told == "parse_node (webapp+0x1139) ← (webapp+0x1200) ← main (webapp+0x12aa) ← …"


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ({"cpu": "1min 2.5s", "memory_peak": "1.5G", "swap_peak": "12K"},
         "1min 2.5s of CPU time, 1.5G of memory at the peak, 12K of swap at the peak"),
        ({"cpu_ns": 2_500_000_000, "memory_peak_bytes": 3 << 29}, "2.5 s of CPU time, 1.5G of memory at the peak"),
        ({"memory_peak_bytes": 512}, "512B of memory at the peak"),
        ({}, None),
    ],
)  # fmt: skip
def test_what_its_unit_had_used(details, told):
    (verdict,) = verdicts([unit_died(0, "KILL"), said(0.1, "unit resources", details=details)])
    assert verdict.used == told
    assert dict(labels(verdict, 0)).get("used") == (told and f"{told}, by its unit")


def test_what_the_next_run_has_used_is_not_its():
    events = [
        unit_died(0, "KILL"),
        said(1, "started"),
        said(9, "unit resources", details={"cpu": "1s"}),
    ]
    assert verdicts(events)[0].used is None
