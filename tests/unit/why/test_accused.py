"""Witnesses that are all true, and from which a wrong conclusion is near: who is not to be accused."""

from __future__ import annotations

import pytest
from test_rules import by, verdicts
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
    sent,
    unit_died,
)

from tracer.model.event import Place, Process
from tracer.model.frozen import replace
from tracer.why import ask

WORKER = Process(2240, comm=b"worker", unit=UNIT, ppid=2231)
NAMELESS = Process(2231, comm=b"webapp")
AUDIT = {"source": "audit log", "outcome": None}
OTHER = replace(PKILL, pid=77)


def the_one_of(pid, events):
    return ask.answer(ask.Heard(sorted(events, key=lambda one: one.time)), (), pid).verdicts[0]


def told(verdict):
    return verdict.cause, verdict.confidence, by(verdict)


def kernels(seconds):
    """The kernel's line that the OOM killer took webapp."""
    place = Place("messages", 7)
    return [
        sent(seconds, "KILL", None, NAMELESS, "syslog", origin="oom", outcome=None, place=place),
        said(seconds, "oom report", NAMELESS, Process(comm=b"kernel"), place=place),
    ]


@pytest.mark.parametrize("late", [-0.3, 0.2, 1.5])
@pytest.mark.parametrize(("log", "sure"), [("syslog", "likely"), ("kernel log", "yes")])
def test_who_is_dying_of_want_of_memory_is_killed_by_nobody_else(late, log, sure):
    """A syslog's line bears the moment when its daemon came to read it; monit's SIGKILL met who was dying."""
    oom = [replace(one, source=log) for one in kernels(late)]
    verdict = the_one_of(b"2231", [*oom, sent(0, "KILL", target=NAMELESS, **AUDIT)])
    assert told(verdict) == ("oom", "yes" if late < 0 else sure, None)


@pytest.mark.parametrize(("crash", "seconds"), [("SEGV", 4), ("SEGV", 60), ("ABRT", 30), ("QUIT", 30)])  # fmt: skip
def test_a_kill_of_who_writes_its_core_is_no_end(crash, seconds):
    end = died(0, crash, NAMELESS, "audit log")
    late = sent(seconds, "KILL", target=NAMELESS, **AUDIT)
    (verdict,) = verdicts([end, late])
    assert (verdict.number, by(verdict)) == (end.number, None)
    assert late.id in [one.id for one in verdict.evidence]


@pytest.mark.parametrize(
    ("target", "seconds"),
    [(replace(NAMELESS, comm=b"other"), 4), (NAMELESS, 200), (replace(NAMELESS, start=at(3)), 4)],
)
def test_a_kill_of_the_next_owner_is_an_end(target, seconds):
    end = died(0, "SEGV", replace(NAMELESS, start=at(-50)), "audit log")
    last = verdicts([end, sent(seconds, "KILL", target=target, **AUDIT)])[-1]
    assert (last.cause, by(last)) == ("killed", 991)


@pytest.mark.parametrize(
    ("dumping", "cause", "sender"),
    [
        (sent(0, "SEGV", None, origin="fault"), "crash", None),
        (sent(0, "ABRT", WEBAPP), "abort", None),
        (sent(0, "QUIT", OTHER), "killed", 77),
        (sent(0, "ABRT", SYSTEMD), "watchdog", 1),
    ],
)
def test_a_kill_that_cuts_a_core_short_has_ended_nobody(dumping, cause, sender):
    """complete_signal(), kernel/signal.c: SIGKILL is taken then, too, and wait(2) tells of it."""
    words = [said(-0.1, "watchdog")] if cause == "watchdog" else []
    events = [*words, dumping, sent(9, "KILL"), died(9.1, "KILL", cause="s9", core=False)]
    (verdict,) = verdicts(events)
    assert (verdict.cause, verdict.confidence, verdict.number) == (cause, "yes", dumping.number)
    assert sender == (by(verdict) if cause != "abort" else None)
    told = "it was ending when SIGKILL by pkill[991] came 9 s later: that cut its core short"
    assert told in verdict.why
    assert "s9" in [one.id for one in verdict.evidence]


@pytest.mark.parametrize("more", [{"outcome": "handled"}, {"outcome": "blocked"}, {"tracer": OTHER}])  # fmt: skip
def test_who_went_on_was_killed(more):
    events = [
        sent(0, "SEGV", None, origin="fault", **more),
        sent(9, "KILL"),
        died(9.1, "KILL", cause="s9"),
    ]
    assert told(verdicts(events)[0]) == ("killed", "yes", 991)


def test_a_units_end_by_the_kill_that_cut_its_core_is_that_crash():
    """Audit tells of the crash when the core begins."""
    crash = died(0, "SEGV", NAMELESS, "audit log")
    late = sent(4, "KILL", target=NAMELESS, **AUDIT)
    (verdict,) = verdicts([crash, late, unit_died(4.1, "KILL")])
    assert (verdict.cause, verdict.number, by(verdict)) == ("crash", crash.number, None)
    assert verdict.unit == UNIT.decode()


def test_the_oom_notice_of_a_unit_means_whom_the_kernel_names():
    """A worker was the victim; who killed the main process five seconds later is not told."""
    events = [
        sent(0, "KILL", None, WORKER, "syslog", origin="oom", outcome=None),
        said(0, "oom report", WORKER, Process(comm=b"kernel")),
        said(0, "oom notice", details={"killer": "kernel"}),
    ]
    assert told(verdicts([*events, unit_died(5, "KILL")])[-1]) == ("unknown", "open", None)
    assert told(verdicts([*events[2:], unit_died(5, "KILL")])[-1]) == ("oom", "likely", None)


TWO = Process(2300, comm=b"webapp")


@pytest.mark.parametrize(
    ("one", "other", "cause"),
    [
        # One of them was another webapp.
        (sent(-0.1, "KILL", target=TWO, **AUDIT), kernels(-0.2)[0], "unknown"),
        (sent(-0.1, "KILL", target=TWO, **AUDIT), sent(-0.2, "KILL", OTHER, replace(TWO, pid=2), **AUDIT), "unknown"),
        # pkill(1) of them all.
        (sent(-0.1, "KILL", target=TWO, **AUDIT), sent(-0.2, "KILL", target=replace(TWO, pid=2), **AUDIT), "killed"),
        # Of another unit, or container.
        (sent(-0.1, "KILL", target=replace(TWO, unit=b"docker-1.scope"), **AUDIT), None, "unknown"),
    ],
)  # fmt: skip
def test_of_several_of_that_name_nobody_knows_which_was_the_units(one, other, cause):
    events = [one, *([] if other is None else [other]), unit_died(0, "KILL")]
    verdict = next(v for v in verdicts(events) if v.process.pid is None)
    assert verdict.cause == cause


@pytest.mark.parametrize(("begun", "cause"), [(None, "killed"), ("started", "unknown"), ("restart scheduled", "unknown")])  # fmt: skip
def test_what_struck_the_run_before_was_not_for_this_one(begun, cause):
    call = sent(-1, "TERM", target=TWO, **AUDIT)
    events = [call, *([] if begun is None else [said(-0.9, begun)]), unit_died(0, "TERM")]
    assert verdicts(events)[0].cause == cause


MAIN_CRASHED = [
    sent(0, "SEGV", None, WEBAPP, origin="fault"),
    died(0.01, "SEGV", WEBAPP, cause="s0"),
]
LEFT = [
    sent(0.1, "TERM", SYSTEMD, WORKER),
    sent(0.1001, "CONT", SYSTEMD, WORKER),
    died(0.13, "TERM", WORKER, cause="s0.1"),
]
STRUCK = [
    sent(0, "KILL", None, WORKER, origin="oom"),
    died(0.01, "KILL", WORKER, cause="s0"),
]
STOPPED = [
    sent(0.1, "TERM", SYSTEMD, WEBAPP),
    sent(0.1001, "CONT", SYSTEMD, WEBAPP),
    died(0.13, "TERM", WEBAPP, cause="s0.1"),
]


@pytest.mark.parametrize("asked", [None, 0.05, 0.15])
@pytest.mark.parametrize(
    ("pid", "events", "words"),
    [
        (b"2240", MAIN_CRASHED + LEFT, "webapp[2231], a child of systemd in this unit, had ended 90 ms before"),
        (b"2231", STRUCK + STOPPED, "the OOM killer had struck in its unit"),
    ],
)  # fmt: skip
def test_what_a_manager_does_by_itself_nobody_has_asked_for(pid, events, words, asked):
    """Nor has who asked for a restart when it was dying already."""
    verdict = the_one_of(pid, [*events, *([] if asked is None else [ran(asked)])])
    assert told(verdict) == ("killed", "yes", 1)
    assert verdict.who.asked is None
    assert verdict.why[0].startswith(words)
    assert verdict.unknown == ()


def test_who_asked_before_may_have_been_the_reason():
    verdict = the_one_of(b"2231", [*STRUCK, *STOPPED, ran(-0.5)])
    assert told(verdict) == ("stop", "likely", 1)
    assert verdict.who.asked.comm == b"systemctl"


HELPER = replace(WORKER, pid=3000, comm=b"helper", ppid=1)


@pytest.mark.parametrize(
    ("ended", "asked", "verdict"),
    [
        (-4, 0.05, ("stop", "yes", 1)), (-4, None, ("killed", "likely", 1)),
        (0.03, 0.05, ("killed", "yes", 1)), (0.03, None, ("killed", "yes", 1)),
    ],
)  # fmt: skip
def test_who_had_long_ended_was_not_why_a_manager_began(ended, asked, verdict):
    """Whom its parent has left is a child of PID 1, too: that one of a unit ends is no reason by itself."""
    events = [exited(ended, 0, HELPER), *STOPPED, *([] if asked is None else [ran(asked)])]
    found = the_one_of(b"2231", events)
    assert told(found) == verdict
    assert (found.who.asked is not None) == (verdict[0] == "stop")


@pytest.mark.parametrize(("born", "cause"), [(-100, "killed"), (-4, "stop")])
def test_what_a_stop_runs_has_no_main_process_ended(born, cause):
    """ExecStop= (systemd.service(5)) may take seconds; what it ran ends, and then what is left is asked to."""
    main = replace(WEBAPP, start=NOON - 50 * S)
    control = replace(HELPER, start=NOON + born * S)
    stopped = [
        sent(0.1, "TERM", SYSTEMD, main),
        sent(0.1001, "CONT", SYSTEMD, main),
        died(0.13, "TERM", main, cause="s0.1"),
    ]
    verdict = the_one_of(b"2231", [exited(0.05, 0, control), *stopped])
    assert (verdict.cause, any("had ended" in one for one in (*verdict.why, *verdict.doubts))) == (
        cause,
        cause == "killed",
    )


def test_of_a_stop_its_main_process_may_end_first():
    """KillMode=mixed (systemd.kill(5))."""
    events = [
        sent(0, "TERM", SYSTEMD, WEBAPP, outcome="handled"),
        exited(0.05, 0, WEBAPP, handled="s0"),
        *LEFT,
    ]
    assert told(the_one_of(b"2240", [*events, ran(-0.1)])) == ("stop", "yes", 1)


def test_of_what_is_left_it_may_take_long_to_end():
    late = [
        sent(0.1, "TERM", SYSTEMD, WORKER, outcome="handled"),
        sent(90.1, "KILL", SYSTEMD, WORKER),
        died(90.2, "KILL", WORKER, cause="s90.1"),
    ]
    verdict = the_one_of(b"2240", [*MAIN_CRASHED, *late])
    assert (verdict.cause, verdict.who.asked, verdict.unknown) == ("stop timeout", None, ())


def test_a_command_of_the_same_clock_came_before_what_it_asked_for():
    assert told(the_one_of(b"2231", [*STOPPED, ran(0.15)])) == ("stop", "likely", 1)
    assert told(the_one_of(b"2231", [*STOPPED, ran(0.05)])) == ("stop", "yes", 1)


@pytest.mark.parametrize(
    ("argv", "cause"),
    [
        (b"systemctl kill webapp", "killed"),
        (b"systemctl kill -s TERM webapp", "killed"),
        (b"systemctl kill -s HUP webapp", "stop"),
        (b"systemctl kill --signal=USR1 webapp", "stop"),
        (b"systemctl reload webapp", "stop"),
    ],
)
def test_who_had_another_signal_sent_did_not_ask_for_this(argv, cause):
    client = replace(SYSTEMCTL, argv=tuple(argv.split()))
    verdict = the_one_of(b"2231", [*STOPPED, ran(0.05, client)])
    assert (verdict.cause, verdict.who.asked is None) == (cause, cause == "stop")


def test_a_command_after_the_end_did_not_cause_it():
    """Of one trace, whose clock is one."""
    end = died(0, "KILL", WEBAPP)
    assert told(verdicts([end, ran(-0.02, PKILL)])[0])[0] == "killed"
    assert told(verdicts([end, ran(0.02, PKILL)])[0])[0] == "unknown"


@pytest.mark.parametrize(
    ("number", "seconds", "right"),
    [
        ("SEGV", 0.02, ("killed", "yes", 991)), ("SEGV", 4, ("unknown", "open", None)),
        ("TERM", 0.5, ("killed", "yes", 991)), ("TERM", 3, ("killed", "likely", 991)),
    ],
)  # fmt: skip
def test_a_call_long_before_an_end_may_have_been_handled(number, seconds, right):
    """Audit tells of calls, and not of what became of them; its own fault came later."""
    call = sent(0, number, target=NAMELESS, **AUDIT)
    end = died(seconds, number, NAMELESS, "journal")
    assert told(the_one_of(b"2231", [call, end])) == right


BOX = b"3f" * 32


@pytest.mark.parametrize(
    ("sender", "target", "cause"),
    [
        ({}, {}, "killed"),
        ({"ns_pid": 991}, {"ns_pid": 2231}, "killed"),
        # Of a container, the number is one in there.
        ({"ns_pid": 30, "container": BOX}, {}, "unknown"),
        ({"ns_pid": 30, "container": BOX}, {"ns_pid": 7, "container": BOX}, "unknown"),
        ({"ns_pid": 30, "container": BOX}, {"pid": 9000, "ns_pid": 2231, "container": BOX}, "killed"),
        ({"ns_pid": 30, "container": BOX}, {"pid": 9000, "ns_pid": 2231, "container": BOX[::-1]}, "unknown"),
        ({"ns_pid": 30}, {}, "unknown"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("words", [b"kill -9 2231", b"pkill -9 -x webapp"])
def test_a_command_in_a_container_means_who_is_in_there(sender, target, cause, words):
    if words.startswith(b"pkill") and target.get("container") == sender.get("container") == BOX:
        cause = "killed"
    target = replace(WEBAPP, **{"unit": None, **target})
    command = replace(PKILL, argv=tuple(words.split()), **sender)
    (verdict,) = verdicts([died(0, "KILL", target, "journal"), ran(-0.02, command)])
    assert verdict.cause == cause


def test_in_a_container_another_manager_is_asked():
    client = replace(SYSTEMCTL, ns_pid=12)
    assert the_one_of(b"2231", [*STOPPED, ran(0.05, client)]).who.asked is None


@pytest.mark.parametrize("before", ["start timeout", "runtime limit", "watchdog"])
def test_what_its_manager_said_long_before_is_not_why_it_asks_now(before):
    verdict = the_one_of(b"2231", [said(-100, before), *STOPPED, ran(0.05)])
    assert told(verdict) == ("stop", "yes", 1)


@pytest.mark.parametrize(
    ("seconds", "status", "cause"),
    [
        (0.1, 1, "killed"), (4, 1, "killed"), (8, 1, "unknown"), (400, 1, "unknown"),
        # What ends gracefully has its time, and says so.
        (8, 0, "killed"), (400, 0, "killed"), (8, 143, "killed"), (8, 130, "unknown"),
    ],
)  # fmt: skip
def test_a_failure_long_after_a_request_may_have_other_reasons(seconds, status, cause):
    events = [sent(0, "TERM", outcome="handled"), exited(seconds, status, handled="s0")]
    (verdict,) = verdicts(events)
    if cause == "killed":
        assert told(verdict) == ("killed", "likely", 991)
    else:
        assert (verdict.cause, verdict.who, set(verdict.fits)) == (
            "unknown",
            None,
            {"killed", "exit"},
        )
        assert any("SIGTERM by pkill[991]" in one for one in verdict.why)


@pytest.mark.parametrize("other", [sent(0, "TERM", OTHER, outcome="handled"), sent(1.05, "QUIT", OTHER, outcome="handled")])  # fmt: skip
def test_several_may_have_asked(other):
    events = [other, sent(1, "TERM", outcome="handled"), exited(1.1, 0, handled="s1")]
    (verdict,) = verdicts(events)
    assert "1 more had asked it to end, too" in verdict.doubts


@pytest.mark.parametrize(
    ("uid", "argv", "cause"),
    [
        (0, b"/usr/sbin/nohang", "user oom killer"),
        (1000, b"/usr/sbin/nohang", "killed"),
        (None, b"/usr/sbin/nohang", "killed"),
        (0, b"/usr/sbin/earlyoom", "killed"),
    ],
)
def test_nohang_by_hand_has_the_interpreters_name(uid, argv, cause):
    guard = Process(
        500, comm=b"python3", uid=uid, argv=(b"python3", argv), exe=b"/usr/bin/python3.11"
    )
    (verdict,) = verdicts([sent(0, "KILL", guard), died(0.001, "KILL", cause="s0")])
    assert told(verdict) == (cause, "yes", 500)
