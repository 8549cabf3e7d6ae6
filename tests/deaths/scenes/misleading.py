"""Neighbours that mislead: somebody else's signal, memory, pid, command or line at the same time."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from scenes.by_kernel import eater, limited
from scenes.stage import RATE_LIMIT, scene


@scene("crash")
def a_kill_of_another_at_the_same_time(s):
    """Somebody kills another process while this one crashes."""
    time.sleep(RATE_LIMIT)
    other = s.start([s.program("bystander"), "1000"])
    s.victim_("crasher", words=[s.program("crasher", s.folder / "bin" / "own_doing"), "null"])
    s.bash("zsh", f"kill -9 {other.pid}; true")
    other.wait()


@scene("exit")
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


@scene("crash")
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


@scene("killed")
def sudo_of_somebody_else(s):
    """sudo's line names another process; the recording knows better."""
    victim = s.victim_("paymentd", "paymentd.service")
    s.says("mallory : TTY=pts/3 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/pkill -9 -x otherd", "sudo")
    s.sender = s.bash("zsh", f"kill -9 {victim.pid}; true").pid
    victim.wait()
    s.unit_died("paymentd.service")


@scene("killed")
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


@scene("killed")
def memory_of_another_in_the_same_second(s):
    """One is killed by a person while another's cgroup runs out of memory."""
    innocent = s.start([s.program("neighbour"), "1000"])
    group = limited(s, "hungry.service", 8)
    eater(s, group, "hungryone").wait()
    s.what, s.victim = "neighbour", innocent
    s.sender = s.bash("zsh", f"kill -9 {innocent.pid}; true").pid
