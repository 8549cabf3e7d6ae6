"""Series: folded in place on a terminal, told at the end of a pipe; nothing is counted twice or left out."""

from __future__ import annotations

import io
import re

from fakes import signal
from hypothesis import given
from hypothesis import strategies as st
from test_summary import SECOND, drill, end_of, kill

from tests.glass import Glass
from tracer.model.event import Earlier, Process, Series
from tracer.sinks.again import Again
from tracer.sinks.table import TableSink


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def shown(events, *, height=24, width=80, flush=True):
    """What stands on a terminal in the end, and what is said."""
    glass, said = Glass(width, height), []
    stream = io.StringIO()
    table = TableSink(stream, width=width if height else None)
    clock = Clock()
    sink = Again(table, said.append, None if height is None else lambda: height, clock)
    sink.start()
    for event in events:
        clock.now += 1
        if isinstance(event, tuple):
            sink.died(*event)
        else:
            sink.write(event)
        if flush:
            sink.flush()
    sink.close()
    glass.write(stream.getvalue())
    return glass.seen() if height else stream.getvalue().splitlines(), said


def kills(*times):
    for at in times:
        one = kill(at, at)
        yield one, end_of(one)


def test_repeats_fold_in_place_on_a_terminal():
    lines, said = shown(kills(100, 120, 140, 160))
    assert len(lines) == 5
    assert "pkill[9100]" in lines[1]
    assert lines[4].endswith("SIGKILL   pkill → orders-api: again, 3 times, every 20 s")
    assert said == []


def test_a_row_of_another_kind_stands_above_what_counts_up():
    other = signal(150 * SECOND, sender=Process(8, comm=b"other"))
    lines, _ = shown([*kills(100, 120, 140), other])
    assert "other[8]" in lines[-2]
    assert "again, 2 times" in lines[-1]
    assert sum("again" in line for line in lines) == 1


def test_what_is_remarkable_is_no_repeat():
    escalation = kill(140, 140, escalates=Earlier("0", 15, SECOND))
    lines, _ = shown([*kills(100), escalation])
    assert any("escalation" in line for line in lines)


def test_a_storm_is_one_line_that_counts_up():
    storm = signal(100 * SECOND, id="1-x", sender=Process(8, comm=b"noise"))
    lines, _ = shown([storm, Series(storm, [100 * SECOND + n for n in range(9999)])])
    assert len(lines) == 3
    assert lines[2].endswith("noise → app: again, 10,000 times, 10,000 a second")


def test_victims_of_one_group_kill_are_told_together():
    wide = {"call": "kill", "asked": -7, "id": "w", "sender": Process(8, comm=b"boss")}
    victims = [
        signal(5 * SECOND, target=Process(pid, comm=b"unicorn"), **wide) for pid in range(40)
    ]
    lines, _ = shown(victims, flush=False)
    assert lines[-1].endswith("└ and 39 more: unicorn[…] delivered")


def test_a_third_of_the_terminal_counts_up_at_most():
    kinds = [
        signal(at * SECOND, sender=Process(at, comm=b"kind%d" % (at % 30))) for at in range(90)
    ]
    lines, _ = shown(kinds, height=12)
    counting = [line for line in lines if "again" in line or "other kinds" in line]
    assert len(counting) == 4
    assert counting[-1] == "and 54 more of 27 other kinds; --summary tells all"


def test_a_pipe_has_every_row_and_tells_at_the_end_what_came_again():
    lines, said = shown(kills(100, 120, 140), height=None)
    assert sum("pkill[" in line for line in lines) == 3
    assert said == [
        "SIGKILL pkill -9 -x orders-api ← cron → orders-api 100000: again, 2 times, every 20 s"
    ]
    assert shown(kills(100, 101, 140), height=None)[1] == []


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.booleans()), max_size=40),
    st.integers(60, 120),
    st.booleans(),
)
def test_rows_and_counts_are_all_there_is(sent, width, flush):
    """Each signal is a row, or one of those that a line counts."""
    events = []
    for at, (kind, many, dies) in enumerate(sent):
        one = signal(at * SECOND, id=f"{at:x}-q", sender=Process(at + 1, comm=b"kind%d" % kind))
        if many > 1:
            events.append(Series(one, [at * SECOND + n for n in range(1, many)]))
        else:
            events.append((one, end_of(one)) if dies else one)
    lines, _ = shown(events, height=200, width=width, flush=flush)
    rows = sum(bool(re.search(r"kind\d\[", line)) for line in lines)
    folded = [re.search(r"again, (once|[\d,]+)", line) for line in lines]
    counted = sum(1 if found[1] == "once" else int(found[1]) for found in folded if found)
    assert rows + counted == sum(many for _, many, _ in sent)


def test_an_outage_fits_a_screen():
    lines, _ = shown(drill())
    assert len(lines) < 24


def test_deaths_that_came_late_are_counted_too():
    """The first has its row, and its death a line below; the second counts, with its death."""
    late = [one for at in (100, 140) for one in (kill(at, at), end_of(kill(at, at)))]
    lines, _ = shown(late)
    assert sum("died" in line for line in lines) == 1
    assert lines[-1].endswith("again, once")
