"""The deaths that make.py causes: each scene starts a victim, ends it, and tells who did it."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

PATIENCE = 30
# Of faults the kernel writes no more than kernel.printk_ratelimit_burst in so many seconds (kernel.printk_ratelimit).
RATE_LIMIT = 5.5
UNIFIED = Path("/sys/fs/cgroup/unified")
MEMORY = Path("/sys/fs/cgroup/memory")
PROGRAMS = ("own_doing", "mistaken", "eat_memory", "send")


def build(stage, sources):
    """Programs by names of a host: copies of sleep and bash for victims and senders, and those of the live tests."""
    (stage / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        target = stage / "bin" / name
        subprocess.run(["gcc", "-w", "-O1", "-o", target, sources / f"{name}.c"], check=True)


class Stage:
    """What one scene has started and seen; ``pids`` are all that belong to it."""

    def __init__(self, folder):
        self.folder = folder
        self.pids = []
        self.messages = []
        self.groups = []
        self.what = None
        self.victim = None
        self.sender = None

    def program(self, name, of="/bin/sleep"):
        """A copy of a program, by another name."""
        path = self.folder / "bin" / name
        if not path.exists():
            shutil.copy(of, path)
        return str(path)

    def script(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def start(self, words, unit=None, before=None, **more):
        """Start a process, in a unit's cgroup where one is named."""
        group = None if unit is None else self.group(UNIFIED / "system.slice" / unit)

        def enter():
            if group is not None:
                (group / "cgroup.procs").write_text(str(os.getpid()))
            if before is not None:
                before()

        process = subprocess.Popen(
            words, preexec_fn=enter, stderr=subprocess.DEVNULL, cwd="/", **more
        )
        self.pids.append(process.pid)
        return process

    def group(self, path):
        for folder in (path.parent, path):
            if not folder.exists():
                folder.mkdir()
                self.groups.append(folder)
        return path

    def victim_(self, name, unit=None, words=None, **more):
        """The one that is asked about: a sleep by that name, unless other words are given."""
        self.what = self.what or name
        self.victim = self.start(words or [self.program(name), "1000"], unit, **more)
        if words is None:
            until(lambda: Path(f"/proc/{self.victim.pid}/comm").read_text().strip() == name[:15])
        return self.victim

    def bash(self, name, text, **more):
        """Somebody's shell, by another name, that does this; the scene waits for it."""
        done = self.start([self.program(name, "/bin/bash"), "-c", text], **more)
        done.wait(PATIENCE)
        return done

    def says(self, text, by="systemd[1]", at=None):
        """A line as a syslog has it, of now."""
        stamp = datetime.fromtimestamp(at or time.time(), timezone.utc).strftime("%b %d %H:%M:%S")
        self.messages.append(f"{stamp} HOST {by}: {text}")

    def unit_died(self, unit, code="killed", status="9/KILL", result="signal"):
        self.says(f"{unit}: Main process exited, code={code}, status={status}")
        if result:
            self.says(f"{unit}: Failed with result '{result}'.")


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.002)


def played(scene, folder):
    """The facts of a scene; its leftovers are taken away."""
    stage = Stage(folder)
    begin = time.time()
    try:
        scene(stage)
        status = stage.victim.wait(PATIENCE)
        time.sleep(0.02)
    finally:
        for path in stage.groups:
            for pid in (path / "cgroup.procs").read_text().split():
                os.kill(int(pid), 9)
        while True:
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not any(map(_is_alive, stage.pids)):
                break
        for path in reversed(stage.groups):
            until(lambda path=path: not (path / "cgroup.procs").read_text().strip())
            path.rmdir()
    return {
        "what": stage.what,
        "pid": stage.victim.pid,
        "status": status,
        "sender": stage.sender,
        "pids": stage.pids,
        "messages": stage.messages,
        "begin": begin - 0.01,
        "end": time.time() + 0.05,
    }


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] not in "ZX"
    except OSError:
        return False


SCENES = {}


def scene(function):
    SCENES[function.__name__.replace("_", "-")] = function
    return function


# Somebody's signal.


@scene
def a_person(s):
    victim = s.victim_("ledger")
    s.sender = s.bash("zsh", f"kill -9 {victim.pid}; true").pid


@scene
def a_person_asks_a_unit_to_end(s):
    victim = s.victim_("cartapi", "cartapi.service")
    s.sender = s.bash("fish", f"kill -TERM {victim.pid}; true").pid
    victim.wait()
    s.says("cartapi.service: Deactivated successfully.")


@scene
def cron_and_pkill(s):
    s.what = "orders-api"
    s.victim_("ordersapi", "orders-api.service")
    tidy = s.script(
        "tidy-workers", f"#!/bin/bash\npkill -9 -x ordersapi & echo $! > {s.folder}/killer\nwait\n"
    )
    stamp = time.time()
    s.says(f"(deploy) CMD ({tidy})", "CRON[4242]", stamp)
    cron = s.start([s.program("cron", "/bin/bash"), "-c", f"{tidy}; true"])
    s.victim.wait(PATIENCE)
    s.unit_died("orders-api.service")
    cron.wait()
    s.sender = int((s.folder / "killer").read_text())


@scene
def pkill_by_the_whole_line(s):
    victim = s.victim_(
        "worker.py",
        words=["/usr/bin/python3", "-c", "import time; time.sleep(999)", "--queue=mailq"],
    )
    time.sleep(0.1)
    s.what = str(victim.pid)
    # Only the victim: its parent is named, so that no other's command line is hit.
    s.sender = s.start(["pkill", "-9", "-P", str(os.getpid()), "-f", "queue=mailq"]).pid
    victim.wait()


@scene
def a_supervisor(s):
    text = (
        "import os,signal,subprocess,sys,time\n"
        "p=subprocess.Popen([sys.argv[1],'1000']); print(p.pid,flush=True)\n"
        "time.sleep(.05); p.kill(); p.wait()\n"
    )
    boss = s.start(
        [
            s.program("supervisord", "/usr/bin/python3"),
            s.script("boss.py", text),
            s.program("kidproc"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(boss.stdout.readline())
    s.pids.append(pid)
    boss.wait()
    s.what, s.victim, s.sender = "kidproc", Other(pid, -9), boss.pid


class Other:
    """A process whose parent is another: that one's word for how it ended."""

    def __init__(self, pid, status):
        self.pid, self.status = pid, status

    def wait(self, _=None):
        return self.status


@scene
def a_handler_that_exits(s):
    path = s.script(
        "polite.sh", "#!/bin/bash\ntrap 'exit 0' TERM\necho ready\nwhile :; do sleep 0.05; done\n"
    )
    victim = s.victim_("polite.sh", words=["/bin/bash", path], stdout=subprocess.PIPE)
    victim.stdout.readline()
    s.sender = s.bash("zsh", f"kill -TERM {victim.pid}; true").pid


@scene
def a_handler_that_raises_again(s):
    text = (
        "import os,signal\n"
        "def h(n,f):\n signal.signal(n,signal.SIG_DFL); os.kill(os.getpid(),n)\n"
        "signal.signal(15,h); print('ready',flush=True)\n"
        "while True: signal.pause()\n"
    )
    victim = s.victim_(
        "again.py", words=["/usr/bin/python3", s.script("again.py", text)], stdout=subprocess.PIPE
    )
    victim.stdout.readline()
    s.sender = s.bash("zsh", f"kill -TERM {victim.pid}; true").pid


@scene
def itself(s):
    s.victim_("suicidal", words=[s.program("suicidal", "/bin/bash"), "-c", "kill -9 $$"])
    s.sender = s.victim.pid


# The manager's.


@scene
def a_stop(s):
    victim = s.victim_("webshop", "webshop.service")
    s.says("Stopping webshop.service - The shop...")
    victim.terminate()
    s.sender = 1
    victim.wait()
    s.says("webshop.service: Deactivated successfully.")
    s.says("Stopped webshop.service - The shop.")


@scene
def a_stop_that_ran_out_of_time(s):
    path = s.script(
        "stubborn.sh", "#!/bin/bash\ntrap '' TERM\necho ready\nwhile :; do sleep 0.05; done\n"
    )
    s.what = "stubborn"
    victim = s.victim_(
        "stubborn.sh", "stubborn.service", words=["/bin/bash", path], stdout=subprocess.PIPE
    )
    victim.stdout.readline()
    s.says("Stopping stubborn.service - Will not stop...")
    victim.terminate()
    s.sender = 1
    time.sleep(2.1)
    s.says("stubborn.service: State 'stop-sigterm' timed out. Killing.")
    s.says(f"stubborn.service: Killing process {victim.pid} (bash) with signal SIGKILL.")
    victim.kill()
    victim.wait()
    s.unit_died("stubborn.service", result="timeout")


@scene
def a_watchdog(s):
    victim = s.victim_("heartless", "heartless.service")
    s.says("heartless.service: Watchdog timeout (limit 3s)!")
    s.says(f"heartless.service: Killing process {victim.pid} (heartless) with signal SIGABRT.")
    victim.send_signal(signal.SIGABRT)
    s.sender = 1
    victim.wait()
    s.unit_died("heartless.service", "killed", "6/ABRT", "watchdog")


@scene
def a_start_that_took_too_long(s):
    victim = s.victim_("slowpoke", "slowpoke.service")
    s.says("slowpoke.service: start operation timed out. Terminating.")
    victim.terminate()
    s.sender = 1
    victim.wait()
    s.unit_died("slowpoke.service", "killed", "15/TERM", "timeout")


@scene
def a_client_of_the_manager(s):
    victim = s.victim_("clientkilled", "clientkilled.service")
    s.says(
        f"clientkilled.service: Sent signal SIGKILL to main process {victim.pid} (clientkilled) on client request."
    )
    victim.kill()
    s.sender = 1
    victim.wait()
    s.unit_died("clientkilled.service")


# The kernel's.


def _limited(s, name, megabytes):
    group = s.group(MEMORY / name)
    for file in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
        if (group / file).exists():
            (group / file).write_text(str(megabytes << 20))
    return group


def _eater(s, group, name, unit=None):
    def enter():
        (group / "cgroup.procs").write_text(str(os.getpid()))

    return s.victim_(
        name, unit, words=[s.program(name, s.folder / "bin" / "eat_memory"), "64"], before=enter,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


@scene
def memory_of_a_cgroup(s):
    group = _limited(s, "billing.service", 8)
    s.what = "billing"
    _eater(s, group, "billingimport", "billing.service").wait()
    s.says("billing.service: A process of this unit has been killed by the OOM killer.")
    s.unit_died("billing.service", result="oom-kill")


@scene
def memory_of_another_in_the_same_second(s):
    """One is killed by a person while another's cgroup runs out of memory."""
    innocent = s.start([s.program("neighbour"), "1000"])
    group = _limited(s, "hungry.service", 8)
    eater = _eater(s, group, "hungryone")
    eater.wait()
    s.what, s.victim = "neighbour", innocent
    s.sender = s.bash("zsh", f"kill -9 {innocent.pid}; true").pid


FAULTS = ("null", "divide", "illegal", "bus")


def _own(name, way):
    def make(s):
        if way in FAULTS:
            time.sleep(RATE_LIMIT)
        s.victim_(name, words=[s.program(name, s.folder / "bin" / "own_doing"), way])

    make.__name__ = "own_" + way.replace(" ", "_")
    scene(make)


for _name, _way in (
    ("nullreader", "null"), ("divider", "divide"), ("illegalist", "illegal"), ("buserror", "bus"), ("aborter", "abort"),
    ("raiser", "raise"), ("pipewriter", "pipe"), ("cpueater", "cpu"), ("cpuhard", "cpu hard"), ("bigfile", "file size"),
    ("filtered", "seccomp"),
):  # fmt: skip
    _own(_name, _way)


@scene
def its_timer(s):
    s.victim_(
        "ticker.py",
        words=[
            "/usr/bin/python3",
            s.script("ticker.py", "import signal\nsignal.setitimer(0,.05)\nsignal.pause()\n"),
        ],
    )


@scene
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
    until(lambda: not _is_alive(pid))
    s.what, s.victim = "orphanproc", Other(pid, -15)


@scene
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
        found[:] = [int(p.name) for p in Path("/proc").glob("[0-9]*") if _comm(p) == "nsinner"]
        return found

    until(seen)
    s.pids += found
    box.wait()
    s.what, s.victim = "nsinner", Other(found[0], -9)


def _comm(path):
    try:
        return (path / "comm").read_text().strip()
    except OSError:
        return None


@scene
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
    until(lambda: _comm(Path(f"/proc/{victim.pid}")) == name)
    os.close(slave)
    end(master)
    victim.wait()


@scene
def its_terminal_goes(s):
    _terminal(s, "hungup", os.close)


@scene
def ctrl_c(s):
    def type_it(master):
        os.write(master, b"\x03")

    _terminal(s, "interrupted", type_it)


@scene
def a_status(s):
    s.what = "report-job"
    s.victim_(
        "reportjob",
        "report-job.service",
        words=[s.program("reportjob", "/bin/bash"), "-c", "exit 3"],
    )
    s.victim.wait()
    s.unit_died("report-job.service", "exited", "3/NOTIMPLEMENTED", "exit-code")


@scene
def a_status_of_a_shell(s):
    """The shell lives on and exits with 137: its child was killed, not it."""
    s.victim_(
        "wrapper.sh",
        words=[
            "/bin/bash",
            s.script("wrapper.sh", "#!/bin/bash\nsleep 100 &\nkill -9 $!\nwait $!\nexit $?\n"),
        ],
    )


@scene
def the_cgroups_kill(s):
    victim = s.victim_("boxed", "boxed.service")
    (UNIFIED / "system.slice" / "boxed.service" / "cgroup.kill").write_text("1")
    s.sender = 1
    victim.wait()


# Neighbours that mislead.


@scene
def a_kill_of_another_at_the_same_time(s):
    """Somebody kills another process while this one crashes."""
    time.sleep(RATE_LIMIT)
    other = s.start([s.program("bystander"), "1000"])
    s.victim_("crasher", words=[s.program("crasher", s.folder / "bin" / "own_doing"), "null"])
    s.bash("zsh", f"kill -9 {other.pid}; true")
    other.wait()


@scene
def a_kill_before_that_it_survived(s):
    """It is sent a signal that it ignores, and exits a moment later by itself."""
    path = s.script("deaf.sh", "#!/bin/bash\ntrap '' TERM\necho ready\nread x\nexit 4\n")
    victim = s.victim_(
        "deaf.sh", words=["/bin/bash", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    victim.stdout.readline()
    s.bash("zsh", f"kill -TERM {victim.pid}; true")
    victim.stdin.write(b"\n")
    victim.stdin.flush()


@scene
def a_reused_pid(s):
    """The pid was another's, who was killed by somebody; its next owner crashes."""
    time.sleep(RATE_LIMIT)
    first = s.start([s.program("formerone"), "1000"])
    s.bash("zsh", f"kill -9 {first.pid}; true")
    first.wait()
    words = [s.program("latterone", s.folder / "bin" / "own_doing"), "divide"]
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(first.pid - 1))
    s.victim_("latterone", words=words)
    s.what = str(s.victim.pid)


@scene
def sudo_of_somebody_else(s):
    """sudo's line names another process; the recording knows better."""
    victim = s.victim_("paymentd", "paymentd.service")
    s.says("mallory : TTY=pts/3 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/pkill -9 -x otherd", "sudo")
    s.sender = s.bash("zsh", f"kill -9 {victim.pid}; true").pid
    victim.wait()
    s.unit_died("paymentd.service")


@scene
def a_forged_line(s):
    """A user wrote a line that looks like the kernel's; the kernel's own log has nothing of it."""
    victim = s.victim_("framed", "framed.service")
    s.says(
        f"Out of memory: Killed process {victim.pid} (framed) total-vm:60000kB, anon-rss:40755kB, file-rss:0kB, shmem-rss:0kB",
        "mallory",
    )
    s.sender = s.bash("zsh", f"kill -9 {victim.pid}; true").pid
    victim.wait()
    s.unit_died("framed.service")


@scene
def a_container(s):
    name = "4f5e6d7c8b9a" + "0123456789abcdef" * 3 + "0123"
    group = s.group(UNIFIED / "docker" / name)

    def enter():
        (group / "cgroup.procs").write_text(str(os.getpid()))

    victim = s.victim_("boxsleeper", words=[s.program("boxsleeper"), "1000"], before=enter)
    s.what = name[:12]
    until(lambda: _comm(Path(f"/proc/{victim.pid}")) == "boxsleeper")
    s.sender = s.bash("dockerd", f"kill -9 {victim.pid}; true").pid
