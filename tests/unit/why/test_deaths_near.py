"""Deaths of a long log: each is compared with few others, counted, not timed."""

from __future__ import annotations

import pytest

from tracer.model.event import Exit, Process, Signal, Statement
from tracer.model.times import SECOND
from tracer.why import deaths
from tracer.why.verdict import verdict_of

EVERY = 60 * SECOND


def ends(count, unit):
    """In each minute: a process killed that only its pid tells, one that crashed, and what a manager says of units."""
    for at in range(count):
        time = (1000 + at) * EVERY
        yield Signal(time, f"{at}-s", "syslog", 9, origin="oom", target=Process(2 * at, comm=b"web"))  # fmt: skip
        yield Signal(time + SECOND, f"{at}-f", "syslog", 11, origin="fault", target=Process(tid=2 * at + 1, comm=b"app"))  # fmt: skip
        for number in (9, 11):
            yield Exit(
                time + SECOND,
                f"{at}-{number}",
                "syslog",
                Process(unit=unit.replace(b"%", b"%d" % at)),
                number,
            )
        about = Process(unit=b"other.service")
        yield Statement(time, f"{at}-w", "syslog", "unit succeeded", about=about)


@pytest.mark.parametrize("unit", [b"web.service", b"u%.service"])
def test_work_grows_as_the_log_does(monkeypatch, unit):
    compared = 0
    own = deaths._is_same

    def counting(one, other):
        nonlocal compared
        compared += 1
        return own(one, other)

    monkeypatch.setattr(deaths, "_is_same", counting)
    told = {}
    for count in (200, 2000):
        compared = 0
        found = deaths.deaths_in(ends(count, unit))
        told[count] = compared
        assert sum(death.number == 11 for death in found) == count
    assert told[2000] < 12 * told[200]
    assert told[2000] < 2000 * 100


def test_what_is_said_of_a_unit_is_put_to_the_process_that_bears_its_name():
    found = deaths.deaths_in(ends(3, b"web.service"))
    assert [death.process.unit for death in found if death.number == 9] == [b"web.service"] * 3
    assert [death.joined for death in found if death.number == 9] == [deaths.BY_NAME] * 3
    assert [death.joined for death in found if death.number == 11] == [deaths.BY_TIME] * 3


@pytest.mark.parametrize(
    ("cgroup", "joined"),
    [
        (None, deaths.BY_NAME),
        (b"/", deaths.BY_NAME),
        (b"/system.slice", deaths.BY_NAME),
        (b"/docker/aaaa", None),
        (b"/lxc.payload.box/web", None),
    ],
)
def test_a_process_of_another_cgroup_is_not_the_units_by_its_name(cgroup, joined):
    process = Process(7, comm=b"web", cgroup=cgroup)
    told = [
        Signal(EVERY, "s", "syslog", 9, origin="oom", target=process),
        Exit(EVERY + SECOND, "x", "syslog", Process(unit=b"web.service"), 9),
    ]
    found = deaths.deaths_in(told)
    assert [death.joined for death in found] == [joined] * (1 if joined else 2)
    by_unit = {death.process.unit: verdict_of(death, told, (), found) for death in found}
    assert (by_unit[b"web.service"].cause == "oom") is bool(joined)
