"""What a log covers: spans by host, gaps by what the log itself says, and no claim beyond."""

from __future__ import annotations

import audit_logs as logs
import pytest

from tracer.flow.source import every
from tracer.model.coverage import lacking

MS = 1_000_000
CALLS = (62, 200, 234, 129, 297, 424)


def at(serial):
    return (logs.START + serial * 10) * MS


def everything(first):
    """A send by each call, and something of PID 1: nothing speaks for a rule that is missing."""
    sends = b"".join(logs.kill(first + n, 801, number=number) for n, number in enumerate(CALLS))
    return sends + logs.call(first + 9, 257, pid=1)


def change(serial, text):
    return logs.record(b"CONFIG_CHANGE", serial, text)


def coverage(path, **settings):
    source = logs.source(path, **settings)
    list(every(source))
    return source.coverage()


@pytest.mark.parametrize("sieve_min", [0, 1 << 40])
@pytest.mark.parametrize(
    ("between", "why"),
    [
        (b"", None),
        (change(400, b'auid=0 ses=1 op=remove_rule key="k" list=4 res=1'), "rules were removed"),
        (change(400, b"op=set audit_enabled=0 old=1 auid=0 ses=1 res=1"), "auditing was off"),
        (change(400, b"audit_enabled=0 old=1 auid=0 ses=1 res=1"), "auditing was off"),
        (change(400, b"op=set audit_enabled=1 old=1 auid=0 ses=1 res=1"), None),
        (logs.record(b"DAEMON_END", 400, b"op=terminate auid=0 pid=1 res=success"), "had ended"),
        (logs.record(b"KERNEL", 400, b"state=initialized audit_enabled=0 res=1"), "was down"),
    ],
)
def test_what_a_log_says_of_its_own_interruptions(between, why, sieve_min, log):
    path = log(everything(1) + between + everything(800))
    found = coverage(path, sieve_min=sieve_min)
    inside = at(500)
    told = lacking(found, "sends", inside, inside + MS)
    assert (told == []) == (why is None)
    assert why is None or why in told[0]
    assert lacking(found, "sends", at(801), at(802)) == []


def test_an_interruption_goes_on_until_a_rule_shows_something(log):
    removed = change(20, b'auid=0 ses=1 op=remove_rule key="k" list=4 res=1')
    added = change(300, b'auid=0 ses=1 op=add_rule key="k" list=4 res=1')
    ended = coverage(log(everything(1) + removed + added + everything(800)))
    assert lacking(ended, "sends", at(20), at(30))
    assert lacking(ended, "sends", at(301), at(310)) == []
    open_ = coverage(log(everything(1) + removed + logs.call(900, 257)))
    assert lacking(open_, "sends", at(890), at(899))


def test_nothing_is_claimed_before_or_after_a_log_nor_of_other_kinds(log):
    found = coverage(log(everything(1)))
    assert lacking(found, "sends", at(1), at(10)) == []
    assert lacking(found, "sends", at(0), at(10))
    assert lacking(found, "sends", at(1), at(11))
    for kind in ("kernel", "deaths", "oom", "statements"):
        assert lacking(found, kind, at(1), at(10))


def test_nothing_is_claimed_of_calls_that_no_rule_may_have_watched(log):
    found = coverage(log(logs.kill(1, 801) + logs.call(2, 257, pid=1) + logs.kill(3, 801)))
    assert "tgkill" in lacking(found, "sends", at(1), at(3))[0]


def test_a_loss_is_a_gap(log):
    lost = b"Nov 14 22:13:21 h kernel: audit: audit_lost=%d audit_rate_limit=0\n"
    found = coverage(log(everything(1) + lost % 5 + everything(800)))
    assert any("audit_lost" in why for why in lacking(found, "sends", at(400), at(500)))


def test_each_host_has_its_own_span(log):
    here = everything(1).replace(b"type=", b"node=here type=")
    there = everything(800).replace(b"type=", b"node=there type=")
    found = coverage(log(here + there))
    assert [(one.host, one.spans[0].began) for one in found] == [
        ("here", at(1)),
        ("there", at(800)),
    ]
    assert lacking(found, "sends", at(2), at(3))
