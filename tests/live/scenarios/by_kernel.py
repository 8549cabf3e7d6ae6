"""Signals that the kernel sends, and what it sends them for."""

from __future__ import annotations

import os
import signal

import pytest
from cgroups import hierarchy, is_v2, limit_memory
from elf import unmappable
from oracle import until
from stage import (
    ANY_OUTCOME,
    CONT,
    HUP,
    KILL,
    PYTHON,
    SEGV,
    STOP,
    SYS,
    TERM,
    USR1,
    scenario,
)
from truth import ANY, BY_KILL, BY_SIGQUEUE, BY_TGKILL

from scenarios.common import is_gone, needs_program, orphan


@scenario("a crash handler hands its fault on")
def handed_on(s):
    child = s.run(s.program("mistaken"), "reraise")
    s.truth.name(target=child.pid)
    where = {"address": 0x7F1234567890}
    # Who looks a moment later finds its handler at work, which blocks it.
    s.truth.was_sent(child.pid, SEGV, "fault", outcome="handled", later="blocked", **where)
    # Of a call to itself it is right to say that it was one. Its handler still runs, and blocks it.
    here = ("fault", *BY_SIGQUEUE)
    s.truth.was_sent(
        child.pid, SEGV, here, by=child.pid, kills=True, outcome=("blocked", "delivered"), **where
    )
    assert s.waited(child) == -SEGV


@scenario("PR_SET_PDEATHSIG of a thread")
def thread_death(s):
    parent, target = s.start("mistaken", "thread death")
    s.truth.name(parent=parent.pid, target=target)
    s.truth.was_sent(target, KILL, "parent death", by=parent.pid, kills=True, sender_lives=True)
    s.truth.ended(target, -KILL)


@scenario("PR_SET_PDEATHSIG of a process")
def parent_death(s):
    parent, target, fates = orphan(s, "parent-death")
    s.truth.was_sent(target, TERM, "parent death", by=parent, kills=True)
    s.truth.ended(target, fates[target])


@scenario("clone(2)'s exit signal")
def told_by_clone(s):
    parent, child = s.start("mistaken", "clone")
    s.truth.name(target=parent.pid, child=child)
    s.truth.was_sent(parent.pid, TERM, ("child", "kernel"), by=child, kills=True)
    assert s.waited(parent) == -TERM


@scenario("bpf_send_signal, under a CPU limit")
def bpf_signals(s):
    needs_program(s, "bpftrace")
    line = "ulimit -t 3600; read go; while :; do exec 3< /dev/null; done"
    target = s.run("sh", "-c", line)
    s.truth.name(target=target.pid)
    probe = f'tracepoint:syscalls:sys_enter_openat /pid == {target.pid}/ {{ signal("KILL"); }}'
    mount = "test -e /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing"
    begin = 'BEGIN { printf("ready\\n"); }'
    words = ["bpftrace", "--unsafe", "-e", begin + probe]
    bpf = s.run(
        *("unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", *words),
        env={**os.environ, "BPFTRACE_BTF": "/sys/kernel/btf/vmlinux"},
    )
    assert any("ready" in line for line in bpf.stdout)
    target.stdin.write("go\n")
    target.stdin.flush()
    s.truth.was_sent(target.pid, KILL, "kernel", kills=True, again=True, outcome=ANY_OUTCOME)
    assert s.waited(target) == -KILL


@scenario("a stopped job without a terminal")
def left_behind(s):
    code = """if True:
        import os, signal
        os.setsid()
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            signal.pause()
        os.setpgid(child, child) if os.getpgid(child) != child else None
        os.kill(child, signal.SIGSTOP)
        os.waitid(os.P_PID, child, os.WSTOPPED)
        print(child, flush=True)
    """
    leader = s.run(*PYTHON, code)
    child = int(leader.stdout.readline())
    assert leader.wait() == 0
    s.truth.name(leader=leader.pid, target=child)
    s.truth.was_sent(child, STOP, BY_KILL, by=leader.pid)
    here = ("parent death", "kernel")
    s.truth.was_sent(child, HUP, here, by=leader.pid, kills=True, target_state="stopped")
    s.truth.was_sent(child, CONT, here, by=leader.pid, outcome=("ignored", "delivered"))
    until(lambda: is_gone(child))
    s.truth.ended(child, -HUP)


def by_file(number):
    def play(s):
        writer, target = s.start("mistaken", "file", int(number))
        assert writer.wait() == 0
        s.truth.name(writer=writer.pid, target=target)
        s.truth.was_sent(target, number, "async io", kills=True)
        s.truth.ended(target, -number)

    return play


for _number in (KILL, TERM, signal.SIGIO):
    scenario(f"F_SETSIG with {_number.name}")(by_file(_number))


@scenario("an exec that fails too late")
def exec_too_late(s):
    path = s.folder / "nowhere"
    path.write_bytes(unmappable())
    path.chmod(0o755)
    child = s.run("sh", "-c", f"exec {path}")
    s.truth.name(target=child.pid)
    s.truth.was_sent(child.pid, SEGV, ("exec", "kernel"), kills=True)
    s.truth.argv.pop(child.pid)
    assert s.waited(child) == -SEGV


@scenario("the OOM killer, in a cgroup")
def oom(s):
    group = s.cgroup("memory")
    limit_memory(group, 8)
    eater = s.run(s.program("eat_memory"), 64, "at once", preexec_fn=group.enter)
    s.truth.name(target=eater.pid)
    s.truth.was_sent(eater.pid, KILL, ("oom", "kernel"), kills=True)
    assert s.waited(eater) == -KILL


@scenario("the OOM killer takes a whole cgroup (v2)")
def oom_of_all(s):
    root = hierarchy("memory")
    if root is None or not is_v2(root):
        pytest.skip("the memory controller here is not cgroup v2's")
    (root / "cgroup.subtree_control").write_text("+memory")
    group = s.cgroup("memory")
    limit_memory(group, 24)
    group.set("memory.oom.group", 1)
    path = s.program("eat_memory")
    bystander = s.run(path, 1, "at once", preexec_fn=group.enter)
    assert bystander.stdout.readline() == "ready\n"
    eater = s.run(path, 64, "at once", preexec_fn=group.enter)
    s.truth.name(eater=eater.pid, bystander=bystander.pid)
    for one in (eater, bystander):
        s.truth.was_sent(one.pid, KILL, ("oom", "kernel"), kills=True)
        assert s.waited(one) == -KILL


@scenario("who shares the OOM victim's memory")
def oom_of_sharers(s):
    group = s.cgroup("memory")
    limit_memory(group, 16)
    parent, child = s.start("mistaken", "shared", preexec_fn=group.enter)
    parent.stdin.write("x")
    parent.stdin.flush()
    s.truth.name(parent=parent.pid, child=child)
    for pid in (parent.pid, child):
        s.truth.was_sent(pid, KILL, ("oom", "kernel"), kills=True)
    assert s.waited(parent) == -KILL
    until(lambda: is_gone(child))
    s.truth.ended(child, -KILL)


@scenario("cgroup.kill")
def cgroup_kill(s):
    s.needs("cgroup.kill")
    group = s.cgroup("v2")
    victims = [s.run("cat", preexec_fn=group.enter) for _ in range(2)]
    writer = s.run("sh", "-c", f"echo 1 > {group.folder}/cgroup.kill; exit 0")
    assert writer.wait() == 0
    s.truth.name(writer=writer.pid)
    for place, one in enumerate(victims):
        s.truth.name(**{f"v{place}": one.pid})
        here = ("cgroup.kill", "user")
        s.truth.was_sent(one.pid, KILL, here, by=writer.pid, kills=True, cgroup=group.path)
        assert s.waited(one) == -KILL


OWN = {
    # number, what is right to say
    "raise": (TERM, BY_TGKILL),
    "abort": (signal.SIGABRT, BY_TGKILL),
    "null": (SEGV, ("fault",)),
    "divide": (signal.SIGFPE, ("fault",)),
    "illegal": (signal.SIGILL, ("fault",)),
    "trap": (signal.SIGTRAP, ("fault", "kernel")),
    "bus": (signal.SIGBUS, ("fault",)),
    "pipe": (signal.SIGPIPE, ("pipe",)),
    "cpu": (signal.SIGXCPU, ("rlimit",)),
    "cpu hard": (KILL, ("rlimit", "kernel")),
    "real time": (signal.SIGXCPU, ("rlimit",)),
    "file size": (signal.SIGXFSZ, ("rlimit",)),
    "seccomp": (SYS, ("seccomp",)),
}
TIMERS = {"alarm": 14, "virtual": 26, "prof": 27, "timer_create": 15, "timer_create real-time": 35}


def on_its_own(name, way, number, origins):
    def play(s):
        child = s.run(s.program(name), way)
        s.truth.name(target=child.pid)
        by = child.pid if origins == BY_TGKILL else ()
        refused = "getppid" if way == "seccomp" else ()
        any_address = {"address": ANY} if origins[0] == "fault" else {}
        s.truth.was_sent(
            child.pid, number, origins, by=by, kills=True, refused=refused, **any_address
        )
        if s.waited(child) == 77:
            s.cannot_run(f"this machine does not let a process set up the {way}")
        assert s.truth.ends[child.pid] == -number

    return play


for _way, (_number, _origins) in OWN.items():
    scenario(f"its own doing: {_way}")(on_its_own("own_doing", _way, _number, _origins))
for _way, _number in TIMERS.items():
    scenario(f"a timer: {_way}")(on_its_own("timers", _way, _number, ("timer",)))


@scenario("a call that seccomp refuses, in one thread of two")
def refused_in_a_thread(s):
    s.needs("the signal of seccomp")
    child = s.run(s.program("mistaken"), "refused", "0")
    assert child.stdout.readline().startswith("ready")
    s.truth.name(target=child.pid)
    s.truth.was_sent(child.pid, SYS, "seccomp", refused="mkdirat", outcome=ANY_OUTCOME)
    child.communicate()
    s.truth.ended(child.pid, child.returncode)


@scenario("a fault that the filter leaves out", "--signal", "USR1")
def fault_left_out(s):
    code = "import ctypes, os, signal; signal.signal(10, lambda *_: None); os.kill(os.getpid(), 10); ctypes.string_at(8)"
    child = s.run(*PYTHON, code)
    s.truth.name(target=child.pid)
    s.truth.was_sent(child.pid, USR1, BY_KILL, by=child.pid, outcome="handled")
    assert s.waited(child) == -SEGV
