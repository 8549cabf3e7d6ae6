"""An outage as a syslog has it, from the file to the words: the lines that a person pastes."""

from __future__ import annotations

import json

import pytest

from tracer import cli

LOG = """\
Nov 27 12:33:29 web3 sudo:   deploy : TTY=unknown ; PWD=/ ; USER=root ; COMMAND=/usr/bin/pkill -9 -x orders-api
Nov 27 12:33:29 web3 systemd[1]: orders-api.service: Main process exited, code=killed, status=9/KILL
Nov 27 12:33:29 web3 systemd[1]: orders-api.service: Failed with result 'signal'.
Nov 27 12:33:30 web3 systemd[1]: orders-api.service: Scheduled restart job, restart counter is at 85.
Nov 27 12:34:49 web3 kernel: [12345.678] billing-import invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
Nov 27 12:34:49 web3 kernel: [12345.678] memory: usage 40960kB, limit 40960kB, failcnt 100
Nov 27 12:34:49 web3 kernel: [12345.679] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=billing.service,mems_allowed=0,oom_memcg=/system.slice/billing.service,task_memcg=/system.slice/billing.service,task=billing-import,pid=19635,uid=0
Nov 27 12:34:49 web3 kernel: [12345.679] Memory cgroup out of memory: Killed process 19635 (billing-import) total-vm:60000kB, anon-rss:40755kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:120kB oom_score_adj:0
Nov 27 12:34:49 web3 systemd[1]: billing.service: Main process exited, code=killed, status=9/KILL
Nov 27 12:34:49 web3 systemd[1]: billing.service: Failed with result 'oom-kill'.
Nov 27 12:35:43 web3 kernel: [12400.000] python3[16923]: segfault at 0 ip 00007f2a5c567ad8 sp 00007ffd error 4 in libc.so.6[7f2a5c400000+195000]
Nov 27 12:35:43 web3 systemd[1]: crashy.service: Main process exited, code=dumped, status=11/SEGV
Nov 27 12:40:02 web3 systemd[1]: report-job.service: Main process exited, code=exited, status=1/FAILURE
Nov 27 12:42:30 web3 systemd[1]: webapp.service: State 'stop-sigterm' timed out. Killing.
Nov 27 12:42:30 web3 systemd[1]: webapp.service: Killing process 2231 (webapp) with signal SIGKILL.
Nov 27 12:42:30 web3 systemd[1]: webapp.service: Main process exited, code=killed, status=9/KILL
Nov 27 12:43:30 web3 systemd[1]: quiet.service: Main process exited, code=killed, status=9/KILL
"""  # fmt: skip


@pytest.fixture
def outage(tmp_path):
    path = tmp_path / "messages"
    path.write_text(LOG)
    return str(path)


def why(capsys, *words):
    status = cli.main(["why", "--year", "2026", *words])
    return status, capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("what", "status", "lines"),
    [
        ("orders-api", 0, [
            "orders-api.service on web3 was most likely killed with SIGKILL by pkill",
            "  who     deploy, as root: /usr/bin/pkill -9 -x orders-api",
            "  then    systemd began to start it again 1 s later",
            "  from    messages:1-2",
        ]),
        ("19635", 0, [
            "billing-import[19635] on web3 was killed by the kernel: out of memory",
            "  why     billing.service reached its limit of 40 MB; the victim held 39.8 MB",
            "  sure    yes, if the lines of this text log are genuine",
        ]),
        ("billing", 0, ["billing-import[19635] on web3 was killed by the kernel: out of memory"]),
        ("crashy", 0, [
            "python3[thread 16923] (crashy.service) on web3 most likely crashed: SIGSEGV",
            "  why     it read address 0x0 (a null pointer) in libc.so.6 (0x167ad8 into that",
            "  sure    likely: that it is this unit's is known by time alone",
        ]),
        ("report-job", 0, [
            "report-job.service on web3 ended with status 1",
            "  sure    yes, of the status; whether a signal asked for it is not recorded",
        ]),
        ("webapp.service", 0, [
            "webapp[2231] on web3 was killed by systemd: it did not stop in time",
            "  who     asked for the stop: not in these logs",
        ]),
        ("quiet", 1, ["quiet.service on web3 died of SIGKILL: the cause is not known"]),
    ],
)  # fmt: skip
def test_what_a_person_reads(outage, capsys, what, status, lines):
    told, shown = why(capsys, what, outage)
    assert told == status
    assert shown[0] == lines[0]
    assert set(lines) <= set(shown)


def test_nothing_of_that_name(outage, capsys):
    status = cli.main(["why", "billingg", outage])
    assert status == 3
    assert "billing" in capsys.readouterr().err


def test_at_a_glance(outage, capsys):
    _, lines = why(capsys, "--since", "2026-11-27", outage)
    assert [line.split("  ", 1)[1] for line in lines][-3:] == [
        "python3  crash: SIGSEGV (likely)",
        "billing-import  oom: SIGKILL",
        "orders-api  SIGKILL by pkill (deploy) (likely)",
    ]


def test_two_names_are_one_too_many(outage, capsys):
    assert cli.main(["why", "nginx", "webapp", outage]) == 2
    assert "one name too many" in capsys.readouterr().err


def test_json(outage, capsys):
    _, lines = why(capsys, "--json", "webapp", outage)
    verdict = json.loads(lines[0])
    assert verdict["cause"] == "stop timeout"
    assert {one["place"]["line"] for one in verdict["evidence"]} == {14, 15, 16}
