"""What the decoder remembers of processes: the kernel side describes each but once."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from tracer.host.clock import boot_now
from tracer.sources.wire import decode, described
from tracer.sources.wire import records as wire
from tracer.sources.wire.repeats import Run

GONE = 4194304  # PID_MAX_LIMIT: no process has this number


def process_record(pid, start=1, told=0, argv=b"x"):
    """A struct process_record with a parent."""
    parent = (2, 4242, b"cron", 0)
    numbers = (0, start, pid, 4242, 0, 0, wire.UNSET, wire.UNSET, pid, 1, 7, told)
    none = (0, 0, b"", 0) * 7
    values = (wire.PROCESS, *numbers, b"x", b"", *parent, *none, 0, 0, len(argv) + 1, 0)
    head = wire.PROCESS_RECORD.struct.pack(*values)
    return head + bytes(2 * wire.PATH_ROOM) + argv + b"\0"


def signal_record(pid, start=1, number=10):
    end = (start, pid, pid, 0, b"x", 0)
    return wire.SIGNAL_RECORD.struct.pack(
        wire.SIGNAL, number, 0, 1, 1, 5, 0, 9, 0, 0, 0, 0, 0, *end, *end
    )


@pytest.fixture
def decoder(monkeypatch):
    monkeypatch.setattr(described, "REMEMBERED", 64)
    monkeypatch.setattr(decode, "in_first_namespace", lambda _: True)
    return decode.Decoder("core", SimpleNamespace(offset=0), lambda process, _: process, None)


def test_the_living_are_not_forgotten(decoder):
    decoder.learn(process_record(os.getpid()), 0)
    for pid in range(GONE + 1, GONE + 1000):
        decoder.learn(process_record(pid), 0)
    (event,) = decoder.signals(Run(signal_record(os.getpid()), 0, [5]))
    assert event.sender.argv == (b"x",)
    assert event.sender.ancestors[0].comm == b"cron"
    # One who is gone may still have a signal in the ring.
    (event,) = decoder.signals(Run(signal_record(GONE + 999), 0, [5]))
    assert event.sender.argv == (b"x",)


def argv_of(decoder, pid):
    (event,) = decoder.signals(Run(signal_record(pid), 0, [5]))
    return event.sender.argv


def test_the_dead_are_forgotten_once_all_of_their_time_is_read(decoder):
    for pid in range(GONE + 1, GONE + 1000):
        decoder.learn(process_record(pid), 0)
        list(decoder.signals(Run(signal_record(pid), 0, [boot_now()])))
        assert len(decoder._described) <= 64 + 2


def test_of_the_dead_more_may_come(decoder):
    """They were found gone when it was read that they are there: what they were sent later is yet to be read."""
    pids = range(GONE + 1, GONE + 1000)
    for pid in pids:
        decoder.learn(process_record(pid), 0)
        list(decoder.signals(Run(signal_record(pid), 0, [5])))
    assert {argv_of(decoder, pid) for pid in pids} == {(b"x",)}


@pytest.mark.parametrize("order", [(6, 7), (7, 6)])
def test_of_two_descriptions_the_one_that_had_the_memory_counts(decoder, order):
    """Of the same state, made on two CPUs at once: bpf/met.bpf.h. The last bit of its number says it."""
    for told in order:
        decoder.learn(process_record(GONE, told=told, argv=b"all" if told & 1 else b"kept"), 0)
    assert argv_of(decoder, GONE) == (b"all",)
    decoder.learn(process_record(GONE, told=8, argv=b"later"), 0)
    assert argv_of(decoder, GONE) == (b"later",)
    decoder.learn(process_record(GONE, start=2, told=4, argv=b"another"), 0)
    (event,) = decoder.signals(Run(signal_record(GONE, start=2), 0, [5]))
    assert event.sender.argv == (b"another",)


def test_many_living_are_not_looked_through_each_time(decoder, monkeypatch):
    looks = []
    monkeypatch.setattr(described.procfs, "is_there", lambda pid: looks.append(pid) or True)
    for pid in range(1, 1000):
        decoder.learn(process_record(pid), 0)
    assert len(decoder._described) == 999
    assert len(looks) < 2 * 999


def exit_record(pid, start=1, comm=b"x"):
    return wire.EXIT_RECORD.struct.pack(wire.EXIT, pid, 9, start, 10, comm, 0, 0, 0, 0)


def test_an_end_and_the_signal_before_it_share_a_process_that_has_not_changed(decoder):
    """What is written of it is then made once (tracer/sinks/json.py)."""
    decoder.learn(process_record(GONE), 0)
    (sent,) = decoder.signals(Run(signal_record(GONE), 0, [5]))
    assert decoder.exit(exit_record(GONE), 0).process is sent.target
    renamed = decoder.exit(exit_record(GONE, comm=b"y"), 0).process
    assert (renamed.comm, renamed.argv) == (b"y", (b"x",))
    decoder.learn(process_record(GONE, start=2), 0)
    another = decoder.exit(exit_record(GONE, start=2), 0).process
    assert (another.start, another.argv) == (decoder._described.born(2), (b"x",))
    unknown = decoder.exit(exit_record(GONE, start=3), 0).process
    assert (unknown.pid, unknown.argv) == (GONE, None)


@pytest.mark.parametrize(
    ("is_us", "number", "is_told"),
    [
        (True, 33, False),
        # Another trace's is as real as any other program's; and we may be sent anything else.
        (False, 33, True),
        (True, 10, True),
    ],
)
def test_how_glibc_changes_our_ids_is_not_told(decoder, is_us, number, is_told):
    record = signal_record(os.getpid() if is_us else GONE, number=number)
    assert bool(list(decoder.signals(Run(record, 0, [5])))) is is_told


def probe_of(pid):
    """A struct call_record of a kill(pid, 0) by a process that is gone."""
    return wire.CALL_RECORD.struct.pack(wire.CALL, 0, 5, pid, 0, pid, 1, 1, GONE, GONE, 0, b"sh", 0)


def test_who_is_asked_for_is_not_who_had_the_pid_before(decoder):
    decoder.learn(process_record(os.getpid()), 0)
    event = decoder.call(probe_of(os.getpid()), 0)
    assert event.target.pid == os.getpid()
    assert event.target.argv is None
    decoder.learn(process_record(os.getpid(), decode.procfs.start_of(os.getpid())), 0)
    assert decoder.call(probe_of(os.getpid()), 0).target.argv == (b"x",)
