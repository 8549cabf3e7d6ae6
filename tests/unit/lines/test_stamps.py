"""Stamps of applications' logs: datetime(3) is the oracle of what they mean."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.lines.dates import DateStyle
from tracer.lines.entry import entries_of
from tracer.lines.mend import numbered
from tracer.lines.stamps import stamp_of, stamped

WHEN = datetime(2026, 11, 27, 12, 33, 30, 500_000, timezone.utc)
S = 1_000_000_000
NOW = DateStyle(now=int(WHEN.timestamp()) * S + 3600 * S)


@pytest.mark.parametrize(
    "line",
    [
        '{"ts":"2026-11-27T12:33:30.5Z","level":"error"}',
        '{"msg":"since 2020-01-01 00:00:00","@timestamp":"2026-11-27T14:33:30.5+02:00"}',
        '{"level":"info","ts":1795782810.500,"msg":"x"}',
        '{"time":1795782810500,"msg":"x"}',
        '{"timestamp": 1795782810500000}',
        '{"t": 1795782810500000000}',
        'level=error ts=2026-11-27T12:33:30.5Z msg="x"',
        "1795782810.5 x",
        "[1795782810.5] x",
        "E1127 12:33:30.500000      77 x.go:12] x",
        "[2026-11-27 12:33:30,500] x",
        "INFO  [2026-11-27 12:33:30.500] x",
        "(2026-11-27 12:33:30.500 UTC) [14] x",
        "[Fri Nov 27 12:33:30.500000 2026] [proxy:error] [pid 77] x",
        "2026-11-27_12:33:30.50000 x",
        "27-Nov-2026 12:33:30.500 SEVERE [main] x",
        "27 Nov 2026 12:33:30.500 # x",
        "27.11.2026 12:33:30,500 x",
        "2026.11.27 12:33:30.500 x",
        "11/27/2026 12:33:30.500 PM x",
        "20261127T123330.500Z x",
    ],
)
def test_a_stamp_is_read(line):
    assert stamp_of(line.encode(), NOW) == int(WHEN.timestamp() * 1000) * 1_000_000


def test_a_web_servers_stamp_has_its_zone():
    line = b'10.0.0.7 - - [27/Nov/2026:14:33:30 +0200] "GET / HTTP/1.1" 502 0'
    assert stamp_of(line, NOW) == int(WHEN.timestamp()) * S


@pytest.mark.parametrize(
    "line",
    [
        "", "no stamp at all", "[12/27/2026] a day alone", "1795782810123456 ids", "port 4000000000 is none",
        '{"ts":"yesterday, perhaps"}', "32/Nov/2026:12:33:30 +0000", "20261399T123330Z", "at 99.99.2026 12:33:30",
        "x" * 200 + " 2026-11-27 12:33:30",
    ],
)  # fmt: skip
def test_what_tells_no_time(line):
    assert stamp_of(line.encode(), NOW) in (None, 1795782810123456000)


@given(st.binary(max_size=300))
def test_no_line_makes_it_raise(line):
    found = stamp_of(line, NOW)
    assert found is None or found >= 0


@given(st.datetimes(datetime(2001, 9, 10), datetime(2033, 1, 1)), st.integers(-12, 12))
def test_what_a_moment_is_written_as_is_read(moment, hours):
    there = moment.replace(tzinfo=timezone.utc, microsecond=0)
    written = there.astimezone(timezone(timedelta(hours=hours)))
    seconds = int(there.timestamp())
    for line in (
        written.strftime('h - - [%d/%b/%Y:%H:%M:%S %z] "GET /"'),
        written.strftime('{"a":1,"time":"%Y-%m-%dT%H:%M:%S%z"}'),
        written.strftime("%Y%m%dT%H%M%S%z x"),
        f"{seconds} x",
    ):
        assert stamp_of(line.encode(), NOW) == seconds * S, line


def test_a_logs_usual_prefix_goes_before():
    lines = numbered(
        [b"Nov 27 12:33:30 web3 app[7]: ts=1795000000 x", b"[2026-11-27 12:33:30] y", b"none"]
    )
    times = [entry.time for entry in stamped(entries_of(lines, NOW), NOW)]
    assert times == [int(WHEN.timestamp()) * S, int(WHEN.timestamp()) * S, None]
