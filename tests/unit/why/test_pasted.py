"""Logs of programs and systems of many kinds, as people paste them: what is read, and what must not be said of them."""

from __future__ import annotations

import re

import pytest

from tracer import cli


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def why(tmp_path, capsys, log, *words):
    """The exit status and what is said, lines unfolded."""
    path = tmp_path / "pasted.log"
    path.write_text(log)
    status = cli.main(["why", "--year", "2025", *words, str(path)])
    told = capsys.readouterr()
    return status, " ".join((told.out + told.err).split())


SURVIVED = """\
Mar 24 10:28:22 board systemd[1]: camd.service: State 'stop-sigterm' timed out. Killing.
Mar 24 10:28:22 board systemd[1]: camd.service: Killing process 475 (camd) with signal SIGKILL.
Mar 24 10:29:52 board systemd[1]: camd.service: Processes still around after SIGKILL. Ignoring.
Mar 24 10:31:23 board systemd[1]: camd.service: State 'final-sigterm' timed out. Killing.
Mar 24 10:31:23 board systemd[1]: camd.service: Killing process 475 (camd) with signal SIGKILL.
"""
LIVED_ON = """\
Mar 24 10:32:53 board systemd[1]: camd.service: Unit process 475 (camd) remains running after unit stopped.
"""
JVM_STOPPED = """\
Aug 31 14:31:31 box systemd: Stopping Billing backend service...
Aug 31 14:31:33 box systemd: billing-api.service: main process exited, code=exited, status=143/n/a
"""
OTHER_STOPPED = """\
Aug 31 14:31:31 box systemd: Stopping Print Spooler...
Aug 31 14:31:33 box systemd: billing-api.service: main process exited, code=exited, status=143/n/a
"""
HARAKIRI = """\
Mon Mar 24 10:14:45 2025 - *** HARAKIRI ON WORKER 1 (pid: 53, try: 1) ***
Mon Mar 24 10:14:46 2025 - DAMN ! worker 1 (pid: 53) died, killed by signal 9 :( trying respawn ...
"""
WORKER = """\
[2025-03-24 10:14:45 +0000] [16] [CRITICAL] WORKER TIMEOUT (pid:17)
[2025-03-24 10:14:46 +0000] [16] [ERROR] Worker (pid:17) was sent SIGKILL! Perhaps out of memory?
[2025-03-24 10:19:46 +0000] [16] [ERROR] Worker (pid:19) was sent SIGKILL! Perhaps out of memory?
"""
SUPERVISED = """\
2025-03-24 10:14:45,705 WARN received SIGTERM indicating exit request
2025-03-24 10:14:45,764 INFO waiting for queue to die
2025-03-24 10:14:46,810 INFO stopped: queue (exit status 143)
2025-03-24 10:16:46,810 INFO exited: mailer (terminated by SIGSEGV; not expected)
"""
# A program that writes what the kernel would.
NOT_THE_KERNEL = """\
[2025-03-24 10:14:45 +0000] [16] [ERROR] Booting
[2025-03-24 10:14:46 +0000] [16] [ERROR] Out of memory: Killed process 53 (web) total-vm:1kB, anon-rss:1kB, file-rss:0kB
2025/03/24 10:14:47 [error] 7#7: web[54]: segfault at 0 ip 00 sp 00 error 4
"""
NOT_SYSTEMD = """\
2025-03-24 10:14:45,705 INFO exited: web.service (exit status 1; not expected)
"""
DATABASE = """\
250324  1:23:23 [ERROR] mysqld got signal 11 ;
This could be because you hit a bug.
"""
OLD_KERNEL = "Mar 24 10:14:45 old kernel: Out of Memory: Killed process 2592 (ledger).\n"
ARM = "Mar 24 10:14:45 pi kernel: gauge[72]: unhandled level 2 translation fault (11) at 0x00000010, esr 0x92000006\n"
# dmesg(1) without -T: since boot alone. Another boot's pid 472 is no reason to call it a repeat by date.
RING = """\
[ 1770.321636] Out of memory: Killed process 472 (askd) total-vm:904kB, anon-rss:28kB, file-rss:0kB, shmem-rss:0kB
[ 1790.321636] traps: gauge[473] general protection fault ip:55 sp:66 error:0
[ 1810.321636] traps: gauge[474] general protection fault ip:55 sp:66 error:0
"""
UNDATED = """\
systemd[1]: porter.service: Watchdog timeout (limit 20min)!
systemd[1]: porter.service: Main process exited, code=dumped, status=6/ABRT
systemd-coredump[14276]: Process 10510 (portersvc-longname) of user 0 dumped core.
                         Stack trace of thread 10510:
"""
# Three lines, of which nobody knows what lies between them.
UNDATED_COMMAND = """\
sudo[90]:   eve : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/pkill -9 porter
systemd[1]: porter.service: Main process exited, code=killed, status=9/KILL
"""
EARLYOOM = """\
Mar 24 10:14:45 desk earlyoom[1233]: sending SIGTERM to process 411 uid 1000 "renderd": badness 1264, VmRSS 23964 MiB
Mar 24 10:14:45 desk earlyoom[1233]: process exited after 0.1 seconds
Mar 24 10:15:45 desk earlyoom[1233]: sending SIGTERM to process 412 uid 1000 "shelld": badness 900, VmRSS 17 MiB
"""
NOT_EARLYOOM = """\
Mar 24 10:14:45 desk toy[99]: sending SIGTERM to process 411 uid 1000 "renderd": badness 1264, VmRSS 23964 MiB
Mar 24 10:14:45 desk toy[99]: process exited after 0.1 seconds
"""
OOMD = """\
Mar 24 10:14:45 desk systemd-oomd[34]: oomd attempting to kill 63 with KILL
"""
NEVER_STARTED = """\
Mar 24 10:14:05 desk systemd[1]: userd.service: start operation timed out. Terminating.
Mar 24 10:14:05 desk systemd[1]: userd.service: Failed with result 'timeout'.
Mar 24 10:14:05 desk systemd[1]: Failed to start User Directory.
"""
# Up to v234 a unit's failure is told twice.
HUNG = """\
nov 20 12:16:10 desk systemd[1]: trackd.service: Watchdog timeout (limit 10s)!
nov 20 12:16:10 desk systemd[1]: trackd.service: Unit entered failed state.
nov 20 12:16:10 desk systemd[1]: trackd.service: Failed with result 'watchdog'.
nov 20 12:16:11 desk systemd[1]: trackd.service: Service hold-off time over, scheduling restart.
"""
TOO_OFTEN = """\
Mar 24 10:14:05 desk systemd[1]: userd.service: Failed with result 'start-limit-hit'.
"""
REMAINS = """\
Mar 24 10:32:53 board systemd[1]: camd.service: Stopping timed out. Killing.
Mar 24 10:32:53 board systemd[1]: camd.service: Failed with result 'timeout'.
Mar 24 10:32:53 board systemd[1]: camd.service: Unit process 475 (camd) remains running after unit stopped.
"""
ABORTED = """\
[2025-03-24 10:14:39 +0000] [16] [CRITICAL] WORKER TIMEOUT (pid:72)
[2025-03-24 10:14:40 +0000] [16] [WARNING] Worker with pid 72 was terminated due to signal 6
"""
REFUSED = 'Mar 24 10:14:45 desk kernel: audit: type=1326 audit(1742811285.368:2): auid=4294967295 uid=141 gid=141 ses=4294967295 pid=814 comm="leased" exe="/sbin/leased" sig=31 arch=c000003e syscall=224 compat=0 ip=0xb7f15549 code=0x80000000\n'
ONE_THREAD = REFUSED.replace("code=0x80000000", "code=0x0")
TRAPPED = REFUSED.replace("code=0x80000000", "code=0x30000")
LOGGED = REFUSED.replace("sig=31", "sig=0").replace("code=0x80000000", "code=0x50000")
CHOSEN = """\
Nov 05 21:14:12 node1 kernel: Memory cgroup out of memory: Kill process 193 (ledgerd) score 1337 or sacrifice child
"""
SUMMED = """\
Nov 05 21:14:12 node1 kernel: oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/system.slice/splashd.service,task=splashd,pid=265,uid=0
"""
CORE = """\
           PID: 15706 (launcherd-helpe)
           UID: 1000 (eve)
        Signal: 11 (SEGV)
     Timestamp: Mon 2025-03-03 02:50:56 UTC (11s ago)
  Command Line: /usr/libexec/launcherd-helper --once
    Executable: /usr/libexec/launcherd-helper
 Control Group: /system.slice/launcherd.service
          Unit: launcherd.service
      Hostname: desk
       Message: Process 15706 (launcherd-helpe) of user 1000 dumped core.

                Stack trace of thread 15706:
"""
OOPSED = """\
Sep 11 22:20:57 gate user.emerg kernel: [762362.081971] Internal error: Oops: 80000007 [#1] ARM
Sep 11 22:20:57 gate user.warn kernel: [762362.091971] note: mkfsd[15344] exited with preempt_count 1
"""
# journalctl -o short-monotonic, and the same without any time.
STUCK = """\
[  700.123456] web3 systemd[1]: shop.service: State 'stop-sigterm' timed out. Killing.
[  700.123999] web3 systemd[1]: shop.service: Main process exited, code=killed, status=9/KILL
"""
ASKED = "[  610.113456] web3 systemd[1]: Stopping shop.service - Shop...\n" + STUCK
LISTED = "\n".join(line.partition(" web3 ")[2] for line in ASKED.splitlines()) + "\n"
LISTED_STUCK = "\n".join(line.partition(" web3 ")[2] for line in STUCK.splitlines()) + "\n"


@pytest.mark.parametrize(
    ("log", "what", "status", "said", "unsaid"),
    [
        (SURVIVED, "475", 0, ["camd[475] on board was killed by systemd: it did not stop"], ["2nd time", "more death"]),
        (SURVIVED + LIVED_ON, "475", 3, ["no process 475 has died"], ["was killed"]),
        (JVM_STOPPED, "billing-api", 0, ["most likely stopped by systemd", "'Billing backend service': joined by"], ["sure yes"]),
        (OTHER_STOPPED, "billing-api", 0, ["most likely ended by itself with status 143", "was not watched"], ["stopped by", "sure yes"]),
        (CHOSEN, "ledgerd", 0, ["ledgerd[193] on node1 was most likely killed by the kernel: out of memory", "chose it, or a child of it"], ["sure yes"]),
        (SUMMED, "splashd", 0, ["splashd[265] on node1 was most likely killed by the kernel: out of memory", "the kernel chose it; the line"], ["sure yes"]),
        (CORE, "launcherd", 0, ["launcherd-helpe[15706] on desk most likely crashed: SIGSEGV", "2025-03-03 02:50:56", "a core was dumped"], []),
        (OOPSED, "mkfsd", 0, ["mkfsd[thread 15344] on gate was killed by the kernel: SIGSEGV"], ["its own fault", "crashed"]),
        (EARLYOOM, "renderd", 0, ["renderd[411] on desk was killed by earlyoom[1233]: memory ran low"], []),
        (EARLYOOM, "shelld", 3, ["nothing called shelld has died"], ["was killed"]),
        (NOT_EARLYOOM, "renderd", 3, ["nothing called renderd has died"], ["was killed"]),
        (OOMD, "63", 0, ["process 63 on desk was most likely killed by systemd-oomd[34]", "is known by its name alone"], ["sure yes"]),
        (NEVER_STARTED, "userd", 0, ["most likely killed by systemd: it did not start in time", "how its processes ended is not told"], ["sure yes"]),
        (HUNG, "trackd", 0, ["most likely killed by systemd: it missed its watchdog"], ["sure yes"]),
        (TOO_OFTEN, "userd", 3, ["nothing called userd has died"], ["was killed"]),
        (REMAINS, "camd", 3, ["nothing called camd has died"], ["was killed"]),
        (ABORTED, "72", 0, ["most likely killed by gunicorn[16]: it missed its watchdog"], ["aborted itself"]),
        (REFUSED, "leased", 0, ["leased[814] was killed by the kernel: a seccomp filter refused a system call"], []),
        (ONE_THREAD, "leased", 0, ["leased[814] was most likely killed by the kernel: a seccomp filter", "ends one thread"], ["sure yes"]),
        (TRAPPED, "leased", 3, ["nothing called leased has died"], ["was killed"]),
        (LOGGED, "leased", 3, ["nothing called leased has died"], ["was killed"]),
        (RING, "askd", 0, ["askd[472] was killed by the kernel: out of memory", "when not told: what tells of it bears no date", "sure yes"], ["1970"]),
        (RING, "gauge", 0, ["gauge[thread 474] crashed: SIGSEGV", "2nd time", "sure yes"], ["1970"]),
        (UNDATED, "porter", 0, ["most likely killed by systemd: it missed its watchdog", "joined by their order"], ["sure yes", "19"]),
        (UNDATED, "10510", 1, ["portersvc-longname[10510] ended"], ["1979"]),
        (UNDATED_COMMAND, "porter", 1, ["porter.service died of SIGKILL: the cause is not known"], ["eve", "ms before", "1979"]),
        (HARAKIRI, "53", 0, ["most likely killed by uwsgi", "10:14:46", "its supervisor's log says so"], ["cannot be told", "sure yes"]),
        (WORKER, "17", 0, ["most likely killed by gunicorn"], ["out of memory", "sure yes"]),
        (WORKER, "19", 1, ["the cause is not known"], ["most likely"]),
        (SUPERVISED, "queue", 0, ["queue was most likely stopped by supervisord", "a program's own log alone"], ["a shell reports", "sure yes"]),
        (SUPERVISED, "mailer", 0, ["mailer most likely crashed: SIGSEGV"], ["stopped by"]),
        (NOT_THE_KERNEL, "53", 3, ["no process 53 has died"], ["was killed"]),
        (NOT_THE_KERNEL, "54", 3, ["no process 54 has died"], ["crashed"]),
        (NOT_SYSTEMD, "web.service", 3, ["nothing called web.service has died"], ["ended by itself"]),
        (DATABASE, "mysqld", 0, ["mysqld most likely crashed: SIGSEGV", "2025-03-24 01:23:23"], ["sure yes"]),
        (OLD_KERNEL, "ledger", 0, ["ledger[2592] on old was killed by the kernel: out of memory"], []),
        (STUCK, "shop", 0, ["systemd was stopping it, and it still ran when the time for that was over"], ["began", "holds"]),
        (ASKED, "shop", 0, ["systemd began to stop it; 1 min 30 s later it still ran"], ["holds"]),
        (LISTED, "shop", 0, ["systemd was stopping it, and it still ran when the time for that was over"], ["began", "later", "holds"]),
        (ARM, "gauge", 0, ["gauge[thread 72] on pi crashed: SIGSEGV", "nobody sent the signal"], []),
    ],
)  # fmt: skip
def test_what_is_read_of_a_paste(tmp_path, capsys, log, what, status, said, unsaid):
    told, words = why(tmp_path, capsys, log, what)
    assert (told, [one for one in said if one not in words]) == (status, []), words
    assert [one for one in unsaid if one in words] == [], words


def test_at_a_glance_nothing_has_a_date_that_no_line_bears(tmp_path, capsys):
    told, words = why(tmp_path, capsys, RING)
    assert told == 0
    lines = sorted(map(str.strip, words.split("- ")))
    assert lines == ["", "askd oom: SIGKILL", "gauge crash: SIGSEGV 2 times"]


CLOCK = re.compile(r"\d\d:\d\d:\d\d|\b19[67]\d-")


@pytest.mark.parametrize(
    ("log", "what"),
    [(STUCK, "shop"), (ASKED, "shop"), (LISTED, "shop"), (LISTED_STUCK, "shop"), (RING, "askd"), (RING, "gauge"), (UNDATED, "porter"), (UNDATED_COMMAND, "porter")],
)  # fmt: skip
def test_no_sentence_and_no_field_has_a_time_that_no_line_bears(tmp_path, capsys, log, what):
    for more in ((), ("--evidence",), ("--json",)):
        _, words = why(tmp_path, capsys, log, what, *more)
        assert what in words
        assert CLOCK.findall(words) == []
