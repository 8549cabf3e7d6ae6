"""Deaths of a long log: each is compared with few others, counted, not timed."""

from __future__ import annotations

import pytest

from tracer.model.event import Exit, Process, Signal, Statement
from tracer.model.times import SECOND
from tracer.why import deaths

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
