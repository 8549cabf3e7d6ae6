"""What made a signal: ``ORIGINS`` names every origin once, for every source, the help and the docs.

The rules are of kernel/signal.c and its callers; ../docs/origins.md tells them in words.
"""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.model.signals import NUMBERS, has_codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ORIGINS: dict[str, str] = {
    "kill": "a process called kill(2)",
    "tgkill": "a process called tgkill(2) or tkill(2): raise, abort, pthread_kill",
    "sigqueue": "a process called rt_sigqueueinfo(2): sigqueue, pthread_sigqueue",
    "pidfd": "a process called pidfd_send_signal(2)",
    "user": "a process sent it, by a call that is not known",
    "fault": "the target's own fault: SEGV, BUS, FPE, ILL, TRAP",
    "oom": "the OOM killer",
    "tty": "the terminal: Ctrl-C, Ctrl-\\, Ctrl-Z, hang-up, background read or write",
    "timer": "a timer of the target: alarm, setitimer, timer_create",
    "rlimit": "a resource limit of the target: CPU, file size, real-time",
    "pipe": "the target wrote to a pipe or socket that nobody reads",
    "parent death": "the target's parent died (PR_SET_PDEATHSIG), or left a stopped job behind",
    "child": "a child of the target changed: exited, killed, dumped, stopped",
    "seccomp": "a seccomp filter",
    "cgroup.kill": "a process wrote to the cgroup's cgroup.kill file",
    "ptrace": "a tracer: it died (PTRACE_O_EXITKILL), or asked for a trap",
    "pid namespace": "the init of the target's pid namespace died",
    "async io": "a file, socket or device of the target is ready (F_SETSIG, aio, mq_notify)",
    "kernel": "the kernel, for a reason that is not known",
}

CALL_ORIGINS = {
    "kill": "kill",
    "tkill": "tgkill",
    "tgkill": "tgkill",
    "rt_sigqueueinfo": "sigqueue",
    "rt_tgsigqueueinfo": "sigqueue",
    "pidfd_send_signal": "pidfd",
}
# The origins in which the process that ran really sent the signal.
SENT = frozenset(("kill", "tgkill", "sigqueue", "pidfd", "user", "cgroup.kill", "child"))
SENT_BY_DYING = frozenset(("parent death", "pid namespace", "ptrace"))
# The origins for which it is worth telling who ran, though it did not send.
RAN = frozenset(("oom", "tty", "kernel"))

SI_USER, SI_KERNEL, SI_QUEUE, SI_TIMER, SI_TKILL = 0, 128, -1, -2, -6
_N = NUMBERS
_FAULTS = frozenset(_N[name] for name in ("ILL", "TRAP", "BUS", "FPE", "SEGV"))
_TTY = frozenset(
    _N[name] for name in ("HUP", "INT", "QUIT", "TSTP", "TTIN", "TTOU", "CONT", "WINCH")
)
_KEYS = frozenset((_N["INT"], _N["QUIT"], _N["TSTP"]))
_ORPHANED = frozenset((_N["HUP"], _N["CONT"]))
_TIMERS = frozenset(_N[name] for name in ("ALRM", "VTALRM", "PROF"))
_KILL = _N["KILL"]


@frozen
class Facts:
    """What a source saw of one signal; None where it cannot know.

    ``call`` is the system call that the current task was in and that names this very signal, "other"
    for any other call. ``own`` says that current is the target. ``oom`` comes from the OOM killer's own
    tracepoint or log line. ``limited``: the target has a CPU or real-time limit. ``leads_session``:
    current, which exits, is the leader of a session.
    """

    number: int
    code: int
    process_wide: bool | None = None
    call: str | None = None
    own: bool | None = None
    kernel_thread: bool = False
    exiting: bool = False
    ns_init: bool = False
    oom: bool = False
    limited: bool | None = None
    leads_session: bool | None = None


def _sent_by_call(facts: Facts) -> bool:
    """A call that sends, and the code that this call leaves; sigqueue may write any code it likes."""
    code = {"kill": SI_USER, "tkill": SI_TKILL, "tgkill": SI_TKILL}.get(facts.call or "")
    return facts.call in CALL_ORIGINS and (facts.code == code if code is not None else True)


_RULES: tuple[tuple[str, Callable[[Facts], bool]], ...] = (
    ("oom", lambda f: f.oom),
    ("pid namespace", lambda f: f.number == _KILL and f.code == SI_KERNEL and f.ns_init),
    (
        "ptrace",
        lambda f: (
            f.number == _KILL and f.code == SI_KERNEL and f.exiting and f.process_wide is False
        ),
    ),
    ("parent death", lambda f: f.code == SI_USER and f.exiting and f.process_wide is not False),
    ("parent death", lambda f: f.number in _ORPHANED and f.code == SI_KERNEL and _orphans(f)),
    ("child", lambda f: f.number == _N["CHLD"] and f.code > 0 and f.code != SI_KERNEL),
    ("seccomp", lambda f: f.number == _N["SYS"] and f.code == 1),
    (
        "fault",
        lambda f: (
            f.number in _FAULTS and f.code > 0 and (f.code != SI_KERNEL or f.own is not False)
        ),
    ),
    (
        "timer",
        lambda f: f.code == SI_TIMER and f.call not in ("rt_sigqueueinfo", "rt_tgsigqueueinfo"),
    ),
    ("timer", lambda f: f.number in _TIMERS and f.code == SI_KERNEL),
    (
        "cgroup.kill",
        lambda f: (
            f.number == _KILL and f.code == SI_USER and f.process_wide is False and _sent_by_none(f)
        ),
    ),
    (
        "pipe",
        lambda f: f.number == _N["PIPE"] and f.code == SI_USER and _sent_by_none(f) and _own(f),
    ),
    ("rlimit", lambda f: f.number == _N["XFSZ"] and f.code == SI_USER and _sent_by_none(f)),
    (
        "rlimit",
        lambda f: f.number in (_N["XCPU"], _KILL) and f.code == SI_KERNEL and _is_over_limit(f),
    ),
    ("ptrace", lambda f: f.number == _N["STOP"] and f.code == SI_KERNEL),
    ("tty", lambda f: f.number in _TTY and f.code == SI_KERNEL and not _by_own_hand(f)),
    ("async io", lambda f: f.code in (-3, -4, -5, -60)),
    ("async io", lambda f: f.number in (_N["IO"], _N["URG"]) and f.code == SI_KERNEL),
    ("async io", lambda f: not has_codes(f.number) and 0 < f.code <= 6),
)


def _sent_by_none(facts: Facts) -> bool:
    """No call that sends can have made it: SI_USER for one thread is the kernel's own send_sig().

    kill(2) and pidfd_send_signal(2) aim SI_USER at processes, tgkill(2) leaves SI_TKILL.
    """
    return facts.call == "other" or (facts.call is None and facts.process_wide is False)


def _is_over_limit(facts: Facts) -> bool:
    """A limit strikes while its target runs. So does bpf_send_signal(), which a target without one tells."""
    return _own(facts) and facts.limited is not False


def _orphans(facts: Facts) -> bool:
    """An exit leaves a stopped process group without a parent in its session: kill_orphaned_pgrp().

    The exit of a session's leader hangs its terminal up instead: disassociate_ctty().
    """
    return facts.exiting and facts.leads_session is False


def _by_own_hand(facts: Facts) -> bool:
    """A key is typed by another than the process it strikes; what is left is bpf_send_signal()."""
    return _own(facts) and facts.number in _KEYS


def _own(facts: Facts) -> bool:
    return facts.own is True


def origin_of(facts: Facts) -> str:
    """The key of ORIGINS that the facts prove; "kernel" or "user" where they prove no more."""
    if _sent_by_call(facts) and not facts.kernel_thread and not facts.oom:
        return CALL_ORIGINS[facts.call or ""]
    for origin, holds in _RULES:
        if holds(facts):
            return origin
    if facts.code == SI_KERNEL or facts.code > 0 or facts.kernel_thread:
        return "kernel"
    if facts.call == "other":
        return "kernel"
    return {SI_TKILL: "tgkill", SI_QUEUE: "sigqueue"}.get(facts.code, "user")
