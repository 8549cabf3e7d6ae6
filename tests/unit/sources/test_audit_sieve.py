"""The sieve finds in big logs what reading every line finds."""

import os
import signal

import audit_logs as logs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tracer.flow.source import every
from tracer.model.frozen import replace
from tracer.sources import pieces as audit_pieces
from tracer.sources.logs import plain as audit_plain
from tracer.sources.logs import sieve as audit_sieve
from tracer.sources.logs import sights as audit_sights
from tracer.sources.logs.finds import Shown

# To shrink a log that is told wrongly takes minutes.
QUICK = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
}
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


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "in two processes"])
@settings(max_examples=20, **QUICK)
@given(
    events=st.lists(WHAT, min_size=1, max_size=40), skipped=st.sets(st.integers(40, 79), max_size=3)
)
def test_the_sieve_finds_what_reading_finds(shared, folder, events, skipped):
    told_alike(folder / "audit.log", log(events, skipped), shared)


KILLS = st.lists(
    st.tuples(
        st.sampled_from([6, 6, 6, 6, 6, 6, 6, 7, 0, 4, 9, 10, 11]),
        PIDS,
        COMMS,
        st.sampled_from([[802], [802], [802], [802], [803], [801], [802, 803], []]),
        st.integers(0, 4),
    ),
    min_size=30,
    max_size=80,
)


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "in two processes"])
@settings(max_examples=20, **QUICK)
@given(events=KILLS, times=st.integers(1, 3))
def test_kills_alone_are_told_as_by_reading(shared, folder, events, times):
    """Again and again the same few kills, some other events between them, and the same log twice."""
    text = b"".join(event(n, *what) for n, what in enumerate(events * times, 80))
    told_alike(folder / "audit.log", text, shared)
    told_alike(folder / "audit.log", text[: len(text) - 20], shared)
    half = text[: text.index(b"\n", len(text) // 2) + 1]
    told_alike(folder / "audit.log", text + half, shared)


def told_alike(path, text, shared):
    """The sieve, with parts and blocks of a few records, tells what reading every line tells."""
    path.write_bytes(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_sieve, "BLOCK", 1 << 14)
        patch.setattr(audit_sieve, "DENSE", 2)
        patch.setattr(audit_sights, "PART", 1 << 11)
        patch.setattr(audit_pieces, "PIECE", 1 << 14)
        patch.setattr(audit_pieces, "PARALLEL_MIN", 0 if shared else 1 << 30)
        sieved = logs.source(path, sieve_min=0)
        got = logs.lines(every(sieved))
    read = logs.source(path, sieve_min=1 << 40)
    want = logs.lines(every(read))
    assert got == want
    assert sieved.tallies[0].bad_lines == read.tallies[0].bad_lines
    assert sieved.tallies[0].bad == read.tallies[0].bad


def test_a_serial_is_missing_before_a_record_that_is_cut(tmp_path):
    crash = (9, 801, b"victim", [], 0)
    told_alike(tmp_path / "audit.log", log([crash], {79})[:-20], shared=False)


def test_a_part_with_one_event_behind_a_gap(tmp_path):
    """Its time is not that of the event before it."""
    kills = [(6, 801, b"", [802, 803, 804], 1)] * 3
    told_alike(tmp_path / "audit.log", log(kills, {77, 79}), shared=False)


def test_pids_of_more_digits_than_python_reads(tmp_path):
    """int() refuses more than 4,300."""
    kill = logs.kill(80, 802, pid=801)
    huge = kill.replace(b"pid=801 ", b"pid=%s " % (b"8" * 5000))
    far = logs.kill(81, 802, pid=801).replace(b"opid=802", b"opid=" + b"8" * 5000)
    told_alike(tmp_path / "audit.log", log([], {40}) + huge + far, shared=False)


def test_serials_of_more_digits_than_python_reads(tmp_path):
    lines = [
        logs.record(b"USER_AUTH", serial, b"pid=1 uid=0 msg='op=PAM'") for serial in range(100, 500)
    ]
    lines[200] = lines[200].replace(b":300)", b":" + b"9" * 4400 + b")")
    told_alike(tmp_path / "audit.log", b"".join(lines), False)


def test_a_victim_named_beyond_the_part_that_is_read_whole(tmp_path):
    """Its OBJ_PID record lies in the next part, its exec in an earlier one."""
    of_801 = [(0, 801, b"victim", [], 0)]
    kills = [(6, 801, b"", [802, 803], 1), (6, 801, b"", [802, 803, 804], 1)]
    last = [(10, 801, b"", [], 0), (11, 801, b"", [], 0), (6, 801, b"", [801, 802, 803], 0)]
    events = [*of_801 * 8, (4, 801, b"victim", [], 0), *of_801 * 3, *kills, *last]
    told_alike(tmp_path / "audit.log", log(events, {40}), shared=False)


def test_what_a_process_did_later_is_not_what_was_known(tmp_path):
    """The last part of a piece is shorter than others: what follows it is of the piece that asks."""
    path = tmp_path / "audit.log"
    early, late = logs.call(1, 257, 801), logs.call(2, 258, 801)
    path.write_bytes(early + late)
    with path.open("rb") as stream:
        sights = audit_sights.Sights(stream.fileno())
        sights.add(Shown(-1, b"801", b""))
        (sight,) = sights.of(b"801", len(early) - 1)
    assert b"".join(line + b"\n" for line in sight.lines) == early


def test_of_too_many_processes_those_shown_last_are_remembered(tmp_path, monkeypatch):
    """By when they were shown last, not first; the parts of their execs are no more than those."""
    monkeypatch.setattr(audit_sights, "PIDS_MAX", 10)
    path = tmp_path / "audit.log"
    texts = [
        logs.execve(n, pid, b"sh", [b"sh", b"%d" % n])
        for n, pid in enumerate([800, *range(801, 850), 800])
    ]
    path.write_bytes(b"".join(texts))
    with path.open("rb") as stream:
        sights = audit_sights.Sights(stream.fileno())
        at = -1
        for text in texts:
            pid = b"%d" % (800 + texts.index(text) % 50)
            sights.add(Shown(at, pid, pid))
            at += len(text)
        told = {pid: list(sights.of(b"%d" % pid, at)) for pid in range(800, 850)}
    assert 5 <= len([pid for pid, found in told.items() if found]) <= 10
    assert told[800]
    assert told[849]
    assert not told[801]


def test_a_kill_of_x32_is_one(tmp_path):
    """Its number bears a bit, and nothing else in the log speaks of it: it has no OBJ_PID record."""
    path = tmp_path / "audit.log"
    told_alike(path, log([], ()) + logs.call(80, 0x40000000 | 62) + logs.title(80), shared=False)
    (told,) = logs.lines(every(logs.source(path, sieve_min=0)))
    assert '"origin": "kill"' in told


def test_a_record_that_is_broken_where_the_log_ends(tmp_path):
    """Its last line has no end, and is no record by itself."""
    kill = logs.call(80)
    at = kill.index(b" success=")
    broken = kill[:at] + b"\n" + kill[at + 1 :]
    told_alike(tmp_path / "audit.log", log([], ()) + broken[:-1], shared=False)
    told_alike(tmp_path / "audit.log", log([], ()) + broken[:at] + b"\n", shared=False)


def test_the_lines_of_two_events_have_changed_places(tmp_path):
    """They are told in the order in which they begin, whichever of them the sieve has found first."""
    first, second = logs.kill(80, 801).splitlines(True), logs.kill(81, 802).splitlines(True)
    text = b"".join((first[1], second[1], second[0], first[0], *second[2:], *first[2:]))
    other = logs.call(82, 257, 900) * 40
    told_alike(tmp_path / "audit.log", log([], ()) + text + other, shared=False)


def test_a_record_stands_behind_one_that_was_cut(tmp_path):
    """A host crashed while it wrote, and its next boot went on in that line."""
    cut = logs.call(80)[:-150].rstrip()
    text = log([], ()) + cut + b" " + logs.kill(81, 801)
    told_alike(tmp_path / "audit.log", text, shared=False)


@pytest.mark.parametrize("ends", [b"", b"\n"])
def test_a_title_stands_before_its_call_in_the_last_line(ends, tmp_path):
    text = log([], ()) + logs.title(81) + logs.call(80, 257) + logs.call(81).rstrip() + ends
    told_alike(tmp_path / "audit.log", text, shared=False)


def test_a_title_stands_before_events_of_whose_victims_more_is_known(tmp_path):
    """What was looked up for an event stays before it, and keeps no other from its place."""
    known = logs.execve(80, 803, b"victim", [b"victim"]) + logs.execve(
        81, 804, b"victim", [b"victim"]
    )
    (call, *others), other = logs.kill(83, 803).splitlines(True), logs.kill(82, 804)
    text = log([], ()) + known + logs.title(83) + other + call + b"".join(others)
    told_alike(tmp_path / "audit.log", text + logs.call(84, 257) * 40, shared=False)


@pytest.mark.parametrize(
    "word", [b"C000003e syscall=62", b"0c000003e syscall=62", b"c000003e syscall=062"]
)
def test_a_kill_whose_call_is_written_as_no_kernel_does(word, tmp_path):
    """One bit of it was turned over: it is still read, and has no OBJ_PID record beside it."""
    kill = logs.call(80).replace(b"c000003e syscall=62", word) + logs.title(80)
    told_alike(tmp_path / "audit.log", log([], ()) + kill, shared=False)
    (told,) = logs.lines(every(logs.source(tmp_path / "audit.log", sieve_min=0)))
    assert '"origin": "kill"' in told


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
    assert len(list(every(sieved))) == len(list(every(read))) == 2
    a, b = sieved.tallies[0], read.tallies[0]
    assert (a.records, a.first, a.last) == (b.records, b.first, b.last)


def test_the_pieces_of_a_child_that_is_killed_are_read_all_the_same(tmp_path, monkeypatch):
    path = big(tmp_path / "audit.log")
    monkeypatch.setattr(audit_pieces, "PARALLEL_MIN", 0)
    monkeypatch.setattr(audit_pieces, "PIECE", 1 << 16)
    killed = replace(audit_plain.SIEVE, pack=lambda piece: os.kill(os.getpid(), signal.SIGKILL))
    monkeypatch.setattr(audit_plain, "SIEVE", killed)
    assert len(logs.signals(logs.events(path, sieve_min=0))) == 2


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
    assert not audit_plain.can_be_sieved(audit_plain.head_of_big(str(path), 0))


def many_kills(path):
    """Over the size from which a log is sieved: masters that signal their own workers, and a few others."""
    path.write_bytes(
        b"".join(
            logs.kill(n, 2000 + n % 50, pid=900 + n % 7, a1=(15, 9, 15, 0, 15)[n % 5])
            if n % 1000
            else logs.call(n, 257, 2000 + n % 50, b"victim") + logs.title(n)
            for n in range(1, 11_000)
        )
    )
    assert audit_plain.can_be_sieved(audit_plain.head_of_big(str(path)))
    return path


@pytest.mark.parametrize(
    "options",
    [
        ["--json"],
        ["--brief"],
        ["--json", "--signal", "9"],
        ["--json", "--from", "903", "--to", "!2010"],
        ["--json", "--since", "@1700000020", "--until", "@1700000040.5"],
        ["--json", "-n", "777"],
        ["--brief", "-n", "777"],
    ],
    ids=" ".join,
)
def test_options_mean_the_same_for_a_log_of_kills(tmp_path, options):
    """Standard input is read line by line."""
    path = many_kills(tmp_path / "audit.log")
    with path.open("rb") as stream:
        read = logs.replay(*options, "-", stdin=stream)
    sieved = logs.replay(*options, str(path))
    assert sieved.returncode == read.returncode == 0
    assert sieved.stdout.replace(str(path).encode(), b"-") == read.stdout
    assert sieved.stdout.count(b"\n") > 700
