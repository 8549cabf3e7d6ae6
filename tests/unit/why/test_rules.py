"""What proves each cause, and what does not: nobody is accused without evidence."""

from __future__ import annotations

import pytest
from told import (
    NOON,
    PKILL,
    SYSTEMCTL,
    SYSTEMD,
    UNIT,
    WEBAPP,
    S,
    at,
    died,
    exited,
    ran,
    said,
    saw,
    sent,
    unit_died,
)

from tracer.model.event import Ancestor, Earlier, Oom, Place, Process
from tracer.model.frozen import replace
from tracer.why import ask
from tracer.why.deaths import deaths_in
from tracer.why.lost import lost_with_the_host
from tracer.why.verdict import verdict_of
from tracer.why.words import labels

OTHER = Process(4711, comm=b"worker", unit=b"other.service")
GUARD = Process(500, comm=b"earlyoom", uid=0)
KUBELET, DOCKERD = Process(900, comm=b"kubelet"), Process(901, comm=b"dockerd")
BOX = Process(container=b"3f2a" * 16)
USER_SYSTEMD = Process(666, comm=b"systemd", ppid=665, uid=1000)


def verdicts(events, coverages=()):
    ends = [*deaths_in(events), *lost_with_the_host(events)]
    return [verdict_of(one, events, list(coverages), ends) for one in ends]


def by(verdict):
    sender = verdict.who and verdict.who.sender
    return sender and sender.pid


def kill(name="KILL", **more):
    """A signal of pkill's, and the death of it."""
    return [sent(0, name, **more), died(0.001, name, cause="s0")]


def ended(seconds, code, box=BOX, **more):
    """A runtime's word for the end of a container."""
    return said(seconds, "container ended", box, KUBELET, details={"status": code, **more})


def by_kernel(origin, name="KILL", **more):
    return kill(name, sender=None, origin=origin, **more)


ESCALATED = [
    sent(-90, "TERM", SYSTEMD, outcome="handled"),
    sent(0, "KILL", SYSTEMD, escalates=Earlier("s-90", 15, 90 * S)),
    died(0.001, "KILL", cause="s0"),
]

# Events; cause, confidence, pid of the sender that is named.
PROVEN = {
    "start timeout that the unit alone tells": (
        [said(0, "start timeout"), said(0.1, "unit failed", details={"result": "timeout"})],
        "start timeout", "likely", None,
    ),
    "a process": (kill(), "killed", "yes", 991),
    "its manager, after its patience": (
        [sent(-89.99, "CONT", SYSTEMD), *ESCALATED], "stop timeout", "yes", 1),
    "its manager, which a client may have asked twice": (ESCALATED, "stop timeout", "likely", 1),
    "its manager, at once": (
        [sent(0, "TERM", SYSTEMD), died(0.001, "TERM", cause="s0")], "stop", "likely", 1),
    "its manager, that says that it stops it": (
        [said(-0.1, "stop asked"), sent(0, "TERM", SYSTEMD), died(0.001, "TERM", cause="s0")],
        "stop", "yes", 1),
    "its manager, which says why": (
        [said(-0.1, "watchdog"), sent(0, "ABRT", SYSTEMD), died(0.1, "ABRT", cause="s0")],
        "watchdog", "yes", 1),
    "its manager, which does not say why": (
        [sent(0, "KILL", SYSTEMD), died(0.001, "KILL", cause="s0")], "killed", "yes", 1),
    "the shutdown's own": (
        [sent(0, "KILL", Process(1, comm=b"systemd-shutdow")), died(0.1, "KILL", cause="s0")],
        "shutdown", "yes", 1),
    "a memory guard": (kill(sender=GUARD), "user oom killer", "yes", 500),
    "the OOM killer": (by_kernel("oom", oom=Oom("host")), "oom", "yes", None),
    "a fault": (by_kernel("fault", "SEGV", code=1, address=0), "crash", "yes", None),
    "a broken memory module": (by_kernel("fault", "BUS", code=4), "hardware", "yes", None),
    "abort(3)": (kill("ABRT", sender=WEBAPP, origin="tgkill"), "abort", "yes", None),
    "itself": (kill("SEGV", sender=WEBAPP), "killed", "yes", 2231),
    "a timer": (by_kernel("timer", "ALRM"), "timer", "yes", None),
    "a limit": (by_kernel("rlimit", "XCPU"), "limit", "yes", None),
    "a pipe": (by_kernel("pipe", "PIPE"), "pipe", "yes", None),
    "the terminal": (by_kernel("tty", "HUP"), "terminal", "yes", None),
    "the parent's death": (by_kernel("parent death", "TERM"), "parent death", "yes", None),
    "the pid namespace": (by_kernel("pid namespace"), "pid namespace", "yes", None),
    "seccomp": (by_kernel("seccomp", "SYS"), "seccomp", "yes", None),
    "a tracer": (kill(origin="ptrace"), "ptrace", "yes", 991),
    "the kernel": (by_kernel("kernel"), "kernel", "yes", None),
    "an OOM report in the kernel's log": (
        [said(0, "oom report", Process(2231, comm=b"webapp")), died(0.1, "KILL")], "oom", "yes", None),
    "a fault in the kernel's log": (
        [said(0, "fault", Process(2231, comm=b"webapp")), died(0.1, "SEGV")], "crash", "yes", None),
    "one of two, of one sender": (
        [sent(-1, "TERM"), sent(0, "TERM"), died(0.1, "TERM", causes=("s-1", "s0"))],
        "killed", "yes", 991),
    "one of two, of two senders": (
        [sent(-1, "TERM"), sent(0, "TERM", OTHER), died(0.1, "TERM", causes=("s-1", "s0"))],
        "killed", "likely", None),
    "its own fault, as the end says": ([died(0, "SEGV", origin="fault")], "crash", "yes", None),
    "exec beyond its point of no return": (by_kernel("exec", "SEGV"), "exec failed", "yes", None),
    "an exit": ([exited(0, 3)], "exit", "yes", None),
    "a stop timeout in a text log": (
        [said(0, "stop timeout"), unit_died(0, "KILL"), said(0, "unit failed")],
        "stop timeout", "yes", None),
    "a start timeout in a text log": (
        [said(0, "start timeout"), unit_died(0, "TERM")], "start timeout", "yes", None),
    "a runtime limit": (
        [said(0, "runtime limit"), unit_died(0, "TERM")], "runtime limit", "yes", None),
    "a reload timeout": (
        [said(0, "reload timeout"), said(0, "process exited", details={"kind": "Control"}, place=Place("messages", 22)),
         unit_died(0, "KILL")], "reload timeout", "yes", None),
    "a handler that raises again": (
        [sent(-1, "TERM", outcome="handled"), sent(0, "TERM", WEBAPP, origin="tgkill"),
         died(0.1, "TERM", cause="s0")], "killed", "yes", 991),
    **{
        f"a handler that raises its own {name} again": (
            [sent(-0.001, name, sender=None, origin="fault", code=1, address=0, outcome="handled"),
             sent(0, name, WEBAPP, origin="tgkill"), died(0.1, name, cause="s0")], "crash", "yes", None)
        for name in ("SEGV", "BUS", "FPE", "ILL")
    },
    "a handler that writes a report before it raises its own fault again": (
        [sent(-3, "SEGV", sender=None, origin="fault", code=1, address=0, outcome="handled"),
         sent(0, "SEGV", WEBAPP, origin="tgkill", outcome="blocked"), died(0.1, "SEGV", cause="s0")],
        "crash", "yes", None),
    "a fault that it may have gone on after": (
        [sent(-0.1, "SEGV", sender=None, origin="fault", code=1, address=0, outcome="handled"),
         sent(0, "SEGV", WEBAPP, origin="tgkill"), died(0.1, "SEGV", cause="s0")], "crash", "likely", None),
    "a fault that it went on after, and a kill by itself": (
        [sent(-2, "SEGV", sender=None, origin="fault", code=1, address=0, outcome="handled"),
         sent(0, "SEGV", WEBAPP, origin="tgkill"), died(0.1, "SEGV", cause="s0")], "killed", "yes", 2231),
    "a fault long before it kills itself": (
        [sent(-9, "SEGV", sender=None, origin="fault", code=1, address=0, outcome="handled"),
         sent(0, "SEGV", WEBAPP), died(0.1, "SEGV", cause="s0")], "killed", "yes", 2231),
    "a request that it ignored before it ended itself": (
        [sent(-1, "TERM", outcome="ignored"), sent(0, "TERM", WEBAPP), died(0.1, "TERM", cause="s0")],
        "killed", "yes", 2231),
    "a handler that took it of two before it raises it again": (
        [sent(-2, "TERM", OTHER, outcome="handled"), sent(-1, "TERM", outcome="handled"),
         sent(0, "TERM", WEBAPP), died(0.1, "TERM", cause="s0")], "killed", "likely", 991),
    "itself, of which audit tells the calls alone": (
        [sent(0, "SEGV", WEBAPP, source="audit"), died(0.1, "SEGV", source="audit", cause="s0")],
        "unknown", "open", None),
    "itself with SIGKILL, as audit tells": (
        [sent(0, "KILL", WEBAPP, source="audit"), died(0.1, "KILL", source="audit", cause="s0")],
        "killed", "yes", 2231),
    "a handler that raises the terminal's signal again": (
        [sent(-1, "INT", sender=None, origin="tty", outcome="handled"), sent(0, "INT", WEBAPP),
         died(0.1, "INT", cause="s0")], "terminal", "yes", None),
    "abort(3), behind its handler": (
        [sent(-0.1, "ABRT", WEBAPP, origin="tgkill", outcome="handled"),
         sent(0, "ABRT", WEBAPP, origin="tgkill"), died(0.1, "ABRT", cause="s0")], "abort", "yes", None),
    "an exit that a signal asked for": (
        [sent(-1, "TERM", outcome="handled"), exited(0, 0, handled="s-1", after_ns=S)],
        "killed", "likely", 991),
    "the unit's OOM notice": (
        [said(0, "oom notice"), unit_died(0.1, "KILL")], "oom", "likely", None),
    "kubelet, after its grace period": (
        [said(-30, "stop asked", BOX, KUBELET, details={"grace": "30"}), ended(0, 137)],
        "stop timeout", "likely", 900),
    "kubelet, which leaves no time": (
        [said(-1, "stop asked", BOX, KUBELET, details={"grace": "0"}), ended(0, 137)],
        "killed", "likely", 900),
    "dockerd, which uses force": (
        [said(-0.1, "stop timeout", BOX, DOCKERD), ended(0, 137)], "stop timeout", "yes", 901),
    "a runtime that saw an OOM kill": (
        [said(-0.1, "oom notice", BOX, DOCKERD), ended(0, 137)], "oom", "likely", None),
    "a container that was stopped": (
        [said(-2, "stop asked", BOX, KUBELET, details={"grace": "30"}), ended(0, 143)],
        "stop", "likely", 900),
    "a container's own status": ([ended(0, 3)], "exit", "yes", None),
    "a result that has two reasons": (
        [unit_died(0, "KILL"), said(0.1, "unit failed", details={"result": "oom-kill"})],
        "unknown", "open", None),
    "a stop that was asked": ([said(-1, "stop asked"), unit_died(0, "TERM")], "stop", "likely", None),
    "a command beside it": ([ran(-0.02, PKILL), unit_died(0, "KILL"), died(0, "KILL")], "killed", "likely", 991),
    "a signal to one of the unit's name": (
        [sent(-0.02, "HUP", target=replace(WEBAPP, unit=None)), unit_died(0, "HUP")],
        "killed", "likely", 991),
    "a shutdown": ([said(-3, "shutdown"), unit_died(0, "TERM", unit=b"other.service")], "shutdown", "likely", None),
    "a signal that only faults make": ([unit_died(0, "SEGV")], "crash", "likely", None),
    "an abort": ([unit_died(0, "ABRT")], "abort", "likely", None),
    "a host that was lost": ([said(-60, "started"), said(0, "boot", Process())], "host lost", "likely", None),
    "exclusion": ([unit_died(0, "KILL")], "killed", "likely", None),
}  # fmt: skip
COVERED = {"exclusion": saw("oom", "statements")}


@pytest.mark.parametrize("name", PROVEN)
def test_proven(name):
    events, cause, confidence, sender = PROVEN[name]
    (verdict,) = verdicts(events, COVERED.get(name, ()))
    assert (verdict.cause, verdict.confidence, by(verdict)) == (cause, confidence, sender)
    assert verdict.evidence


@pytest.mark.parametrize("name", [one for one in PROVEN if "handler" in one and "two" not in one])
def test_a_signal_raised_again_stands_beside_the_first(name):
    """Both are evidence, and the first says what it was."""
    (verdict,) = verdicts(PROVEN[name][0])
    assert verdict.story[-1] == "s0"
    assert len(verdict.story) == 2
    assert set(verdict.story) <= {one.id for one in verdict.evidence}
    assert "its handler ran, and raised the signal again" in verdict.why
    of_its_own = any(one.endswith("address 0x0; nobody sent the signal") for one in verdict.why)
    null = "it used address 0x0 (a null pointer); nobody sent the signal" in verdict.why
    assert (of_its_own or null) == (verdict.cause == "crash")


@pytest.mark.parametrize(
    ("outcome", "told"),
    [("ignored", ", which was ignored"), ("handled", ", which was handled"), (None, "")],
)
def test_an_escalation_names_what_was_not_obeyed(outcome, told):
    events = [
        sent(-1, "TERM", outcome=outcome),
        sent(0, "KILL", escalates=Earlier("s-1", 15, S)),
        died(0.001, "KILL", cause="s0"),
    ]
    (verdict,) = verdicts(events)
    assert (verdict.cause, verdict.confidence, by(verdict)) == ("killed", "yes", 991)
    assert verdict.why == (f"it went on after SIGTERM 1 s before{told}",)
    assert verdict.story == ("s-1", "s0")
    assert {"s-1", "s0"} <= {one.id for one in verdict.evidence}


def test_a_target_that_was_stopped():
    events = [sent(-9, "TERM", target_state="stopped"), died(0, "TERM", cause="s-9")]
    (verdict,) = verdicts(events)
    assert verdict.why == ("it was stopped when SIGTERM came: it saw it when it went on",)


def test_who_died_of_the_same_call():
    """Of a wide kill the events share their id; who died of another call at that moment is not counted, nor are those
    of the call as repeats."""
    workers = [replace(WEBAPP, pid=pid) for pid in (3001, 3002, 3003)]
    events = [sent(0, "KILL", target=one, asked=-3001) for one in workers]
    events += [died(0.001 * n, "KILL", one, cause="s0") for n, one in enumerate(workers, 1)]
    events += [sent(0.01, "KILL", target=OTHER), died(0.011, "KILL", OTHER, cause="s0.01")]
    *told, other = verdicts(events)
    assert [[one.pid for one in verdict.left] for verdict in told] == [
        [3002, 3003],
        [3001, 3003],
        [3001, 3002],
    ]
    assert other.left == ()
    last = ask.answer(ask.Heard(events), [], b"3003").verdicts[0]
    assert (last.again, last.otherwise) == (None, ())
    assert (
        "2 more were killed by the same call: webapp[3002-3003]"
        in dict(labels(told[0], 0)).values()
    )


# Neighbours that mislead: what must not be said.
INNOCENT = {
    "the kill of another": [sent(0, "KILL", target=OTHER), unit_died(0, "KILL")],
    "a kill that was ignored": [sent(0, "KILL", outcome="ignored", why="exiting"), died(0.5, "KILL")],
    "a kill that the end does not name": [sent(0, "KILL"), died(0.5, "KILL")],
    "a kill of another number": [sent(0, "TERM"), died(0.5, "KILL")],
    "a kill of the pid's former owner": [
        sent(-20, "KILL", target=Process(2231, comm=b"old")), died(-19.9, "KILL", Process(2231, comm=b"old")),
        died(0, "KILL")],
    "an older process of that pid": [
        sent(-2, "KILL", target=Process(2231, start=at(-500))), died(0, "KILL", replace(WEBAPP, start=at(-1)))],
    "another unit's stop timeout": [
        said(0, "stop timeout", Process(unit=b"other.service")), unit_died(0, "KILL")],
    "another run's stop timeout": [
        said(0, "stop timeout", Process(unit=UNIT, invocation=b"1")),
        died(0, "KILL", replace(WEBAPP, invocation=b"2"))],
    "another's OOM": [said(0, "oom report", OTHER), unit_died(0, "KILL")],
    "somebody else's command": [
        ran(-0.02, replace(PKILL, argv=(b"pkill", b"-9", b"worker"))), unit_died(0, "KILL")],
    "a kill of another pid": [
        ran(-0.02, replace(PKILL, comm=b"kill", argv=(b"kill", b"-9", b"22310"))), died(0, "KILL")],
    "a kill of another of another name": [
        sent(-0.02, "TERM", target=replace(OTHER, unit=None)), unit_died(0, "KILL")],
    "a command that sends another signal": [
        ran(-0.02, replace(PKILL, argv=(b"pkill", b"-HUP", b"-x", b"webapp"))), unit_died(0, "KILL")],
    "a command that asks whether it lives": [
        ran(-0.02, replace(PKILL, argv=(b"pkill", b"-0", b"-x", b"webapp"))), unit_died(0, "KILL")],
    "a line that anybody wrote": [
        said(0, "oom report", Process(2231, comm=b"webapp"), believed=False),
        said(0, "stop timeout", believed=False), died(0, "KILL")],
    "a command long before": [ran(-60, PKILL), unit_died(0, "KILL")],
    "an exit code that may be a status": [ended(0, 137)],
    "a container that ended within its grace": [
        said(-3, "stop asked", BOX, KUBELET, details={"grace": "30"}), ended(0, 137)],
    "a reload that was ended beside it": [
        said(0, "reload timeout"), said(0, "process exited", details={"kind": "Main"}, place=Place("messages", 22)),
        unit_died(0, "KILL")],
    "a stop of another container": [
        said(-30, "stop asked", Process(container=b"0a1b" * 16), KUBELET, details={"grace": "30"}),
        ended(0, 137)],
    "a stop long before": [said(-800, "stop asked"), unit_died(0, "KILL")],
    "nothing at all": [unit_died(0, "KILL")],
}  # fmt: skip


@pytest.mark.parametrize("name", INNOCENT)
def test_no_false_accusation(name):
    events = INNOCENT[name]
    verdict = [one for one in verdicts(events) if one.time >= NOON][-1]
    assert by(verdict) is None
    assert verdict.who is None
    assert verdict.cause == "unknown"
    assert verdict.confidence in ("open", "no")


@pytest.mark.parametrize("grace", ["²", "٣٠", "9" * 5000, "30.5"])
def test_a_grace_that_is_no_number(grace):
    """A recording is a text like others."""
    stop = said(-30, "stop asked", BOX, KUBELET, details={"grace": grace})
    (verdict,) = verdicts([stop, ended(0, 137)])
    assert verdict.cause == "unknown"


def test_a_name_that_a_user_gave_itself_is_no_manager():
    """Any process may call itself systemd."""
    (verdict,) = verdicts(kill(sender=USER_SYSTEMD))
    assert verdict.cause == "killed"
    assert by(verdict) == 666


def test_who_asked_the_manager():
    (verdict,) = verdicts([ran(-90.05), *ESCALATED])
    assert verdict.who.asked == SYSTEMCTL
    assert verdict.who.login.user == "alice"
    assert verdict.who.via == "login"
    assert verdict.story == ("e-90.05", "s-90", "s0")


@pytest.mark.parametrize(
    "argv", [(b"systemctl", b"restart", b"nginx"), (b"cat", b"webapp"), (b"systemctl",)]
)
def test_who_asked_of_another_did_not_ask(argv):
    (verdict,) = verdicts([ran(-90.05, replace(SYSTEMCTL, argv=argv)), *ESCALATED])
    assert verdict.who.asked is None


def test_a_negative_is_worth_what_its_sight_is_worth():
    (seen,) = verdicts([unit_died(0, "KILL")], saw("oom"))
    assert [one.cause for one in seen.ruled_out] == ["oom"]
    assert [one.cause for one in seen.cannot_rule_out] == ["stop timeout", "killed"]
    (unseen,) = verdicts([unit_died(0, "KILL")])
    assert not unseen.ruled_out


def test_one_end_told_twice_is_one():
    (verdict,) = verdicts([*kill(), unit_died(0.2, "KILL")])
    assert verdict.confidence == "yes"
    assert verdict.unit == "webapp.service"


def test_two_ends_of_one_unit_are_two():
    worker = replace(WEBAPP, pid=2240, ppid=2231)
    ends = deaths_in([died(0, "KILL"), died(0.1, "KILL", worker), unit_died(0.2, "KILL")])
    assert [len(one.tellings) for one in ends] == [2, 1]


def test_a_units_end_is_not_put_to_one_of_several():
    workers = [replace(WEBAPP, pid=pid, ppid=7) for pid in (8, 9)]
    ends = deaths_in([died(0, "KILL", one) for one in workers] + [unit_died(0.2, "KILL")])
    assert len(ends) == 3


def test_contradictions_are_told():
    (verdict,) = verdicts([*kill(), said(0, "oom report", Process(2231, comm=b"webapp"))])
    assert verdict.cause == "killed"
    assert verdict.contradicts == ("oom would fit, too: oom report",)


def test_cron_is_who_was_behind():
    (verdict,) = verdicts(kill())
    assert verdict.who.via == "cron"
    assert verdict.who.login.user == "uid 1000"
    login = replace(PKILL, ancestors=(Ancestor(5, b"bash"), Ancestor(4, b"sshd")))
    (verdict,) = verdicts(kill(sender=login))
    assert verdict.who.via == "login"


def test_every_rule_has_both_sides():
    """A rule that nothing here proves, or that nothing here refutes, does not exist."""
    from tracer.why.case import case_of
    from tracer.why.rules import RULES

    def cases(tables):
        for events in tables:
            ends = [*deaths_in(events), *lost_with_the_host(events)]
            yield from (case_of(one, events) for one in ends)

    proofs = list(cases(events for events, *_ in PROVEN.values()))
    innocents = list(cases(INNOCENT.values()))
    for rule in RULES:
        assert any(rule.find(case) for case in proofs), rule.name
        assert any(rule.find(case) is None for case in innocents), rule.name


@pytest.mark.parametrize(
    "events",
    [
        [said(-60, "started"), said(-20, "shutdown", Process()), said(0, "boot", Process())],
        [said(-60, "started"), said(-50, "unit failed"), said(0, "boot", Process())],
        [said(-60, "started", text=b"Finished it."), said(0, "boot", Process())],
        [said(-60, "started", believed=False), said(0, "boot", Process())],
        [said(0, "boot", Process()), said(5, "started")],
        [said(-60, "started")],
    ],
    ids=[
        "a shutdown",
        "it had failed",
        "it ran once",
        "a forged start",
        "started since",
        "no boot",
    ],
)
def test_no_host_is_lost_without_a_boot_after_it(events):
    assert lost_with_the_host(events) == []


INSIDE = replace(WEBAPP, unit=None, container=BOX.container, ns_pid=1)


def test_an_exit_code_joins_the_process_that_ended():
    """By the container and the time: the kernel's own record says what it was."""
    events = [*kill(target=INSIDE), ended(0.2, 137, Process(container=BOX.container[:12]))]
    events[1] = replace(events[1], process=INSIDE)
    (verdict,) = verdicts(events)
    assert (verdict.cause, verdict.confidence, by(verdict)) == ("killed", "yes", 991)


@pytest.mark.parametrize(
    ("code", "more", "events", "word"),
    [
        (137, {"oom_killed": False}, by_kernel("oom", oom=Oom("cgroup")), "OOMKilled: false"),
        (137, {"oom_killed": True}, kill(), "what is recorded of this very process counts more"),
        (143, {}, kill(), "which does not stand for SIGKILL"),
        (137, {"oom_killed": True}, by_kernel("oom", oom=Oom("cgroup")), None),
        (137, {"oom_killed": False}, kill(), None),
    ],
)
def test_a_runtimes_word_may_be_contradicted(code, more, events, word):
    signal, end = events
    told = [replace(signal, target=INSIDE), replace(end, process=INSIDE), ended(0.2, code, **more)]
    (verdict,) = verdicts(told)
    assert verdict.confidence == "yes"
    assert [word in one for one in verdict.contradicts] == ([True] if word else [])
