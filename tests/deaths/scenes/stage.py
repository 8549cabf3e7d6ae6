"""Where scenes are played: what one starts and writes, who died in it, and who did it."""

from __future__ import annotations

import os
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
    except BaseException:
        for pid in filter(is_alive, stage.pids):
            os.kill(pid, signal.SIGKILL)
        raise
    finally:
        for path in stage.groups:
            for pid in (path / "cgroup.procs").read_text().split():
                os.kill(int(pid), 9)
        while True:
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not any(map(is_alive, stage.pids)):
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


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] not in "ZX"
    except OSError:
        return False


SCENES = {}
CAUSES = {}


def scene(cause):
    """A scene, and what ends its victim: known to whoever wrote it, whatever is told of it afterwards."""

    def keep(function):
        name = function.__name__.replace("_", "-")
        SCENES[name], CAUSES[name] = function, cause
        return function

    return keep


class Other:
    """A process whose parent is another: that one's word for how it ended."""

    def __init__(self, pid, status):
        self.pid, self.status = pid, status

    def wait(self, _=None):
        return self.status


def comm_of(path):
    try:
        return (path / "comm").read_text().strip()
    except OSError:
        return None
