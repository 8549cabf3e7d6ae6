"""Each cause of the table in kernel/signal.c and its callers gets its origin, and no other does."""

from __future__ import annotations

import pytest

from tracer.model.origin import CALL_ORIGINS, ORIGINS, RAN, SENT, SENT_BY_DYING, Facts, origin_of

KERNEL = 128


@pytest.mark.parametrize(
    ("origin", "facts"),
    [
        ("kill", Facts(15, 0, True, "kill")),
        ("kill", Facts(13, 0, True, "kill", own=True)),
        ("pidfd", Facts(9, 0, True, "pidfd_send_signal")),
        ("tgkill", Facts(6, -6, False, "tgkill", own=True)),
        ("tgkill", Facts(10, -6, False, "tkill")),
        ("sigqueue", Facts(34, -1, True, "rt_sigqueueinfo")),
        ("sigqueue", Facts(14, -2, True, "rt_sigqueueinfo")),
        ("user", Facts(15, 0, True)),
        ("tgkill", Facts(15, -6, False)),
        ("sigqueue", Facts(15, -1, True)),
        ("cgroup.kill", Facts(9, 0, False, "other", own=False)),
        ("parent death", Facts(9, 0, True, "other", own=False, exiting=True)),
        # Its last call, kill(2) to itself, names the same signal.
        ("parent death", Facts(9, 0, True, "kill", own=False, exiting=True)),
        ("pid namespace", Facts(9, KERNEL, True, "pidfd_send_signal", exiting=True, ns_init=True)),
        ("pipe", Facts(13, 0, False, "other", own=True)),
        ("rlimit", Facts(25, 0, False, "other", own=True)),
        ("rlimit", Facts(24, KERNEL, True, None, own=True)),
        ("rlimit", Facts(9, KERNEL, True, None, own=True, over_limit=True)),
        # A BPF program's.
        ("kernel", Facts(9, KERNEL, True, None, own=True, over_limit=False)),
        ("kernel", Facts(9, KERNEL, True, None, own=True)),
        ("kernel", Facts(24, KERNEL, True, None, own=True, over_limit=False)),
        ("oom", Facts(9, KERNEL, True, None, own=True, oom=True)),
        ("oom", Facts(9, 0, True, None, oom=True)),
        ("kernel", Facts(9, KERNEL, True, None, own=False)),
        ("tty", Facts(2, KERNEL, True, None, own=False, kernel_thread=True)),
        ("tty", Facts(1, KERNEL, True, "other", own=False, exiting=True, notifies=False)),
        ("parent death", Facts(1, KERNEL, True, "other", own=False, exiting=True, notifies=True)),
        ("kernel", Facts(1, KERNEL, True, "other", own=False, exiting=True)),
        ("timer", Facts(14, KERNEL, True, "other", own=False)),
        ("timer", Facts(40, -2, True, "other", own=False)),
        # bcc sees no calls: who ran may have written the code. Idle has called nothing.
        (None, Facts(40, -2, True, None, own=False)),
        (None, Facts(29, -5, True, None, own=False)),
        ("timer", Facts(40, -2, True, None, own=True)),
        ("timer", Facts(40, -2, True, None, own=False, kernel_thread=True)),
        ("timer", Facts(40, -2, True, None, own=False, has_info=True)),
        ("ptrace", Facts(9, KERNEL, False, "other", own=False, exiting=True)),
        ("ptrace", Facts(9, 0, False, "ptrace", own=False)),
        ("ptrace", Facts(15, KERNEL, False, "other", own=True, traced=True, has_info=False)),
        ("ptrace", Facts(11, KERNEL, False, "other", own=True, traced=True, has_info=False)),
        ("ptrace", Facts(1, KERNEL, False, "other", own=True, traced=True, has_info=False)),
        ("ptrace", Facts(5, 0, False, "exec", own=True, traced=True)),
        ("fault", Facts(11, KERNEL, False, "other", own=True, traced=True, has_info=True)),
        ("tty", Facts(21, KERNEL, True, "other", own=True, traced=True, has_info=False)),
        ("exec", Facts(11, KERNEL, False, "exec", own=True, has_info=True)),
        ("fault", Facts(11, 1, False, "exec", own=True, has_info=True)),
        ("pid namespace", Facts(9, KERNEL, True, "other", exiting=True, ns_init=True)),
        ("fault", Facts(11, 1, False, None, own=True)),
        # Without a siginfo (bcc): a wild pointer, an exec that failed, or what a tracer injects.
        ("kernel", Facts(11, KERNEL, False, None, own=True)),
        ("kernel", Facts(5, KERNEL, False, None, own=True)),
        ("kernel", Facts(5, 0, False, None, own=True)),
        ("kernel", Facts(1, KERNEL, False, None, own=True)),
        ("kernel", Facts(14, KERNEL, False, None, own=True)),
        ("kernel", Facts(15, KERNEL, False, None, own=True)),
        ("kernel", Facts(19, KERNEL, False, None, own=True)),
        ("kernel", Facts(24, KERNEL, False, None, own=True)),
        ("kernel", Facts(29, KERNEL, False, None, own=True)),
        ("ptrace", Facts(19, KERNEL, False, None, own=False)),
        ("pipe", Facts(13, 0, False, None, own=True)),
        ("kernel", Facts(15, 0, False, None, own=False)),
        # cgroup.kill or PTRACE_KILL: a process did it.
        ("user", Facts(9, 0, False, None, own=False)),
        ("fault", Facts(11, KERNEL, False, "other", own=True, has_info=False)),
        ("fault", Facts(8, 1, False, "other", own=True)),
        ("seccomp", Facts(31, 1, False, "other", own=True)),
        ("child", Facts(17, 1, True, "other", own=False, exiting=True)),
        ("child", Facts(17, 5, True, None, own=False)),
        ("child", Facts(10, 1, True, "other", own=False, exiting=True, names_child=True)),
        ("child", Facts(9, 2, True, "other", own=False, exiting=True, names_child=True)),
        ("async io", Facts(10, 6, True, "other", own=False, exiting=True, names_child=False)),
        ("kernel", Facts(10, 1, True, None, own=False, exiting=True)),
        ("async io", Facts(29, 1, True, "other")),
        ("async io", Facts(23, KERNEL, True, "other")),
        ("async io", Facts(35, 1, True, "other")),
        ("async io", Facts(15, 1, True, "other", own=True)),
        ("async io", Facts(15, -3, True, "other", own=True)),
        ("async io", Facts(11, -5, True, "other", own=True)),
        ("sigqueue", Facts(15, 1, True, "rt_sigqueueinfo", own=True)),
        ("sigqueue", Facts(11, -1, True, "rt_sigqueueinfo", own=True)),
        # Handed on by its own handler.
        ("fault", Facts(11, 1, False, "rt_tgsigqueueinfo", own=True)),
        ("fault", Facts(7, 2, True, "rt_sigqueueinfo", own=True)),
        ("seccomp", Facts(31, 1, False, "rt_tgsigqueueinfo", own=True)),
        ("kernel", Facts(12, KERNEL, True, "other")),
        ("kernel", Facts(12, 0, True, None, kernel_thread=True)),
    ],
)
def test_origin(origin, facts):
    assert origin_of(facts) == origin


def test_a_timer_that_strikes_inside_kill_is_no_kill():
    """current_syscall() gives a call only when its signal argument is this signal's number."""
    assert origin_of(Facts(14, KERNEL, True, "kill")) == "timer"


def test_every_origin_that_can_come_out_is_declared():
    assert set(CALL_ORIGINS.values()) | SENT | SENT_BY_DYING | RAN <= set(ORIGINS)
