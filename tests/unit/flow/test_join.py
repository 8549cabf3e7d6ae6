"""Deaths and escalations: what is joined, and what is not invented."""

from __future__ import annotations

import pytest

from tracer.flow.filter import Filter
from tracer.flow.join import Joiner
from tracer.model.event import Ancestor, Earlier, Exit, Process, Signal, lost
from tracer.model.times import SECOND

MS = 1_000_000
TARGET = Process(20, 20, b"app", start=5)


BASH = Process(8, 8, b"bash", start=2, ancestors=(Ancestor(3, b"sshd", 1), Ancestor(1, b"systemd")))


def of(pid, parent=BASH, comm=b"kill"):
    """A process that a shell has started."""
    ancestors = (Ancestor(parent.pid, parent.comm, parent.start), *parent.ancestors)
    return Process(pid, pid, comm, start=pid, ancestors=ancestors)


def signal(time, number, outcome="delivered", target=TARGET, source="core", **fields):
    return Signal(
        time, f"id{time}", source, number, outcome=outcome, target=target, origin="kill", **fields
    )


def ended(time, number=None, status=None, process=TARGET):
    return Exit(time, "x", "core", process, number=number, status=status)


def joined(*events):
    joiner = Joiner(Filter())
    return [joiner.join(event) for event in events][-1]


def test_a_death_names_its_signal_and_the_time_between():
    end = joined(signal(10 * MS, 9), ended(12 * MS, 9))
    assert (end.cause, end.after_ns) == (f"id{10 * MS}", 2 * MS)


@pytest.mark.parametrize(
    ("sent", "cause"),
    [
        # number, outcome, and what else is known
        ([(15, "delivered"), (15, "coalesced")], 1),
        ([(15, "blocked"), (15, "coalesced")], 1),
        # Queued again: the one before was taken, by sigwait or a signalfd.
        ([(15, "blocked"), (15, "blocked")], 2),
        ([(15, "blocked"), (15, "delivered")], 2),
        ([(15, "awaited"), (15, "blocked")], 2),
        ([(15, "handled"), (15, "delivered")], 2),
        ([(15, "blocked"), (15, "ignored", {"why": "SIG_IGN"}), (15, "blocked")], 3),
        ([(15, "blocked"), (15, "ignored", {"why": "SIG_IGN"})], None),
        # Nothing holds it back: whatever comes later comes to one who dies.
        ([(15, "delivered"), (15, "delivered")], 1),
        ([(9, "delivered"), (9, "delivered")], 1),
        ([(15, "delivered"), (15, "delivered", {"source": "bcc"})], 1),
        ([(15, "delivered", {"source": "bcc"}), (15, "delivered", {"source": "bcc"})], 2),
        # A tracer kept the first one.
        ([(15, "delivered", {"tracer": BASH}), (15, "delivered", {"tracer": BASH})], 2),
        ([(15, "handled"), (15, "awaited")], None),
        # Real-time signals are all queued.
        ([(35, "blocked"), (35, "blocked")], (1, 2)),
        ([(35, "awaited"), (35, "blocked")], 2),
        ([(35, "blocked")] * 9, None),
        # audit does not tell what was coalesced, nor of which thread.
        ([(15, None), (15, None)], (1, 2)),
        ([(9, None), (9, None)], 1),
        # Queues of their own: the process's, and a thread's.
        ([(15, "blocked"), (15, "blocked", {"scope": "thread"})], (1, 2)),
    ],
)
def test_what_it_died_of(sent, cause):
    events = [signal(n, *one[:2], **dict(*one[2:])) for n, one in enumerate(sent, 1)]
    end = joined(*events, ended(20, sent[0][0]))
    causes = cause if isinstance(cause, tuple) else ()
    assert end.causes == tuple(f"id{n}" for n in causes)
    assert end.cause == (f"id{cause}" if isinstance(cause, int) else None)


def test_a_signal_that_was_ignored_or_handled_is_no_cause():
    assert joined(signal(1, 15, "ignored"), ended(2, 15)).cause is None
    assert joined(signal(1, 15, "handled"), ended(2, 15)).cause is None


def test_an_exit_answers_a_request_to_end():
    end = joined(signal(1, 15, "handled", sender=BASH), ended(4, status=143))
    assert (end.cause, end.handled, end.after_ns) == (None, "id1", 3)
    assert (end.answers.number, end.answers.sender.comm) == (15, b"bash")
    assert joined(signal(1, 15, "awaited"), ended(4, status=0)).handled == "id1"


def test_an_exit_answers_nothing_else():
    for number in (1, 10, 11, 14):
        assert joined(signal(1, number, "handled"), ended(4, status=0)).handled is None
    assert joined(signal(1, 15, "handled"), ended(1 + 15 * MINUTE, status=0)).handled is None
    both = (signal(1, 15, "handled"), signal(2, 14, "handled"), ended(4, status=0))
    assert joined(*both).handled == "id1"


def test_a_death_of_another_signal_has_no_invented_cause():
    end = joined(signal(1, 15, "handled"), ended(4, 11))
    assert end.number == 11
    assert (end.cause, end.after_ns) == (None, None)


def test_who_was_sent_nothing_dies_unseen():
    assert joined(ended(1, 9)) is None
    assert joined(signal(1, 9), ended(2, 9, process=Process(20, 20, b"app", start=6))) is None


def test_an_exit_has_nothing_to_do_with_a_harmless_signal():
    assert joined(signal(1, 17, "ignored"), ended(2, status=0)) is None


MINUTE = 60 * SECOND


@pytest.mark.parametrize(
    ("number", "outcome", "by", "after", "is_one"),
    [
        (15, "handled", of(30), 1, True),
        (15, "blocked", of(30), 1, True),
        (2, "handled", of(30), 1, True),
        (15, "handled", BASH, 1, True),
        (15, "handled", of(30, of(8, comm=b"sh")), 1, True),
        # By a request that is too old, by others, by the kernel.
        (15, "handled", of(30), 16 * MINUTE, False),
        (15, "handled", of(30, Process(9, 9, b"bash", start=4)), 1, False),
        (15, "handled", Process(77, 77, b"cleaner", start=7, ancestors=(Ancestor(1, b"init"),)), 1, False),
        (15, "handled", None, 1, False),
        # A reload is no request to end; a SIGHUP that nobody handles is one.
        (1, "handled", of(30), 1, False),
        (1, "ignored", of(30), 1, True),
        (6, "handled", of(30), 1, False),
    ],
)  # fmt: skip
def test_escalation(number, outcome, by, after, is_one):
    kill = joined(signal(5, number, outcome, sender=by), signal(5 + after, 9, sender=of(31)))
    brief = by and Process(by.pid, comm=by.comm, start=by.start)
    assert kill.escalates == (Earlier("id5", number, after, brief) if is_one else None)


def test_no_escalation_without_a_milder_signal_or_to_a_zombie():
    by = {"sender": BASH}
    assert joined(signal(1, 10, "handled", **by), signal(2, 9, **by)).escalates is None
    assert joined(signal(1, 15, **by), signal(2, 9, "ignored", **by)).escalates is None
    zombie = signal(1, 15, "ignored", why="exiting", **by)
    assert joined(zombie, signal(2, 9, **by)).escalates is None


LOGGED = Process(801, comm=b"app")
MINE = Process(701, comm=b"sender", ppid=700)


def logged(serial, number, seconds=None, *, target=LOGGED, sender=MINE, **fields):
    """As a log has it: without outcomes and starts, and the id ends with the event's serial."""
    time = (serial if seconds is None else seconds) * SECOND
    return Signal(
        time, f"1.000:{serial}", "audit log", number, target=target, sender=sender, **fields
    )


@pytest.mark.parametrize(
    ("events", "is_one"),
    [
        ((logged(1, 15), logged(2, 9)), True),
        ((logged(1, 2), logged(2, 9)), True),
        ((logged(1, 15), logged(2, 10), logged(3, 9)), True),
        # kill(1) is a process of its own each time; their parent is one.
        ((logged(1, 15), logged(2, 9, sender=Process(702, comm=b"sender", ppid=700))), True),
        ((logged(1, 15), logged(2, 9, sender=Process(702, comm=b"sender", ppid=1))), False),
        ((logged(1, 15), logged(2, 9, 16 * 60)), False),
        ((logged(1, 1), logged(2, 9)), False),  # Whether it has a handler is not told.
        # The pid may be another's by now: another name, another boot, another host, a crash between them.
        ((logged(1, 15), logged(2, 9, target=Process(801, comm=b"other"))), False),
        ((logged(70, 15), logged(2, 9, 71)), False),
        ((logged(1, 15, host="a"), logged(2, 9, host="b")), False),
        ((logged(1, 15), Exit(2, "x", "audit log", LOGGED, number=11), logged(3, 9)), False),
        # One of several that a call was aimed at; whom it reached is not told.
        ((logged(1, 15, why="attempted"), logged(2, 9)), False),
        ((logged(1, 15), logged(2, 9, why="attempted")), False),
        # Nobody knows whom.
        ((logged(1, 15, target=Process(None, 5)), logged(2, 9, target=Process(None, 6))), False),
        ((logged(1, 15), logged(2, 9), logged(3, 9)), False),
    ],
)
def test_escalation_in_a_log(events, is_one):
    joiner = Joiner(Filter(), frozenset(("audit log",)))
    kill = [joiner.join(event) for event in events][-1]
    assert kill.id == events[-1].id
    assert (kill.escalates is not None) is is_one


def test_losses_pass():
    loss = lost(1, "test", 2, "ring")
    assert joined(loss) is loss


def test_expects_death_until_it_is_seen():
    joiner = Joiner(Filter())
    joiner.join(signal(1, 9))
    assert joiner.expects_death()
    joiner.join(ended(2, 9))
    assert not joiner.expects_death()


@pytest.mark.parametrize(
    ("number", "outcome", "seconds", "is_told"),
    [
        (15, None, 1.9, True), (15, None, 2.1, False), (15, None, 9000, False), (9, None, 60, True),
        # What became of it is told: it was held back.
        (15, "blocked", 60, True), (15, "delivered", 60, True),
    ],
)  # fmt: skip
def test_of_calls_alone_an_old_one_may_have_been_handled(number, outcome, seconds, is_told):
    """A daemon that reads its files anew on SIGHUP dies of its terminal's hours later: audit tells of the call alone."""
    sent = signal(100, number, outcome, source="audit" if outcome is None else "core")
    end = joined(sent, ended(100 + int(seconds * SECOND), number))
    assert (end.cause, end.causes) == (sent.id if is_told else None, ())
