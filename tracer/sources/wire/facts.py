"""What the flags of a record say: the facts of which origin and outcome are made."""

from __future__ import annotations

from tracer.model.event import Claim
from tracer.model.origin import SIGQUEUE_CALLS, Facts
from tracer.model.outcome import Target
from tracer.sources.wire import records as wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.sources.wire.records import SignalRecord

_KILL, _CONT = 9, 18
# What the kernel writes where a child's pid would be, by POLL_IN to POLL_HUP: band_table, fs/fcntl.c.
_BANDS = (0x41, 0x304, 0x441, 0x08, 0x82, 0x18)


def facts_of(record: SignalRecord, *, oom: bool) -> Facts:
    flags = record.flags
    known = bool(flags & wire.SENDER_KNOWN)
    exiting = bool(flags & wire.SENDER_EXITING)
    return Facts(
        number=record.signal,
        code=record.code,
        process_wide=bool(record.group),
        call=wire.CALLS[record.call],
        own=record.sender.tid == record.target.tid or record.sender.pid == record.target.pid,
        kernel_thread=bool(flags & wire.SENDER_KERNEL_THREAD) or not record.sender.pid,  # 0 is idle
        exiting=exiting,
        ns_init=bool(flags & wire.SENDER_NS_INIT),
        oom=oom,
        # What bcc finds is a moment older: a limit may have been raised meanwhile.
        over_limit=bool(flags & wire.TARGET_OVER_LIMIT) or (False if known else None),
        notifies=bool(flags & wire.SENDER_NOTIFIES) if known else None,
        traced=bool(flags & wire.TARGET_TRACED) if known else None,
        has_info=bool(flags & wire.INFO_KNOWN) if known else None,
        names_child=_names_child(record) if known and exiting else None,
    )


def _names_child(record: SignalRecord) -> bool:
    """Whether a siginfo whose code may be that of a child or of a file is of a child: its pid and uid, or a band."""
    if not record.flags & wire.INFO_KNOWN or not 0 < record.code <= len(_BANDS):
        return False
    return record.address != _BANDS[record.code - 1]


def target_of(flags: int) -> Target | None:
    """The state of the target; None where it was not looked at."""
    if not flags & wire.TARGET_KNOWN:
        return None
    return Target(
        exiting=bool(flags & wire.TARGET_EXITING),
        protected=bool(flags & wire.TARGET_PROTECTED),
        handles=bool(flags & wire.TARGET_HANDLES),
        ignores=bool(flags & wire.TARGET_IGNORES),
        blocks=bool(flags & wire.TARGET_BLOCKS),
        awaits=bool(flags & wire.TARGET_AWAITS),
        traced=bool(flags & wire.TARGET_TRACED),
        unsure=bool(flags & wire.TARGET_UNSURE),
    )


def halted(flags: int, number: int, outcome: str | None) -> str | None:
    """What keeps the target from seeing a signal that waits for it. SIGKILL and SIGCONT end a stop."""
    if outcome in ("ignored", "dropped"):
        return None
    if flags & wire.TARGET_FROZEN and number != _KILL:
        return "frozen"
    if flags & wire.TARGET_STOPPED and number not in (_KILL, _CONT):
        return "stopped"
    return "uninterruptible" if flags & wire.TARGET_SLEEPS else None


def claim_of(record: SignalRecord) -> Claim | None:
    """What a sender of its own siginfo says of itself, if neither namespace makes it true.

    A pid is there only with some codes: siginfo_layout(), kernel/signal.c.
    """
    flags = record.flags
    call = wire.CALLS[record.call]
    if not flags & wire.INFO_KNOWN or not record.sender.pid:
        return None
    if call not in SIGQUEUE_CALLS and call != "pidfd_send_signal":
        return None
    if record.code > 0 or record.code in (-2, -5):  # SI_TIMER, SI_SIGIO
        return None
    true_pids = {record.sender.pid, record.own_pid or record.sender.pid}
    if flags & wire.TARGET_IN_PID_NS:
        true_pids.add(0)  # The target's namespace may not know the sender.
    is_true_uid = record.si_uid == record.sender.uid or flags & wire.ENDS_IN_USER_NS
    if record.si_pid in true_pids and is_true_uid:
        return None
    return Claim(record.si_pid, record.si_uid)
