"""doctor's words and verdict, from made-up findings; the probes themselves run in tests/live."""

from __future__ import annotations

import pytest

from tracer.doctor import checks as doctor
from tracer.doctor.checks import Check
from tracer.doctor.finding import MISSING, OK, REFUSED, Finding
from tracer.model import errors
from tracer.model.errors import Problem


def checks(**works):
    return [
        Check(
            group,
            "works",
            Finding(works.get(group, MISSING), "text", None if works.get(group) == OK else "mend"),
        )
        for group in ("core", "bcc", "audit")
    ]


@pytest.mark.parametrize(
    ("works", "best"),
    [
        ({"core": OK, "bcc": OK, "audit": OK}, "core"),
        ({"bcc": OK, "audit": OK}, "bcc"),
        ({"audit": OK}, "audit"),
        ({}, None),
    ],
)
def test_verdict(works, best):
    found = checks(**works)
    assert doctor.best(found) == best
    assert doctor.to_object(found)["live"] is (best is not None)
    last = doctor.render(found).splitlines()[-1]
    assert (f"uses {best}" in last) if best else ("does not work here" in last)
    assert ("does not see in full" in last) == (best in ("bcc", "audit"))


def test_each_check_is_one_line_with_what_mends_it():
    lines = doctor.render(checks(core=OK)).splitlines()
    assert lines[0].startswith("ok            core")
    assert lines[1].endswith("try: mend")


@pytest.mark.parametrize("width", [40, 60, 80, 132])
def test_in_a_terminal_no_word_is_broken(width):
    text = "none of /var/log/audit/audit.log, /var/log/kern.log, /var/log/syslog, /var/log/messages"
    found = [
        *checks(bcc=OK),
        Check("replay", "logs", Finding(MISSING, text, "sigtrace replay FILE")),
    ]
    wide, lines = doctor.render(found).split(), doctor.render(found, width).splitlines()
    assert [word for line in lines for word in line.split()] == wide
    assert max(map(len, lines)) <= width
    assert sum(not line.startswith(" ") and bool(line) for line in lines) >= len(found)


def test_a_problem_becomes_a_finding():
    def refused():
        raise Problem("x", "this needs CAP_BPF", "sudo sigtrace …", kind=errors.REFUSED)

    def absent():
        raise Problem("x", "not permitted by its own words", "apt-get install y")

    def broken():
        raise OSError(2, "No such file")

    assert doctor._tried(refused) == Finding(REFUSED, "this needs CAP_BPF", "sudo sigtrace doctor")
    assert doctor._tried(absent).state == MISSING
    assert doctor._tried(broken).state == MISSING


def test_names_are_unique_within_their_group():
    names = [(group, name) for group, name, _ in doctor.CHECKS]
    assert len(set(names)) == len(names)
    assert {group for group, name in names if name == "works"} == {"core", "bcc", "audit"}
