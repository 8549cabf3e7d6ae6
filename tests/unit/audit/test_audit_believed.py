"""What replay takes for true, whose it is, and what it takes for a mistake of its user."""

import json

import audit_logs as logs
import pytest
from audit_logs import FIRST, replay, shown

from tracer.sources.logs.files import find_logs


def test_errors_are_not_kept_in_a_log_that_is_read(log):
    path = log(FIRST.encode())
    before = path.read_bytes()
    done = replay(path, "--errors", path)
    assert (done.returncode, path.read_bytes()) == (2, before)
    assert "is a log to be read" in done.stderr.decode()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--unit", "nginx"), "cgroup"),
        (("--container", "3f"), "cgroup"),
        (("--outcome", "delivered"), "neither outcomes"),
        (("--origin", "oom"), "what the kernel sends"),
    ],
)
def test_a_filter_that_no_log_can_fit_is_refused(words, why, log):
    done = replay(log(FIRST.encode()), *words)
    assert done.returncode == 2
    assert why in done.stderr.decode()


def test_who_asks_for_a_signal_is_not_shown_probes(log):
    path = log(logs.kill(1, 801) + logs.kill(2, 801, a1=0))
    assert [event["event"] for event in shown(path)] == ["signal", "probe"]
    assert [event["event"] for event in shown(path, "--signal", "KILL")] == ["signal"]
    asked = shown(path, "--signal", "KILL", "--outcome", "exists")
    assert [event["event"] for event in asked] == ["probe"]


def test_a_file_without_records_among_others_is_named(log, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("nothing here\n")
    done = replay(log(FIRST.encode()), other)
    assert done.returncode == 0
    assert f"no audit records in {other}" in done.stderr.decode()


def test_losses_of_another_time_are_not_shown(log):
    early = b"".join(logs.call(n, 257) for n in (*range(1, 100), *range(110, 250)))
    path = log(early + logs.record(b"SYSCALL", 251, b"arch=c000003e syscall=62", 10**9))
    kinds = [event["event"] for event in shown(path)]
    assert "loss" in kinds
    assert "loss" not in [event["event"] for event in shown(path, "--since", "2023-11-25")]


def test_a_record_that_somebody_has_logged_is_none(log):
    """The kernel's own words come by the kernel's transport: journald's fields with _ are not the sender's."""
    entry = {
        "_TRANSPORT": "syslog",
        "_UID": "1000",
        "SYSLOG_IDENTIFIER": "kernel",
        "__REALTIME_TIMESTAMP": "1514202775090000",
        "MESSAGE": "audit: type=1300 audit(1514202775.088:351): arch=c000003e syscall=62 success=yes "
        "exit=0 a0=5e03 a1=9 a2=0 a3=0 items=0 ppid=1349 pid=1350 auid=3010 uid=0",
    }
    assert shown(log(json.dumps(entry).encode() + b"\n")) == []
    (event,) = shown(log(json.dumps({**entry, "_TRANSPORT": "kernel"}).encode() + b"\n"))
    assert event["sender"]["pid"] == 1350


def test_two_journals_of_one_second_are_two(log, tmp_path):
    text = (
        "Dec 25 19:52:55 host{0} audit[1350]: SYSCALL arch=c000003e syscall=62 success=yes exit=0 a0=5e0{0} "
        'a1=9 a2=0 a3=0 items=0 ppid=1 pid=135{0} auid=1 uid=1 comm="bash" exe="/bin/bash"\n'
        'Dec 25 19:52:55 host{0} audit[1350]: OBJ_PID opid=2400{0} oauid=-1 ouid=1 oses=-1 ocomm="x"\n'
    )
    paths = [tmp_path / name for name in ("a.txt", "b.txt")]
    for number, path in enumerate(paths):
        path.write_text(text.format(number))
    ends = {(one["sender"]["pid"], one["target"]["pid"]) for one in shown(*paths)}
    assert ends == {(1350, 24000), (1351, 24001)}


def test_addresses_are_no_rotated_set(tmp_path):
    for name in ("10.0.0.1", "10.0.0.2"):
        (tmp_path / name).write_text(FIRST)
    found = find_logs([str(tmp_path / "10.0.0.1"), str(tmp_path / "10.0.0.2")])
    assert [len(one.paths) for one in found] == [1, 1]


def test_hosts_and_unknown_targets_are_said(log):
    node = b"node=web1 " + logs.kill(1, 801).replace(b"\ntype", b"\nnode=web1 type")
    told = replay(log(node + node.replace(b"web1", b"web2"))).stdout.decode()
    assert (told.count("UTC+00:00 on web1\n"), told.count("on web1")) == (1, 1)
    assert "• on web2" in told
    pidfd = logs.call(2, 424, a0=5)
    assert "the target of a pidfd cannot be known" in replay(log(pidfd)).stdout.decode()
    tkill = logs.call(3, 200, a0=0x5E04, a1=6)
    assert "to thread 24068, of an unknown process" in replay(log(tkill)).stdout.decode()
