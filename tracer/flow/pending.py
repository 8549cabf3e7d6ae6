"""What one process was sent: what it may still die of, and the requests to end that it has not answered."""

from __future__ import annotations

from tracer.model.event import CAUSES, Earlier, Process, moment
from tracer.model.outcome import APART, ATTEMPTED
from tracer.model.signals import HARMLESS, NUMBERS
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Signal

KILL, HUP = NUMBERS["KILL"], NUMBERS["HUP"]
# Requests to end, which a program answers in its own time; the first is the plainest.
REQUESTS = tuple(NUMBERS[name] for name in ("TERM", "INT", "QUIT"))
WISHES = frozenset((*REQUESTS, KILL))  # what may be an escalation, and of what
REAL_TIME = 32  # the first of them: each is queued, however many there are
# What has taken a signal for good, and what may still die of it; None: audit does not tell.
TAKEN = frozenset(("handled", "awaited"))
QUEUED = frozenset(("delivered", "blocked", "info lost", None))
PATIENCE = 900 * SECOND


class Pending:
    """A standard signal that is queued proves that the one of its number before it was taken: else it would have been
    coalesced (legacy_queue(), kernel/signal.c). Those for the process and for each thread are queued apart. All have a
    time."""

    def __init__(self) -> None:
        self.any_serious = False
        self._queues: dict[tuple[int, int | None], list[Signal]] = {}
        self._sealed: Signal | None = None
        self._taken: dict[int, Signal] = {}
        self._requests: list[Signal] = []

    def note(self, signal: Signal) -> None:
        number, outcome = signal.number, signal.outcome
        if number in HARMLESS:
            return
        self.any_serious = True
        if number in REQUESTS and outcome in TAKEN:
            self._taken[number] = signal
        if _asks_to_end(signal):
            self._requests = [*self._requests[1 - CAUSES :], signal]
        queue = (number, _tid_of(signal))
        if outcome == "ignored" and signal.why == "SIG_IGN" and signal.tracer is None:
            self._queues.pop(queue, None)  # What was pending is thrown away: do_sigaction().
        elif outcome in TAKEN and number < REAL_TIME:
            self._queues.pop(queue, None)
        elif outcome in QUEUED:
            self._queue(queue, signal)

    def _queue(self, queue: tuple[int, int | None], signal: Signal) -> None:
        is_proof = signal.number < REAL_TIME and signal.outcome is not None
        before = self._queues.get(queue, [])
        if signal.number == KILL:
            self._queues[queue] = before or [signal]
        else:
            self._queues[queue] = [signal] if is_proof else [*before[: CAUSES + 1], signal]
        if _is_end(signal):
            self._sealed = self._sealed or signal

    def may_die(self) -> bool:
        """Whether something deadly was not held back."""
        return any(
            signal.outcome in ("delivered", None)
            for queue in self._queues.values()
            for signal in queue
        )

    def causes(self, number: int, time: int) -> tuple[Signal, ...]:
        """The signal that a death of this number, at that time, is of, or several of which it may be; none if nobody knows."""
        if self._sealed and self._sealed.number == number:
            return (self._sealed,)
        queues = [queue for (of, _), queue in self._queues.items() if of == number]
        found = [signal for queue in queues for signal in queue if _may_end_it(signal, time)]
        return tuple(found) if len(found) <= CAUSES else ()

    def taken(self, time: int) -> Signal | None:
        """The request to end that an exit of its own answers."""
        for number in REQUESTS:
            signal = self._taken.get(number)
            if signal and time - moment(signal) < PATIENCE:
                return signal
        return None

    def escalated(self, kill: Signal) -> Signal | None:
        """The request that a SIGKILL repeats: from the same sender, or one near it, and not answered."""
        is_sure = kill.outcome in ("delivered", None) and kill.why != ATTEMPTED
        if not is_sure or any(of == KILL for of, _ in self._queues):
            return None
        for signal in self._requests:
            in_time = 0 <= moment(kill) - moment(signal) < PATIENCE
            if in_time and _is_same_target(signal, kill) and _is_same_wish(signal, kill):
                return signal
        return None


def _may_end_it(signal: Signal, time: int) -> bool:
    """Whether a signal that was not taken, as far as that is told, may be what a process died of then. Of what audit tells any
    may have been handled long ago (tracer.audit.known has the same rule); core leaves open at most whether it was blocked."""
    is_told = signal.outcome is not None or signal.source == "core" or signal.number == KILL
    return is_told or time - moment(signal) <= APART


def _tid_of(signal: Signal) -> int | None:
    return signal.target.tid if signal.scope == "thread" and signal.target else None


def _asks_to_end(signal: Signal) -> bool:
    """SIGHUP asks a program without a handler to end, and one with a handler to read its files."""
    if signal.why in ("exiting", ATTEMPTED):
        return False
    if signal.number == HUP:
        return signal.outcome not in (None, "handled", "awaited")
    return signal.number in REQUESTS


def _is_end(signal: Signal) -> bool:
    """The target cannot but die of it: complete_signal() and get_signal(). What bcc finds is a moment older."""
    return signal.source == "core" and signal.outcome == "delivered" and signal.tracer is None


def _is_same_target(one: Signal, other: Signal) -> bool:
    """Of a log's processes nobody knows the start: of another name, or of another boot, a pid may be anybody's."""
    target, same = one.target, other.target
    if target is None or same is None or target.start is not None:
        return target is not None and same is not None and target.start == same.start
    return target.comm == same.comm and _serial(one) < _serial(other)


def _serial(signal: Signal) -> int:
    """An audit event's; the kernel counts them from boot on: audit_serial(), kernel/audit.c."""
    text = signal.id.rpartition(":")[2]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else moment(signal)


def _is_same_wish(one: Signal, other: Signal) -> bool:
    if one.sender is None or other.sender is None:
        return False
    return bool(_near(one.sender) & _near(other.sender))


def _near(process: Process) -> set[tuple[int | None, int | None]]:
    """A process, its parent and the parent of that; not an init or a manager, whose children have no wish in common."""
    near = {(process.pid, process.start)}
    if process.ppid and process.ppid > 1 and not process.ancestors:
        near.add((process.ppid, None))
    for parent in process.ancestors[:2]:
        if parent.pid == 1 or parent.comm == b"systemd":
            break
        near.add((parent.pid, parent.start))
    return near


def earlier(signal: Signal, time: int) -> Earlier:
    """A signal as one that came before tells it."""
    sender = signal.sender
    by = sender and Process(sender.pid, comm=sender.comm, start=sender.start)
    return Earlier(signal.id, signal.number, max(0, time - moment(signal)), by)
