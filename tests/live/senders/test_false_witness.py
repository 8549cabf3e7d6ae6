"""What looks like something else: nothing is claimed that cannot be told."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness import is_signal
from oracle import children_of, status_of, until
from scene import OURS, assert_death, nobody_sent

CORE_ONLY = pytest.mark.sources(
    "core", reason="siginfo and the sender's state are read by CO-RE alone"
)


def in_user_namespace(uid, *words):
    """A command under another uid than the host knows it by (user_namespaces(7))."""
    return ["unshare", f"--map-user={uid}", *words]


@pytest.fixture
def user_namespaces():
    done = subprocess.run(in_user_namespace(1234, "true"), capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no user namespace can be made here: {done.stderr.decode().strip()}")


@CORE_ONLY
@pytest.mark.parametrize("options", [(), ("--bare",)])
@pytest.mark.parametrize("call", ["rt_sigqueueinfo", "pidfd_send_signal"])
def test_a_uid_of_another_user_namespace_is_no_forgery(
    trace, program, spawn, victim, user_namespaces, call, options
):
    """The kernel, or an honest sigqueue(3), writes the uid as the sender's own namespace has it."""
    target = victim("ignore", signal.SIGUSR1)
    run = trace("--to", target.pid, *options)
    sender = spawn(*in_user_namespace(1234, program("send"), call, 10, target.pid))
    assert sender.stdout.read() == b"0\n"
    seen = run.signal_to(target.pid, "SIGUSR1")
    assert (seen["sender"]["pid"], seen["sender"]["uid"]) == (sender.pid, os.getuid())
    assert "claim" not in seen
    run.stop()


@CORE_ONLY
@pytest.mark.parametrize("options", [(), ("--bare",)])
@pytest.mark.parametrize("call", ["rt_sigqueueinfo", "pidfd_send_signal"])
def test_a_pid_of_another_pid_namespace_is_no_forgery(trace, program, spawn, call, options):
    """Both ends are in a container, as it were, and know each other by its numbers."""
    script = f"sleep 1000 & echo $!; {program('send')} {call} 10 $!; wait $!; exit 0"
    run = trace("--signal", "USR1", *options)
    inside = spawn("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", script)
    pid, errno = inside.stdout.read().split()
    assert (pid, errno) == (b"2", b"0")
    seen = run.wait_for(lambda e: is_signal(e) and e["sender"]["comm"] == "send")
    assert "claim" not in seen
    assert seen["sender"]["pid"] != 3
    run.stop()


@CORE_ONLY
@pytest.mark.parametrize("options", [(), ("--bare",)])
@pytest.mark.parametrize("call", ["rt_sigqueueinfo", "pidfd_send_signal"])
@pytest.mark.parametrize("kind", ["--pid", "--map-user=1234"])
def test_a_signal_into_a_namespace_is_no_forgery(trace, program, spawn, kind, call, options):
    """The kernel writes 0 for a sender whom the target cannot see, and maps its uid: kernel/signal.c."""
    inside = spawn("unshare", kind, "--fork", "sh", "-c", "trap '' USR1; echo ready; read end")
    assert inside.stdout.readline() == b"ready\n"
    (target,) = until(lambda: children_of(inside.pid))
    run = trace("--to", target, *options)
    sender = spawn(program("send"), call, 10, target)
    assert sender.stdout.read() == b"0\n"
    seen = run.signal_to(target, "SIGUSR1")
    assert seen["sender"]["pid"] == sender.pid
    assert "claim" not in seen
    run.stop()
    os.kill(target, signal.SIGKILL)


@CORE_ONLY
def test_a_forgery_from_another_user_namespace_is_one(
    trace, program, spawn, victim, user_namespaces
):
    target = victim("ignore", signal.SIGUSR1)
    run = trace("--to", target.pid)
    sender = spawn(*in_user_namespace(1234, program("send"), "rt_sigqueueinfo", 10, target.pid, 1))
    assert sender.stdout.read() == b"0\n"
    seen = run.signal_to(target.pid, "SIGUSR1")
    assert (seen["sender"]["pid"], seen["claim"]["pid"]) == (sender.pid, 1)
    run.stop()


@CORE_ONLY
@pytest.mark.parametrize("limit", ["unlimited", "3600"])
@pytest.mark.parametrize("name", ["KILL", "QUIT", "TERM", "USR1", "XCPU"])
def test_a_bpf_program_that_signals_is_no_limit_and_no_terminal(
    trace, spawn, cannot_run, name, limit
):
    """bpf_send_signal() leaves the facts of a limit's SIGKILL: the kernel's, and the target itself ran."""
    if not shutil.which("bpftrace"):
        cannot_run("bpftrace is not installed")
    target = spawn("sh", "-c", f"ulimit -t {limit}; read go; while :; do exec 3< /dev/null; done")
    probe = f'tracepoint:syscalls:sys_enter_openat /pid == {target.pid}/ {{ signal("{name}"); }}'
    run = trace("--to", target.pid)
    # Where it is mounted, it cannot be mounted once more.
    mount = (
        "test -e /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing"
        ' && exec "$@"'
    )
    begin = 'BEGIN { printf("ready\\n"); }'
    bpf = spawn(
        *("unshare", "-m", "sh", "-c", mount, "sh", "bpftrace", "--unsafe", "-e", begin + probe),
        # On 5.10 bpftrace finds BTF only where it is told to look (Debian 12, bpftrace 0.17).
        env={**os.environ, "BPFTRACE_BTF": "/sys/kernel/btf/vmlinux"},
    )
    assert any(b"ready" in line for line in bpf.stdout)
    target.stdin.write(b"go\n")
    target.stdin.close()
    assert target.wait() == -getattr(signal, f"SIG{name}")
    seen = run.signal_to(target.pid, f"SIG{name}")
    assert seen["signal"]["code"] == "SI_KERNEL"
    assert seen["origin"] == "kernel"
    assert nobody_sent(seen)
    assert_death(run, seen, target.returncode)
    run.stop()


@CORE_ONLY
def test_a_stopped_job_left_behind_is_not_hung_up_by_a_terminal(trace, spawn):
    """A stopped job whose group loses its last parent gets HUP and CONT: kill_orphaned_pgrp()."""
    code = (
        "import os, signal, sys\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    os.setpgid(0, 0)\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
        "    os._exit(3)\n"
        "os.waitpid(child, os.WUNTRACED)\n"
        "print(child, flush=True)\n"
        "sys.stdin.readline()\n"
    )
    parent = spawn(sys.executable, "-I", "-S", "-c", code)
    child = int(parent.stdout.readline())
    tty = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[4]
    assert int(tty) == 0
    run = trace("--to", child)
    parent.communicate(b"\n")
    seen = run.signal_to(child, "SIGHUP")
    death = run.death_of(child)
    run.stop()
    assert (seen["signal"]["code"], seen["outcome"]) == ("SI_KERNEL", "delivered")
    assert seen["origin"] == "parent death"
    assert (seen["sender"]["pid"], death["cause"]) == (parent.pid, seen["id"])
    assert "current" not in seen
    assert "call" not in seen


@CORE_ONLY
def test_a_fault_without_an_address_has_none(trace, spawn, program):
    """int3, or an address that is none, leave SI_KERNEL and no address: never 0 for unknown."""
    run = trace(*OURS)
    child = spawn(program("wild"))
    assert child.wait() == -signal.SIGSEGV
    seen = run.signal_to(child.pid, "SIGSEGV")
    assert (seen["signal"]["code"], seen["origin"]) == ("SI_KERNEL", "fault")
    assert "fault" not in seen
    assert_death(run, seen, child.returncode)
    run.stop()


@CORE_ONLY
def test_who_has_given_up_root_meanwhile_is_so_described(trace, spawn, victim):
    """A sender is described once, but not for ever: a new uid is told, and no old one beside it."""
    target = victim("ignore", signal.SIGUSR1, user=65534)
    code = (
        "import os, signal, sys\n"
        f"os.kill({target.pid}, signal.SIGUSR1)\n"
        "print(flush=True); sys.stdin.readline()\n"
        "os.setresuid(65534, 65534, 65534)\n"
        f"os.kill({target.pid}, signal.SIGUSR1)\n"
        "print(flush=True); sys.stdin.readline()\n"
    )
    run = trace("--to", target.pid)
    sender = spawn(sys.executable, "-I", "-S", "-c", code)
    oracle = []
    for _ in range(2):
        sender.stdout.readline()
        oracle.append(list(map(int, status_of(sender.pid)["Uid"].split()[:2])))
        sender.stdin.write(b"\n")
        sender.stdin.flush()
    sender.wait()
    run.wait_for(lambda e: len(run.to(target.pid)) == 2)
    run.stop()
    told = [[e["sender"]["uid"], e["sender"]["euid"]] for e in run.to(target.pid)]
    assert told == oracle == [[0, 0], [65534, 65534]]


@pytest.mark.sources("core", "bcc", reason="audit looks for parents in /proc")
def test_who_has_lost_its_parent_meanwhile_is_so_described(trace, spawn, victim):
    target = victim("ignore", signal.SIGUSR1)
    code = (
        "import os, signal, sys\n"
        "parent = os.getpid()\n"
        "child = os.fork()\n"
        "if child:\n"
        "    print(child, flush=True)\n"
        "    os.waitid(os.P_ALL, 0, os.WSTOPPED | os.WNOWAIT)\n"
        "    os._exit(0)\n"
        f"os.kill({target.pid}, signal.SIGUSR1)\n"
        "os.kill(os.getpid(), signal.SIGSTOP)\n"
        f"os.kill({target.pid}, signal.SIGUSR1)\n"
        "sys.stdin.readline()\n"
    )
    run = trace("--to", target.pid)
    parent = spawn(sys.executable, "-I", "-S", "-c", code)
    child = int(parent.stdout.readline())
    parent.wait()
    until(lambda: status_of(child)["State"].startswith("T"))
    os.kill(child, signal.SIGCONT)
    run.wait_for(lambda e: len(run.to(target.pid)) == 2)
    oracle = int(status_of(child)["PPid"])
    parent.stdin.close()
    run.stop()
    assert [e["sender"]["ppid"] for e in run.to(target.pid)] == [parent.pid, oracle]
    assert oracle != parent.pid
