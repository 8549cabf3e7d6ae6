"""The sieve finds in big logs what reading every line finds."""

import audit_logs as logs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.sources import audit_halves, audit_plain, audit_sieve

PIDS = st.integers(801, 806)
COMMS = st.sampled_from([b"victim", b"other", b"sh"])


@pytest.fixture
def folder(tmp_path):
    return tmp_path


WHAT = st.tuples(
    st.integers(0, 11), PIDS, COMMS, st.lists(PIDS, max_size=3, unique=True), st.integers(0, 4)
)


def event(serial, what, pid, comm, victims, extra):
    """One event (or a line that is none), told by a few small values."""
    if what < 4:
        return logs.call(serial, 257, pid, comm) + logs.title(serial)
    if what < 6:
        return logs.execve(serial, pid, comm, [comm, b"--x", b"%d" % serial])
    if what < 9:
        return logs.kill(serial, *victims, pid=801 + extra, a1=(0, 9, 15, 9, 9)[extra])
    if what == 9:
        body = b'auid=1000 uid=1000 gid=1000 ses=4 pid=%d comm="%s" sig=11' % (pid, comm)
        return logs.record(b"ANOM_ABEND", serial, body)
    if what == 10:
        return logs.record(b"USER_AUTH", serial, b"pid=%d uid=0 msg='op=PAM'" % pid)
    return (b"junk\n", b"\n", b"type=SYSCALL msg=audit(1\n", b"", b"type=X\n")[extra]


def log(events, skipped):
    """A dense log with a few serials left out, then the events."""
    filler = [logs.call(n, 257, 900) for n in range(1, 80) if n not in skipped]
    return b"".join(filler) + b"".join(event(n, *what) for n, what in enumerate(events, 80))


@pytest.mark.parametrize("halves", [False, True], ids=["whole", "in two processes"])
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    events=st.lists(WHAT, min_size=1, max_size=40), skipped=st.sets(st.integers(40, 79), max_size=3)
)
def test_the_sieve_finds_what_reading_finds(halves, folder, events, skipped):
    told_alike(folder / "audit.log", log(events, skipped), halves)


def told_alike(path, text, halves):
    """The sieve, with parts and blocks of a few records, tells what reading every line tells."""
    path.write_bytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_sieve, "BLOCK", 1 << 14)
        patch.setattr(audit_sieve, "PART", 1 << 11)
        patch.setattr(audit_halves, "PARALLEL_MIN", 0 if halves else 1 << 30)
        sieved = logs.source(path, sieve_min=0)
        got = logs.lines(sieved.events())
    read = logs.source(path, sieve_min=1 << 40)
    want = logs.lines(read.events())
    assert sorted(got) == sorted(want)
    assert sieved.tallies[0].bad_lines == read.tallies[0].bad_lines
    assert sieved.tallies[0].bad == read.tallies[0].bad


def test_a_victim_named_beyond_the_part_that_is_read_whole(tmp_path):
    """Its OBJ_PID record lies in the next part, its exec in an earlier one."""
    of_801 = [(0, 801, b"victim", [], 0)]
    kills = [(6, 801, b"", [802, 803], 1), (6, 801, b"", [802, 803, 804], 1)]
    last = [(10, 801, b"", [], 0), (11, 801, b"", [], 0), (6, 801, b"", [801, 802, 803], 0)]
    events = [*of_801 * 8, (4, 801, b"victim", [], 0), *of_801 * 3, *kills, *last]
    told_alike(tmp_path / "audit.log", log(events, {40}), halves=False)


def big(path, kills_at=(5, 2500)):
    text = b"".join(
        logs.kill(n, 801) if n in kills_at else logs.call(n, 257, 900) + logs.title(n)
        for n in range(1, 3000)
    )
    path.write_bytes(text)
    return path


@pytest.mark.parametrize("block", [audit_sieve.BLOCK, 997])
def test_counts_and_span(block, tmp_path, monkeypatch):
    monkeypatch.setattr(audit_sieve, "BLOCK", block)
    path = big(tmp_path / "audit.log")
    sieved, read = logs.source(path, sieve_min=0), logs.source(path, sieve_min=1 << 40)
    assert len(list(sieved.events())) == len(list(read.events())) == 2
    a, b = sieved.tallies[0], read.tallies[0]
    assert (a.records, a.first, a.last) == (b.records, b.first, b.last)


def test_a_child_that_is_killed_is_told(tmp_path, monkeypatch):
    path = big(tmp_path / "audit.log")
    monkeypatch.setattr(audit_halves, "PARALLEL_MIN", 0)
    monkeypatch.setattr(audit_halves, "_send", lambda sieve, pipe: None)
    found = logs.events(path, sieve_min=0)
    assert "was killed" in found[-1].where
    assert len(logs.signals(found)) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"type=SYSCALL msg=audit(12/25/2017 19:52:55.088:351) : arch=x86_64\n",
        b"\x1f\x8b\0\0",
        b"{}\n",
    ],
)
def test_only_plain_logs_are_sieved(tmp_path, text):
    path = tmp_path / "audit.log"
    path.write_bytes(text)
    assert not audit_plain.can_be_sieved(str(path), 0)
