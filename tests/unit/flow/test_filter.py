"""The filter's meaning, and that the kernel's part of it is never tighter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.flow.ends import parse_terms, parse_values
from tracer.flow.filter import Filter, parse_origins, parse_outcomes
from tracer.flow.kernel_filter import End, pushdown
from tracer.model.errors import Problem
from tracer.model.event import Ancestor, Failed, Probe, Process, Signal, Statement, lost
from tracer.model.frozen import replace
from tracer.model.outcome import RESULTS_OF

BASH = Process(10, 10, b"bash", uid=1000, user="deploy", unit=b"session-3.scope")
NGINX = Process(20, 21, b"nginx", thread_comm=b"worker", uid=33, unit=b"nginx.service")


def signal(**fields):
    return Signal(
        **{
            "time": 1,
            "id": "1",
            "source": "test",
            "number": 15,
            "sender": BASH,
            "target": NGINX,
            "outcome": "delivered",
            "origin": "kill",
            **fields,
        }
    )


FAILED = Failed(1, "1", "test", "kill", "EPERM", 9, BASH, NGINX)
PROBE = Probe(1, "1", "test", "kill", BASH, NGINX)


def terms(*texts):
    return tuple(term for text in texts for term in parse_terms(text, "--from"))


@pytest.mark.parametrize(
    ("filter_", "event", "wanted"),
    [
        (Filter(), signal(), True),
        (Filter(signals=frozenset((9,))), signal(), False),
        (Filter(sender=terms("bash")), signal(), True),
        (Filter(sender=terms("ba*")), signal(), True),
        (Filter(sender=terms("10")), signal(), True),
        (Filter(sender=terms("20")), signal(), False),
        (Filter(sender=terms("zsh", "bash")), signal(), True),
        (Filter(sender=terms("!bash")), signal(), False),
        (Filter(sender=terms("ba*", "!bash")), signal(), False),
        (Filter(sender=terms("bash")), signal(sender=None), False),
        (Filter(sender=terms("!bash")), signal(sender=None), True),
        (Filter(target=terms("20")), signal(), True),
        (Filter(target=terms("21")), signal(), False),
        (Filter(target=terms("worker")), signal(), True),
        (Filter(target=terms("nginx")), signal(), True),
        (Filter(either=terms("20")), signal(), True),
        (Filter(either=terms("10", "99")), signal(), True),
        (Filter(either=terms("99")), signal(), False),
        (Filter(either=terms("!10")), signal(), False),
        (Filter(values=parse_values("uid", "1000")), signal(), True),
        (Filter(values=parse_values("uid", "!33")), signal(), False),
        (Filter(values=parse_values("uid", "7")), signal(), False),
        (Filter(values=parse_values("user", "deploy")), signal(), True),
        (Filter(values=parse_values("unit", "nginx")), signal(), True),
        (Filter(values=parse_values("unit", "session-*")), signal(), True),
        (Filter(values=parse_values("unit", "ngin")), signal(), False),
        (Filter(outcomes=parse_outcomes("delivered,ignored")), signal(), True),
        (Filter(outcomes=parse_outcomes("!delivered")), signal(), False),
        (Filter(outcomes=parse_outcomes("already-pending")), signal(outcome="coalesced"), True),
        (Filter(outcomes=parse_outcomes("attempted")), signal(outcome=None, why="attempted"), True),
        (Filter(outcomes=parse_outcomes("delivered")), FAILED, False),
        (Filter(outcomes=parse_outcomes("refused")), FAILED, True),
        (Filter(outcomes=parse_outcomes("exists")), PROBE, True),
        (Filter(outcomes=parse_outcomes("refused")), PROBE, False),
        (Filter(signals=frozenset((9,)), probes=False), PROBE, False),
        (Filter(signals=frozenset((9,)), probes=False), FAILED, True),
        (Filter(origins=parse_origins("tgkill")), FAILED, False),
        (Filter(origins=parse_origins("kill")), FAILED, True),
        (Filter(origins=parse_origins("oom")), signal(), False),
        (Filter(since=2), signal(), False),
        (Filter(until=1), signal(), True),
        (Filter(sender=terms("nobody")), lost(1, "test", 3, "ring"), True),
        (Filter(sender=terms("bash")), Failed(1, "1", "t", "kill", "EPERM", sender=BASH), True),
    ],
)
def test_meaning(filter_, event, wanted):
    assert filter_.matches(event) is wanted


def test_a_name_longer_than_comm_can_be_is_cut_as_the_kernel_cuts_it():
    journald = Process(5, 5, b"systemd-journal")
    assert Filter(target=terms("systemd-journald")).matches(signal(target=journald))


def test_children_of_looks_up_the_whole_chain():
    child = Process(30, 30, ppid=29, ancestors=(Ancestor(29), Ancestor(10)))
    assert Filter(values=parse_values("children-of", "10")).matches(signal(target=child))
    assert not Filter(values=parse_values("children-of", "11")).matches(signal(target=child))


def test_container_by_the_start_of_its_id_or_its_pod():
    inside = Process(30, container=b"ab12" * 16, pod=b"11111111-2222-3333-4444-555555555555")
    for text in ("ab12ab", "11111111-2222"):
        assert Filter(values=parse_values("container", text)).matches(signal(target=inside))
    assert not Filter(values=parse_values("container", "b12")).matches(signal(target=inside))


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (lambda text: parse_terms(text, "--to"), ""),
        (lambda text: parse_terms(text, "--to"), "!"),
        (lambda text: parse_terms(text, "--to"), "0"),
        (lambda text: parse_terms(text, "--to"), "99999999"),
        (lambda text: parse_values("uid", text), "4294967295"),
        (lambda text: parse_values("children-of", text), "-1"),
        (parse_outcomes, "deliverd"),
        (parse_origins, "me"),
    ],
)
def test_bad_words_are_named(parse, text):
    with pytest.raises(Problem) as caught:
        parse(text)
    assert caught.value.what.startswith("--")
    assert repr(text) in caught.value.what


PIDS = st.integers(1, 6)
UIDS = st.integers(0, 3)
NAMES = st.sampled_from(["a", "b", "c"])
TERMS = st.lists(
    st.builds(
        lambda bang, word: parse_terms(bang + str(word), "--pid"),
        st.sampled_from(["", "!"]),
        st.one_of(PIDS, NAMES, st.just("*")),
    ),
    max_size=3,
).map(lambda lists: sum(lists, ()))
VALUES = st.lists(
    st.builds(
        lambda bang, value: parse_values(value[0], f"{bang}{value[1]}"),
        st.sampled_from(["", "!"]),
        st.one_of(
            st.tuples(st.just("uid"), UIDS),
            st.tuples(st.sampled_from(["user", "unit", "arg", "children-of"]), NAMES),
        ),
    ),
    max_size=3,
).map(lambda lists: sum(lists, ()))
FILTERS = st.builds(
    Filter,
    signals=st.frozensets(st.integers(1, 4), min_size=1),
    sender=TERMS,
    target=TERMS,
    either=TERMS,
    values=VALUES,
    outcomes=st.frozensets(st.sampled_from(sorted(RESULTS_OF)), max_size=3),
    fates=st.sampled_from([frozenset(), frozenset(["died"])]),
)
PROCESSES = st.builds(
    lambda pid, uid, name, unit, argument: Process(
        *(pid, pid, name.encode()),
        uid=uid,
        user=unit,
        unit=unit.encode(),
        argv=(b"x", argument.encode()),
        ancestors=(Ancestor(7, argument.encode()),),
    ),
    PIDS,
    UIDS,
    NAMES,
    NAMES,
    NAMES,
)


@settings(max_examples=1500)
@given(
    FILTERS,
    st.integers(1, 4),
    PROCESSES,
    PROCESSES,
    PROCESSES,
    st.sampled_from(["a call", "another way", "no", "the tracer"]),
    st.sampled_from(sorted(RESULTS_OF)),
    st.tuples(st.booleans(), st.booleans()),
)
def test_when_the_kernel_says_no_so_does_python(
    filter_, number, current, target, tracer, sent, outcome, met
):
    """``current`` is the sender only when it really sent, which the kernel knows of a call alone; and a tracer may be
    where the target sends itself. Verdicts are there of those ends that Python has met."""
    if sent == "the tracer":
        current = target
    sender = {"no": None, "the tracer": tracer}.get(sent, current)
    event = signal(number=number, sender=sender, target=target, outcome=outcome)
    kernel = pushdown(filter_)
    ends = [
        End(one.pid, one.uid, kernel.judge.verdict(one) if kernel.judge and is_met else 0)
        for one, is_met in zip((current, target), met)
    ]
    injected = sent == "the tracer"
    says = [
        kernel.admits(number, result, *ends, injected=injected, sent=sent == "a call")
        for result in RESULTS_OF[outcome]
    ]
    if not all(says):
        assert not filter_.matches(event)
    elif all(met) and filter_.sender == filter_.either == filter_.values == ():
        assert outcome_fits(filter_, outcome) is filter_.matches(event)


def outcome_fits(filter_, outcome):
    return not filter_.outcomes or bool(filter_.fates) or outcome in filter_.outcomes


def test_what_the_kernel_does_is_worth_it():
    kernel = pushdown(
        Filter(signals=frozenset((9,)), target=terms("5", "6", "!6"), either=terms("!9"))
    )
    assert kernel.signals == {9}
    assert kernel.targets == {5, 6}
    assert kernel.not_targets == {6, 9}


WEB = Process(812, comm=b"web", unit=b"web.service", container=b"ab" * 32)
BARE = Process(unit=b"web.service")


@pytest.mark.parametrize(
    ("filter_", "about", "wanted"),
    [
        (Filter(), BARE, True),
        # Who asks for signals of some kind does not mean what is said about them.
        (Filter(signals=frozenset((9,))), BARE, False),
        (Filter(origins=parse_origins("oom")), BARE, False),
        (Filter(outcomes=parse_outcomes("delivered")), BARE, False),
        (Filter(target=terms("812")), WEB, True),
        (Filter(target=terms("812")), BARE, False),
        (Filter(target=terms("web")), WEB, True),
        (Filter(either=terms("812")), WEB, True),
        (Filter(either=terms("813")), WEB, False),
        (Filter(values=parse_values("unit", "web")), BARE, True),
        (Filter(values=parse_values("unit", "db")), BARE, False),
        (Filter(values=parse_values("container", "abab")), WEB, True),
        (Filter(values=parse_values("container", "cdcd")), WEB, False),
        (Filter(since=5), BARE, False),
    ],
)
def test_of_a_statement_who_it_is_about_decides(filter_, about, wanted):
    said = Statement(
        1, "1", "syslog", "unit failed", by=Process(1, comm=b"systemd"), about=about, number=9
    )
    assert filter_.matches(said) is wanted
    undated = replace(said, time=None)
    assert filter_.matches(undated) is (wanted or filter_.since is not None)
