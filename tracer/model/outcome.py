"""What became of a signal at the moment it was sent: the tracepoint's ``result``, made precise.

The kernel's five results are in include/trace/events/signal.h (TRACE_SIGNAL_*). DELIVERED there only
means queued: whether the target blocks it or has a handler is read off the target at that moment.
"""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.model.times import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# ns within which a process ends of a signal that is neither held back nor handled; so long it bears its pid after SIGKILL, too.
APART = 2 * SECOND
OUTCOMES: dict[str, str] = {
    "delivered": "queued for the target, which has its default action",
    "handled": "queued for the target, which has a handler for it",
    "blocked": "queued, and every thread that could take it blocks it",
    "awaited": "queued for a thread that waits for it: sigwait, sigtimedwait, signalfd",
    "ignored": "thrown away: ignored, or the target is a zombie or a protected init",
    "coalesced": "thrown away: the same signal is already pending",
    "dropped": "lost: the target's queue is full (RLIMIT_SIGPENDING); the sender got EAGAIN",
    "info lost": "queued without its siginfo: the target's queue is full",
}

# Of attempts no tracepoint tells; of a wide kill an audit log has only whom it was aimed at.
REFUSED, EXISTS, ATTEMPTED = "refused", "exists", "attempted"
ATTEMPTS = (REFUSED, EXISTS, ATTEMPTED)

# What came of the target: known later than the outcome, by its end.
FATES = {
    "died": "the target died of it",
    "exited": "the target handled it, and exited",
    "survived": "the target had not ended 5 s later, or when there was nothing more to read",
}

# TRACE_SIGNAL_* and what it may become.
DELIVERED, IGNORED, ALREADY_PENDING, OVERFLOW_FAIL, LOSE_INFO = range(5)
_PLAIN = {ALREADY_PENDING: "coalesced", OVERFLOW_FAIL: "dropped", LOSE_INFO: "info lost"}
# A traced process is given what it ignores: sig_ignored(), kernel/signal.c.
RESULTS_OF = {
    "delivered": (DELIVERED,),
    "handled": (DELIVERED,),
    "blocked": (DELIVERED,),
    "awaited": (DELIVERED,),
    "ignored": (IGNORED, DELIVERED),
    "coalesced": (ALREADY_PENDING,),
    "dropped": (OVERFLOW_FAIL,),
    "info lost": (LOSE_INFO,),
}
# The words that people and peers use for them.
ALIASES = {
    "pending": "coalesced",
    "already pending": "coalesced",
    "overflow": "dropped",
    "lost info": "info lost",
    "caught": "handled",
}
_DEFAULT_IGNORED = frozenset((17, 18, 23, 28))  # CHLD CONT URG WINCH, signal(7)
_CONT = 18
_UNSTOPPABLE = frozenset((9, 19))  # KILL STOP


@frozen
class Target:
    """The target's state as the signal found it; ``unsure``: whether it blocks the signal was not seen."""

    exiting: bool = False
    protected: bool = False
    handles: bool = False
    ignores: bool = False
    blocks: bool = False
    awaits: bool = False
    traced: bool = False
    unsure: bool = False


def outcome_of(result: int, number: int, target: Target | None) -> tuple[str | None, str | None]:
    """The outcome and, for an ignored signal, why; prepare_signal() and sig_ignored(), kernel/signal.c.

    A ``target`` that was not looked at may have had a handler, or blocked it, but for what nobody can.
    """
    if result in _PLAIN:
        return _PLAIN[result], None
    if result == IGNORED:
        return "ignored", _why_ignored(number, target)
    if result != DELIVERED:
        return None, None
    if target is None:
        return ("delivered" if number in _UNSTOPPABLE else None), None
    for outcome, holds in _STATES:
        if holds(target):
            return outcome, None
    if target.traced and number not in _UNSTOPPABLE and not target.exiting:
        why = _why_ignored(number, target)
        if why:
            return "ignored", why
    return ("handled" if target.handles else "delivered"), None


_STATES: tuple[tuple[str | None, Callable[[Target], bool]], ...] = (
    (None, lambda t: t.unsure),
    ("awaited", lambda t: t.awaits),
    ("blocked", lambda t: t.blocks),
)


def _why_ignored(number: int, target: Target | None) -> str | None:
    if target is None:
        return None
    if target.exiting:
        return "exiting"
    if target.ignores:
        return "SIG_IGN"
    if number in _DEFAULT_IGNORED and not target.handles:
        return "resumes" if number == _CONT else "default"
    return "protected init" if target.protected else None
