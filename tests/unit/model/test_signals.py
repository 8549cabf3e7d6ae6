"""Names and sets of signals, checked against Python's own signal module."""

from __future__ import annotations

import contextlib
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.model import signals
from tracer.model.errors import Problem


def test_names_are_those_of_the_standard_library():
    aliases = {"SIGCLD": "SIGCHLD", "SIGIOT": "SIGABRT", "SIGPOLL": "SIGIO"}
    for member in signal.Signals:
        assert signals.name_of(member.value) == aliases.get(member.name, member.name)


@pytest.mark.parametrize("number", range(1, 65))
def test_every_number_survives_its_name(number):
    assert signals.number_of(signals.name_of(number)) == (
        None if number in (32, 33) else number
    ) or (number in (32, 33) and signals.name_of(number) == f"SIG{number}")
    assert signals.parse_set(str(number)) == {number}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("9", {9}),
        ("KILL", {9}),
        ("sigkill", {9}),
        ("TERM,KILL", {9, 15}),
        (" term , 9 ", {9, 15}),
        ("RTMIN+3", {37}),
        ("RTMAX-1", {63}),
        ("34-40", set(range(34, 41))),
        ("RTMIN..RTMAX", set(range(34, 65))),
        ("RTMIN+1-RTMAX-3", set(range(35, 62))),
        ("HUP-INT", {1, 2}),
        ("!CHLD", set(range(1, 65)) - {17}),
        ("!CHLD,!URG", set(range(1, 65)) - {17, 23}),
        ("1-15,!9", set(range(1, 16)) - {9}),
        ("POLL", {29}),
    ],
)
def test_sets_people_type(text, wanted):
    assert signals.parse_set(text) == wanted


@pytest.mark.parametrize(
    "text",
    ["99", "0", "-1", "BOGUS", "", ",", "9,", "40-34", "RTMAX+1", "RTMIN+99", "9-", "²", "SIG"],
)
def test_what_is_no_set_is_named(text):
    with pytest.raises(Problem) as caught:
        signals.parse_set(text)
    assert "--signal" in caught.value.what
    assert "KILL" in caught.value.try_


@given(st.text())
def test_any_text_is_a_set_or_a_problem(text):
    with contextlib.suppress(Problem):
        assert signals.parse_set(text) <= signals.EVERY


def test_code_names():
    assert signals.code_name(9, 0) == "SI_USER"
    assert signals.code_name(9, 128) == "SI_KERNEL"
    assert signals.code_name(11, 1) == "SEGV_MAPERR"
    assert signals.code_name(11, 128) == "SI_KERNEL"
    assert signals.code_name(17, 2) == "CLD_KILLED"
    assert signals.code_name(8, 1) == "FPE_INTDIV"
    assert signals.code_name(31, 1) == "SYS_SECCOMP"
    assert signals.code_name(9, 77) == "77"
    assert signals.code_name(15, 1) == signals.code_name(29, 1) == "POLL_IN"
    assert signals.code_name(35, 6) == "POLL_HUP"
    assert signals.code_name(11, 40) == "40"
    assert signals.code_name(15, 1, of_child=True) == "CLD_EXITED"
    assert signals.code_name(29, 2, of_child=True) == "CLD_KILLED"
