"""What the kernel ends: memory, faults, limits, timers, terminals, parents."""

from __future__ import annotations

import os
import pty
import struct
import subprocess
import time
from pathlib import Path

from scenes.stage import MEMORY, PATIENCE, RATE_LIMIT, Other, comm_of, is_alive, scene, until


def limited(s, name, megabytes):
    group = s.group(MEMORY / name)
    for file in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
        if (group / file).exists():
            (group / file).write_text(str(megabytes << 20))
    return group


def eater(s, group, name, unit=None):
    def enter():
        (group / "cgroup.procs").write_text(str(os.getpid()))

    return s.victim_(
        name, unit, words=[s.program(name, s.folder / "bin" / "eat_memory"), "64"], before=enter,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


@scene("oom")
def memory_of_a_cgroup(s):
    group = limited(s, "billing.service", 8)
    s.what = "billing"
    eater(s, group, "billingimport", "billing.service").wait()
    s.says("billing.service: A process of this unit has been killed by the OOM killer.")
    s.unit_died("billing.service", result="oom-kill")


# The signals of own_doing.c's ways, and what they are.
FAULTS = ("null", "divide", "illegal", "bus")


def _own(name, way, cause):
    def make(s):
        if way in FAULTS:
            time.sleep(RATE_LIMIT)
        s.victim_(name, words=[s.program(name, s.folder / "bin" / "own_doing"), way])

    make.__name__ = "own_" + way.replace(" ", "_")
    scene(cause)(make)


for _name, _way, _cause in (
    ("nullreader", "null", "crash"), ("divider", "divide", "crash"), ("illegalist", "illegal", "crash"),
    ("buserror", "bus", "crash"), ("aborter", "abort", "abort"), ("raiser", "raise", "killed"),
    ("pipewriter", "pipe", "pipe"), ("cpueater", "cpu", "limit"), ("cpuhard", "cpu hard", "limit"),
    ("bigfile", "file size", "limit"), ("filtered", "seccomp", "seccomp"),
):  # fmt: skip
    _own(_name, _way, _cause)


@scene("crash")
def a_fault_that_its_handler_raises_again(s):
    text = "import faulthandler, ctypes\nfaulthandler.enable()\nctypes.string_at(0)\n"
    s.victim_(
        "nullpointer.py",
        words=["/usr/bin/python3", s.script("nullpointer.py", text)],
    )


@scene("timer")
def its_timer(s):
    s.victim_(
        "ticker.py",
        words=[
            "/usr/bin/python3",
            s.script("ticker.py", "import signal\nsignal.setitimer(0,.05)\nsignal.pause()\n"),
        ],
    )


@scene("parent death")
def its_parents_death(s):
    text = (
        "import ctypes,os,signal,sys,time\n"
        "r,w=os.pipe()\n"
        "pid=os.fork()\n"
        "if not pid:\n"
        " ctypes.CDLL(None).prctl(1,15); os.write(w,b'x'); os.execv(sys.argv[1],['orphanproc','1000'])\n"
        "os.read(r,1); time.sleep(.1); print(pid,flush=True)\n"
    )
    boss = s.start(
        ["/usr/bin/python3", s.script("parent.py", text), s.program("orphanproc")],
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(boss.stdout.readline())
    s.pids.append(pid)
    boss.wait()
    until(lambda: not is_alive(pid))
    s.what, s.victim = "orphanproc", Other(pid, -15)


@scene("pid namespace")
def its_namespace(s):
    box = s.start(
        [
            "unshare",
            "--pid",
            "--fork",
            "--kill-child",
            "/bin/bash",
            "-c",
            f"{s.program('nsinner')} 1000 & echo ready; sleep 0.3; exit 0",
        ],
        stdout=subprocess.PIPE,
    )
    box.stdout.readline()
    found = []

    def seen():
        found[:] = [int(p.name) for p in Path("/proc").glob("[0-9]*") if comm_of(p) == "nsinner"]
        return found

    until(seen)
    s.pids += found
    box.wait()
    s.what, s.victim = "nsinner", Other(found[0], -9)


@scene("ptrace")
def its_tracer(s):
    """PTRACE_KILL's kin: a tracer that ends with PTRACE_O_EXITKILL takes its tracee with it."""
    text = (
        "import ctypes,os,sys\n"
        "libc=ctypes.CDLL(None,use_errno=True); pid=int(sys.argv[1])\n"
        "assert libc.ptrace(0x4206,pid,0,0x100000)==0\n"
    )
    victim = s.victim_("tracee")
    tracer = s.start(["/usr/bin/python3", s.script("debugger.py", text), str(victim.pid)])
    s.sender = tracer.pid
    tracer.wait()
    victim.wait()


def _terminal(s, name, end):
    """A shell-less session whose terminal is ours."""
    master, slave = pty.openpty()

    def own():
        os.setsid()
        import fcntl
        import termios

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    path = s.program(name)
    victim = s.victim_(name, words=[path, "1000"], before=own, stdin=slave, stdout=slave)
    until(lambda: comm_of(Path(f"/proc/{victim.pid}")) == name)
    os.close(slave)
    end(master)
    victim.wait()


@scene("terminal")
def its_terminal_goes(s):
    _terminal(s, "hungup", os.close)


@scene("terminal")
def ctrl_c(s):
    def type_it(master):
        os.write(master, b"\x03")

    _terminal(s, "interrupted", type_it)


# x86's and arm's numbers of their programs (elf.h), and an address that no process has.
MACHINES = {"x86_64": 62, "aarch64": 183}
UNMAPPABLE = 0x7FFFFFFFFFFFF000


def _unmappable(path):
    """A program that execve(2) gives up its caller for, and then cannot map: load_elf_binary(), fs/binfmt_elf.c."""
    machine, at = MACHINES[os.uname().machine], UNMAPPABLE
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, at, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    path.write_bytes(ident + head + struct.pack("<IIQQQQQQ", 1, 5, 0, at, at, 120, 120, 4096))
    path.chmod(0o755)
    return path


@scene("exec failed")
def an_exec_that_fails(s):
    _failing_exec(s, "launcher")


def _failing_exec(s, name):
    broken = _unmappable(s.folder / "bin" / f"{name}-broken")
    words = [s.program(name, "/bin/bash"), "-c", f"exec -a {name} {broken}"]
    s.victim_(name, words=words)
    s.what = str(s.victim.pid)
    s.victim.wait()


@scene("exec failed")
def an_exec_that_fails_while_another_is_killed(s):
    """Somebody kills another process of that moment with the same signal."""
    other = s.start([s.program("bystander"), "1000"])
    s.bash("zsh", f"kill -SEGV {other.pid}; true")
    _failing_exec(s, "starter")
    other.wait()


@scene("kernel")
def a_bpf_program(s):
    """bpf_send_signal() of a BPF program: whoever runs in the kernel then is its target, and no process its sender."""
    words = [s.program("policed", "/bin/bash"), "-c", "read x; : > /dev/null; read y"]
    _police(s.victim_("policed", words=words, stdin=subprocess.PIPE))


def _police(victim):
    """SIGKILL when it opens a file next."""
    program = (
        'BEGIN { printf("ready\\n") } '
        f'tracepoint:syscalls:sys_enter_openat /pid == {victim.pid}/ {{ signal("KILL") }}'
    )
    # Where tracefs is mounted, it cannot be mounted once more.
    mount = (
        "test -e /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing"
        ' && exec "$@"'
    )
    tracer = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", mount, "sh", "bpftrace", "--unsafe", "-q", "-e", program],
        stdout=subprocess.PIPE,
    )
    try:
        assert tracer.stdout.readline().strip() == b"ready"
        victim.stdin.write(b"\n")
        victim.stdin.flush()
        victim.wait(PATIENCE)
    finally:
        tracer.terminate()
        tracer.wait(PATIENCE)


@scene("kernel")
def a_bpf_program_after_a_kill_that_it_survived(s):
    """Somebody sends it a signal that it ignores just before."""
    words = "trap '' TERM; echo ready; read x; : > /dev/null; read y"
    victim = s.victim_(
        "policed2",
        words=[s.program("policed2", "/bin/bash"), "-c", words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    victim.stdout.readline()
    s.bash("zsh", f"kill -TERM {victim.pid}; true")
    _police(victim)


@scene("kernel")
def input_that_nobody_handles(s):
    """O_ASYNC without a handler: the kernel's SIGIO ends whoever asked for it (fcntl(2))."""
    text = (
        "import fcntl,os,sys,time\n"
        "fcntl.fcntl(0,fcntl.F_SETOWN,os.getpid())\n"
        "fcntl.fcntl(0,fcntl.F_SETFL,fcntl.fcntl(0,fcntl.F_GETFL)|os.O_ASYNC)\n"
        "print('ready',flush=True); time.sleep(1000)\n"
    )
    victim = s.victim_(
        "listener.py",
        words=["/usr/bin/python3", s.script("listener.py", text)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    victim.stdout.readline()
    victim.stdin.write(b"x")
    victim.stdin.flush()
    victim.wait()
