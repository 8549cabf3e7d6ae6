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
    "parent death": "the target's parent died (PR_SET_PDEATHSIG), or the thread of it that had started the target; or it left a stopped job behind",
    "child": "a child of the target changed: exited, killed, dumped, stopped (SIGCHLD, or what clone(2) was told)",
    "seccomp": "a seccomp filter",
    "cgroup.kill": "a process wrote to the cgroup's cgroup.kill file",
    "ptrace": "a tracer: it gave the signal (gdb's kill, strace's --inject), asked for a trap, or died (PTRACE_O_EXITKILL)",
    "exec": "the target's exec failed when its old program was given up already",
    "pid namespace": "the init of the target's pid namespace died",
    "async io": "a file, socket or device is ready, of which the target is told (F_SETOWN, F_SETSIG, the kernel's aio, mq_notify)",
    "kernel": "the kernel, for a reason that is not known; a BPF program, too (bpf_send_signal)",
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
RAN = frozenset(("oom", "tty", "async io", "kernel"))
# Those whose caller writes the siginfo itself.
SIGQUEUE_CALLS = frozenset(("rt_sigqueueinfo", "rt_tgsigqueueinfo"))

SI_USER, SI_KERNEL, SI_QUEUE, SI_TIMER, SI_TKILL = 0, 128, -1, -2, -6
_WRITABLE = (SI_TIMER, -3, -4, -5, -60)
_N = NUMBERS
FAULTS = frozenset(_N[name] for name in ("ILL", "TRAP", "BUS", "FPE", "SEGV"))
_TTY = frozenset(
    _N[name] for name in ("HUP", "INT", "QUIT", "TSTP", "TTIN", "TTOU", "CONT", "WINCH")
)
_KEYS = frozenset((_N["INT"], _N["QUIT"], _N["TSTP"]))
_ORPHANED = frozenset((_N["HUP"], _N["CONT"]))
_SEGV, _TRAP, _SYS = _N["SEGV"], _N["TRAP"], _N["SYS"]
_TIMERS = frozenset(_N[name] for name in ("ALRM", "VTALRM", "PROF"))
_KILL = _N["KILL"]


@frozen
class Facts:
    """What a source saw of one signal; None where it cannot know.

    ``call`` is the system call that the current task was in and that names this very signal; for a call that does not
    send "exec", "ptrace", "write", or "other". ``own`` says that current is the target. ``oom`` comes from the OOM
    killer's own tracepoint or log line. ``over_limit``: the target has used up a CPU or real-time limit.
    ``notifies``: current, which exits, has come to exit_notify(). ``traced``: the target is. ``has_info``: there was a
    siginfo, where the kernel may send without; None is bcc, which sees neither it nor tracers. ``names_child``: the siginfo is that of a child's end.
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
    over_limit: bool | None = None
    notifies: bool | None = None
    traced: bool | None = None
    has_info: bool | None = None
    names_child: bool | None = None


def _sent_by_call(facts: Facts) -> bool:
    """A call that sends, and the code that this call leaves; sigqueue may write any code it likes."""
    code = {"kill": SI_USER, "tkill": SI_TKILL, "tgkill": SI_TKILL}.get(facts.call or "")
    return facts.call in CALL_ORIGINS and (facts.code == code if code is not None else True)


_RULES: tuple[tuple[str, Callable[[Facts], bool]], ...] = (
    ("oom", lambda f: f.oom),
    ("child", lambda f: f.names_child is True and f.own is not True),
    ("exec", lambda f: f.number == _SEGV and f.code == SI_KERNEL and f.call == "exec" and _own(f)),
    ("ptrace", lambda f: _is_injected(f)),
    (
        "ptrace",
        lambda f: f.number == _KILL and f.code == SI_USER and f.call == "ptrace" and not _own(f),
    ),
    ("pid namespace", lambda f: f.number == _KILL and f.code == SI_KERNEL and f.ns_init),
    (
        "ptrace",
        lambda f: (
            f.number == _KILL and f.code == SI_KERNEL and f.exiting and f.process_wide is False
        ),
    ),
    ("parent death", lambda f: f.code == SI_USER and f.exiting and f.process_wide is not False),
    ("parent death", lambda f: f.number in _ORPHANED and f.code == SI_KERNEL and _orphans(f)),
    ("kernel", lambda f: f.number in _ORPHANED and f.code == SI_KERNEL and _may_orphan(f)),
    ("child", lambda f: f.number == _N["CHLD"] and f.code > 0 and f.code != SI_KERNEL),
    ("seccomp", lambda f: f.number == _N["SYS"] and f.code == 1),
    (
        "fault",
        lambda f: (
            f.number in FAULTS
            and f.code > 0
            and (f.code != SI_KERNEL or (f.own is not False and not _may_be_injected(f)))
        ),
    ),
    (
        "timer",
        lambda f: f.code == SI_TIMER and f.call not in SIGQUEUE_CALLS,
    ),
    ("timer", lambda f: f.number in _TIMERS and _is_of_kernel_for_all(f)),
    (
        "cgroup.kill",
        lambda f: (
            f.number == _KILL
            and f.code == SI_USER
            and f.process_wide is False
            and f.call is not None  # PTRACE_KILL looks the same: a call must tell them apart.
            and _sent_by_none(f)
        ),
    ),
    (
        "pipe",
        lambda f: f.number == _N["PIPE"] and f.code == SI_USER and _sent_by_none(f) and _own(f),
    ),
    (
        "rlimit",
        lambda f: f.number == _N["XFSZ"] and f.code == SI_USER and _sent_by_none(f) and _own(f),
    ),
    (
        "rlimit",
        lambda f: (
            f.number in (_N["XCPU"], _KILL) and _is_of_kernel_for_all(f) and _is_over_limit(f)
        ),
    ),
    ("ptrace", lambda f: f.number == _N["STOP"] and f.code == SI_KERNEL and not _own(f)),
    ("tty", lambda f: f.number in _TTY and _is_of_kernel_for_all(f) and not _by_own_hand(f)),
    ("async io", lambda f: f.code in (-3, -4, -5, -60)),
    (
        "async io",
        lambda f: (
            f.number in (_N["IO"], _N["URG"]) and f.code == SI_KERNEL and not _may_be_injected(f)
        ),
    ),
    ("async io", lambda f: not has_codes(f.number) and 0 < f.code <= 6 and not _may_be_child(f)),
)


def _sent_by_none(facts: Facts) -> bool:
    """No call that sends can have made it: SI_USER for one thread is the kernel's own send_sig().

    kill(2) and pidfd_send_signal(2) aim SI_USER at processes, tgkill(2) leaves SI_TKILL.
    """
    if facts.call is None:
        return facts.process_wide is False
    return facts.call not in CALL_ORIGINS


def _is_injected(facts: Facts) -> bool:
    """What a tracer lets its target go on with: from a stop at a system call (ptrace_report_syscall(),
    include/linux/ptrace.h) the target sends it itself, as the kernel does without a siginfo, to this thread alone.
    So it does at an exec with the trap that nobody asked to leave out (ptrace_event(), PTRACE_EVENT_EXEC).
    """
    if not facts.traced or not _own(facts) or facts.process_wide is not False:
        return False
    if facts.number == _TRAP and facts.code == SI_USER and facts.call == "exec":
        return True
    return facts.code == SI_KERNEL and facts.has_info is False


def _may_be_injected(facts: Facts) -> bool:
    """The same where tracers are not seen. A wild pointer's fault and an exec that fails have these marks too."""
    return facts.has_info is None and _own(facts) and facts.process_wide is False


def _is_of_kernel_for_all(facts: Facts) -> bool:
    """Terminals, timers and limits signal processes, not threads."""
    return facts.code == SI_KERNEL and facts.process_wide is not False


def _is_over_limit(facts: Facts) -> bool:
    """A limit strikes while its target runs. So does bpf_send_signal(), of which nobody but a limit that is not used
    up tells; of SIGXCPU nothing else is known."""
    return _own(facts) and (
        facts.over_limit is True or (facts.over_limit is None and facts.number == _N["XCPU"])
    )


def _orphans(facts: Facts) -> bool:
    """An exit leaves a stopped process group without a parent in its session: kill_orphaned_pgrp().

    Before it comes to that, the exit of a session's leader hangs its terminal up: disassociate_ctty().
    """
    return facts.exiting and facts.notifies is True


def _may_orphan(facts: Facts) -> bool:
    """It may be either."""
    return facts.exiting and facts.notifies is None


def _may_be_child(facts: Facts) -> bool:
    """An end has the same codes, for a child that was to end with this signal: clone(2)."""
    return facts.exiting and facts.names_child is None


def _is_handed_on(facts: Facts) -> bool:
    """A handler that sends itself the siginfo it was given: only to oneself may a code be the kernel's, do_rt_sigqueueinfo()."""
    return facts.call in SIGQUEUE_CALLS and _own(facts) and facts.code > 0


def _by_own_hand(facts: Facts) -> bool:
    """A key is typed by another than the process it strikes; what is left is bpf_send_signal()."""
    return _own(facts) and facts.number in _KEYS


def _own(facts: Facts) -> bool:
    return facts.own is True


def _may_be_written(facts: Facts) -> bool:
    """Codes of timers and files that anybody may write for another process: do_rt_sigqueueinfo(). Who sees no calls
    cannot tell; an interrupt strikes whoever runs."""
    is_blind = facts.has_info is None and facts.call is None
    return is_blind and facts.code in _WRITABLE and not _own(facts) and not facts.kernel_thread


def origin_of(facts: Facts) -> str | None:
    """The key of ORIGINS that the facts prove; "kernel" or "user" where they prove no more, None where it may be either."""
    if _may_be_written(facts):
        return None
    # Who exits is in no call that sends, whatever its last one was.
    if _sent_by_call(facts) and not (facts.kernel_thread or facts.oom or facts.exiting):
        if _is_handed_on(facts):
            return {_SYS: "seccomp"}.get(
                facts.number, "fault" if facts.number in FAULTS else "sigqueue"
            )
        return CALL_ORIGINS[facts.call or ""]
    for origin, holds in _RULES:
        if holds(facts):
            return origin
    if facts.code == SI_KERNEL or facts.code > 0 or facts.kernel_thread:
        return "kernel"
    if facts.call is not None and facts.call not in CALL_ORIGINS:
        return "kernel"
    if facts.code == SI_USER and _sent_by_none(facts) and facts.number != _KILL:
        return "kernel"
    return {SI_TKILL: "tgkill", SI_QUEUE: "sigqueue"}.get(facts.code, "user")
