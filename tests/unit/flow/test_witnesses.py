"""Tellings of one signal or death become one event, and others stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.flow import witnesses
from tracer.flow.telling_keys import asked_for, keys_of
from tracer.flow.witnesses import Witnessed
from tracer.model.event import Ancestor, Exit, Place, Process, Signal, Statement
from tracer.model.frozen import replace

S = 1_000_000_000
MS = 1_000_000
WHOLE = 1_700_000_000 * S
T = WHOLE + 100 * MS


class Ready:
    """A source of these events, told at once."""

    name = "test"
    grace = 0.0

    def __init__(self, events):
        self._events = list(events)

    def descriptors(self):
        return ()

    def due(self):
        return 0.0

    def has_begun(self):
        return True

    def is_over(self):
        return not self._events

    def read(self, last=False):
        events, self._events = self._events, []
        return iter(events)

    def coverage(self):
        return []

    def close(self):
        pass


def told(*events):
    source = Witnessed(Ready(sorted(events, key=lambda event: event.time or 0)))
    made = []
    while not source.is_over():
        made += source.read()
    return made


def place(name, line=1):
    return Place(file=name, line=line)


def signal(time, source, number=9, target=801, **more):
    given = {"target": Process(pid=target), "place": place(source), **more}
    return Signal(time, f"{time:x}-{source}-{number}", source, number, **given)


def end(time, source, number=9, process=None, **more):
    given = {"place": place(source), **more}
    return Exit(time, f"{time:x}-{source}-exit", source, process or Process(pid=801), number, **given)  # fmt: skip


def test_the_strongest_witness_is_told_with_all_places():
    audit = signal(T + 5 * MS, "audit log", sender=Process(pid=7, uid=0), call="kill")
    journal = signal(T, "journal", sender=Process(pid=7, comm=b"systemd"), target=801)
    (one,) = told(audit, journal)
    assert (one.source, one.id, one.call) == ("audit log", audit.id, "kill")
    assert one.sender == Process(pid=7, uid=0, comm=b"systemd")
    assert one.place == place("audit log")
    assert one.places == (place("audit log"), place("journal"))


@pytest.mark.parametrize(
    "other",
    [
        signal(T + 60 * MS, "journal"),
        signal(T, "journal", number=15),
        signal(T, "journal", target=802),
        signal(T, "journal", host="b"),
        signal(T, "journal", sender=Process(pid=8)),
        signal(T, "journal", origin="oom"),
        signal(T, "audit log", place=place("audit log", 2)),
    ],
    ids=["later", "number", "target", "host", "sender", "origin", "same witness"],
)
def test_what_differs_stays_apart(other):
    one = signal(T, "audit log", sender=Process(pid=7), origin="kill", host="a")
    assert len(told(one, other)) == 2


def test_a_syslogs_whole_second_is_any_time_in_it():
    assert len(told(signal(WHOLE + 900 * MS, "audit log"), signal(WHOLE, "syslog"))) == 1
    assert len(told(signal(WHOLE + 1900 * MS, "audit log"), signal(WHOLE, "syslog"))) == 2


def test_a_journals_text_has_each_audit_record_too():
    exact = [
        signal(WHOLE + n * 100 * MS, "audit log", place=place("audit.log", n)) for n in (1, 2, 3)
    ]
    text = [signal(WHOLE, "audit log", place=place("journal.txt", n)) for n in (4, 5, 6)]
    made = told(*exact, *text)
    assert [one.time for one in made] == [one.time for one in exact]
    assert all(len(one.places) == 2 for one in made)


def test_a_death_told_by_core_dump_and_manager_is_one():
    core = end(T, "journal", 11, Process(pid=801, unit=b"a.service", invocation=b"r"), core=True)
    line = end(T + 300 * MS, "journal", 11, Process(unit=b"a.service", invocation=b"r"), place=place("x", 2))  # fmt: skip
    (one,) = told(core, line)
    assert (one.process.pid, one.core, one.number) == (801, True, 11)
    assert len(one.places) == 2


def test_a_managers_line_is_of_its_own_child():
    """Of a unit's processes that all die of one signal the main one is meant, not a worker."""
    unit = {"unit": b"a.service", "uid": 0}
    above = (Ancestor(801, b"python"),)
    worker = end(
        T, "core", 6, Process(pid=802, ppid=801, ancestors=above, **unit), place=place("rec", 1)
    )
    main = end(T + MS, "core", 6, Process(pid=801, ppid=1, **unit), place=place("rec", 2))
    line = end(T + 300 * MS, "journal", 6, Process(unit=b"a.service"), place=place("x", 2))
    one, two = told(worker, main, line)
    assert (one.process.pid, len(one.places)) == (802, 0)
    assert (two.process.pid, len(two.places)) == (801, 2)


def test_two_exit_lines_of_a_unit_are_two_deaths():
    unit = Process(unit=b"a.service")
    two = [end(T + n, "syslog", 9, unit, place=place("m", n)) for n in (1, 2)]
    assert len(told(*two)) == 2


def test_a_pid_is_not_guessed():
    line = end(T + S, "syslog", 9, Process(unit=b"a.service"))
    sent = [
        signal(T, "syslog", target=pid, place=place("m", pid), sender=Process(pid=1)) for pid in (5, 6)
    ]  # fmt: skip
    exit_ = told(*sent, line)[-1]
    assert exit_.process == Process(unit=b"a.service")
    assert exit_.cause is None


def test_a_units_end_follows_its_managers_signal():
    unit = Process(unit=b"a.service")
    sent = Signal(WHOLE, "s", "syslog", 9, sender=Process(pid=1), target=unit, place=place("m", 1))
    line = end(WHOLE, "syslog", 9, unit, place=place("m", 2))
    assert told(sent, line)[1].cause == "s"


def test_the_cause_is_the_event_that_is_told():
    weak = signal(T, "journal")
    strong = signal(T + MS, "audit log")
    exit_ = end(T + 2 * MS, "journal", cause=weak.id)
    first, second = told(weak, strong, exit_)
    assert second.cause == first.id == strong.id


def test_one_line_in_two_files_is_one():
    said = [
        Statement(T, "x", "syslog", "boot", place=place(name)) for name in ("messages", "kern.log")
    ]
    (one,) = told(*said)
    assert one.places == (place("messages"), place("kern.log"))


def test_what_a_recording_has_of_a_log_is_the_logs_own_line():
    log = signal(T, "audit log")
    kept = Place(recording="kept.jsonl", line=3)
    recorded = signal(T, "audit log", place=kept, places=(kept, log.place))
    (one,) = told(recorded, log)
    assert one.places == (kept, log.place)


def test_undated_events_are_never_matched_by_time_with_dated_ones():
    undated = Exit(None, "u", "kernel log", Process(pid=801), 9)
    assert len(told(undated, end(T, "journal"))) == 2


EVENTS = st.lists(
    st.one_of(
        st.builds(signal, st.integers(T, T + 20 * S), st.sampled_from(["audit log", "journal", "syslog"]), st.sampled_from([9, 15]), st.integers(1, 4)),
        st.builds(end, st.integers(T, T + 20 * S), st.sampled_from(["audit log", "journal"]), st.sampled_from([9, 15]), st.builds(Process, pid=st.integers(1, 4))),
        st.builds(lambda time: Statement(time, f"{time}", "syslog", "boot"), st.integers(T, T + 20 * S)),
    ),
    max_size=60,
)  # fmt: skip


@given(EVENTS)
def test_nothing_is_lost_and_the_order_stays(events):
    events = [
        event if isinstance(event, Statement) else type(event)(*[getattr(event, name) for name in event.__slots__ if name not in ("place", "places")], place=place("f", number))
        for number, event in enumerate(events)
    ]  # fmt: skip
    made = told(*events)
    places = [one for event in made for one in (event.places or ((event.place,) if event.place else ()))]  # fmt: skip
    wanted = [event.place for event in events if event.place is not None]
    assert sorted(one.line for one in places) == sorted(one.line for one in wanted)
    assert sum(isinstance(one, Statement) for one in made) == sum(isinstance(one, Statement) for one in events)  # fmt: skip


def test_an_end_that_a_log_tells_before_its_signal_is_of_the_unit_that_the_signal_names():
    """A watchdog: audit's record, "Killing process 801 …" and the manager's exit line, all of one second."""
    process = Process(pid=801, unit=b"dog.service")
    tellings = [
        end(WHOLE, "audit log", 6, process=Process(pid=801, exe=b"/bin/dog")),
        replace(signal(WHOLE, "syslog", 6, place=place("messages", 2)), target=process),
        end(WHOLE, "syslog", 6, process=Process(unit=b"dog.service"), place=place("messages", 3)),
    ]
    events = told(*tellings)
    (death,) = (event for event in events if isinstance(event, Exit))
    (sent,) = (event for event in events if isinstance(event, Signal))
    assert (death.process.pid, death.process.unit) == (801, b"dog.service")
    assert (death.cause, death.after_ns) == (sent.id, None)
    assert len(death.places) == 2
    other = end(WHOLE, "syslog", 6, process=Process(unit=b"cat.service"), place=place("m", 3))
    assert sum(isinstance(event, Exit) for event in told(*tellings[:2], other)) == 2


@pytest.mark.parametrize(("after", "count"), [(0, 1), (5, 2)])
def test_a_start_of_accounting_is_late_by_what_the_host_slept(after, count):
    """Where the ends are one; a number that was used again is another process."""
    second = 1_000_000_000
    ended = 9_000 * second
    exact = end(ended + 7, "core", process=Process(801, start=5 * second + 7))
    late = Process(801, start=8_000 * second)
    record = end(ended + after * second, "accounting", process=late, place=place("pacct"))
    found = told(exact, record)
    assert len(found) == count
    assert found[0].process.start == 5 * second + 7


ENDS = st.builds(
    lambda time, source, number, pid, line, **more: end(
        T + time * MS, source, number, Process(pid=pid, unit=b"jobs.service", ppid=1), place=place(f"{source}{line % 2}", line), **more
    ),
    st.integers(0, 2), st.sampled_from(["core", "journal", "accounting"]), st.sampled_from([None, 9]), st.sampled_from([None, 801, 802]), st.integers(1, 3),
    status=st.sampled_from([None, 0]),
)  # fmt: skip


@given(ENDS, ENDS)
def test_where_another_telling_of_an_end_is_looked_for_there_it_is(one, other):
    """Against every pair: what is the same is under a key that is looked up."""
    # Of one id is one event, and that has one pid.
    one, other = (replace(each, id=f"{each.id}-{each.process.pid}") for each in (one, other))
    keys = set(keys_of(one))
    if witnesses.is_same(one, other):
        assert keys & set(asked_for(other, [each.place.file for each in (one, other)]))


def test_ends_of_one_unit_are_not_each_compared_with_each(monkeypatch):
    compared = []
    monkeypatch.setattr(witnesses, "is_same", lambda *pair: compared.append(pair) or False)
    told(*(end(T + at * MS, "core", process=Process(pid=at, unit=b"jobs.service")) for at in range(1, 300)))  # fmt: skip
    assert compared == []


def test_records_of_one_pid_and_second_are_not_each_compared_with_each(monkeypatch):
    """Nor with those of a copy of their file; yet each of them is told once."""
    compared = []
    is_same = witnesses.is_same
    monkeypatch.setattr(witnesses, "is_same", lambda *pair: compared.append(pair) or is_same(*pair))
    records = [
        end(WHOLE, "accounting", process=Process(801, comm=b"x", ppid=at), place=place(file, at))
        for file in ("pacct", "pacct.copy")
        for at in range(200)
    ]
    assert len(told(*records)) == 200
    assert len(compared) == 200
