"""A pid that may be another process's by now, though no record says so: a fork without an exec is not logged."""

from __future__ import annotations

import pytest
from audit_logs import shown

from tracer.audit.known import Known
from tracer.audit.record import Stamp
from tracer.audit.rounds import BLIND
from tracer.model.event import Process
from tracer.model.times import SECOND

NOON = 1_795_780_800
ARGV = ["bash", "/opt/backup.sh"]


def event(seconds, call, pid, comm, *, ppid=90, ses=3, argv=(), more=(), node=""):
    """A system call's records, as auditd writes them."""
    stamp = f"audit({NOON + seconds}.000:{100 + seconds}{pid}):"
    title = "\0".join(argv or [comm]).encode().hex().upper()
    records = [
        f"SYSCALL msg={stamp} arch=c000003e {call} items=0 ppid={ppid} pid={pid} auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 "
        f'egid=0 sgid=0 fsgid=0 tty=pts1 ses={ses} comm="{comm}" exe="/usr/bin/{comm}" key="k"',
        *(f"{kind} msg={stamp} {body}" for kind, body in more),
        f"PROCTITLE msg={stamp} proctitle={title}",
    ]
    return "".join(f"{node}type={one}\n" for one in records)


def execs(seconds, pid, comm="bash", argv=ARGV, **more):
    words = " ".join(f'a{n}="{word}"' for n, word in enumerate(argv))
    call = "syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4"
    return event(seconds, call, pid, comm, argv=argv, more=[("EXECVE", f"argc={len(argv)} {words}")], **more)  # fmt: skip


def kills(seconds, pid, target, comm, *, number=15, ses=3, **more):
    call = f"syscall=62 success=yes exit=0 a0={target:x} a1={number:x} a2=0 a3=0"
    whom = f'opid={target} oauid=1000 ouid=0 oses={ses} ocomm="{comm}"'
    return event(seconds, call, pid, "kill", more=[("OBJ_PID", whom)], ses=ses, **more)


def target_of_the_last(log, text):
    told = shown(log(text.encode()))
    return [one for one in told if one["event"] == "signal"][-1]["target"]


FIRST = execs(0, 500)
LAST = kills(400, 77, 500, "bash")
GIVEN_ANEW = {
    "a pid that was killed is at work again": kills(100, 77, 700, "sleep", number=9)
    + kills(200, 700, 800, "other"),
    "another session's program has a pid": execs(100, 700, ses=3) + execs(200, 700, ses=9),
    "the parent is younger than its child": execs(100, 700, ppid=90)
    + execs(150, 650, ppid=90)
    + execs(200, 700, ppid=650),
}
NOT_ANEW = {
    "nothing more": execs(100, 700),
    "a shell that runs another program": execs(100, 700) + execs(200, 700, "sleep", ["sleep", "9"]),
    "an orphan": execs(100, 700, ppid=90) + execs(200, 700, ppid=1),
    "an orphan of a session with a reaper": execs(100, 700, ppid=90) + execs(200, 700, ppid=80),
    "before it was seen": "",
    "on another host": kills(100, 77, 700, "sleep", number=9, node="node=db1 ")
    + kills(200, 700, 800, "other", node="node=db1 "),
}


@pytest.mark.parametrize("name", GIVEN_ANEW)
def test_where_one_pid_was_given_anew_any_may_have_been(name, log):
    """All that is sure of the target is what the record of it says."""
    target = target_of_the_last(log, FIRST + GIVEN_ANEW[name] + LAST)
    assert target["comm"] == "bash"
    assert not target.keys() & {"argv", "exe", "ppid", "tty", "ancestors"}


@pytest.mark.parametrize("name", NOT_ANEW)
def test_where_none_was_it_is_the_same(name, log):
    target = target_of_the_last(log, FIRST + NOT_ANEW[name] + LAST)
    assert target["argv"] == ARGV


def test_what_is_seen_again_behind_the_round_is_told_anew(log):
    more = execs(300, 500, argv=["bash", "/opt/restore.sh"])
    text = FIRST + GIVEN_ANEW["another session's program has a pid"] + more + LAST
    assert target_of_the_last(log, text)["argv"] == ["bash", "/opt/restore.sh"]


@pytest.mark.parametrize(
    ("seconds", "is_told"), [(BLIND // SECOND, True), (BLIND // SECOND + 1, False)]
)
def test_a_log_without_births_is_believed_for_a_short_time(seconds, is_told, log):
    """A sender that is a target later: in between it may have ended."""
    text = kills(0, 500, 800, "other") + kills(seconds, 77, 500, "kill")
    assert ("ppid" in target_of_the_last(log, text)) == is_told


@pytest.mark.parametrize(
    ("ends", "now", "is_known"),
    [
        ([], 9, True), ([3], 9, False), ([3], 3, True), ([0], 9, True), ([3, 20], 9, False),
        # Of the next owner.
        ([20], 9, True),
    ],
)  # fmt: skip
def test_who_sees_ends_knows_when_a_pid_was_free(ends, now, is_known):
    known = Known(sees_ends=True)
    sender = Process(500, comm=b"bash", uid=0, ppid=90, exe=b"/bin/bash")
    known.see_sender(Stamp(None, NOON * SECOND + SECOND, 1), sender)
    for end in ends:
        known.ended(None, 500, (NOON + end) * SECOND)

    class Group:
        stamp = Stamp(None, (NOON + now) * SECOND, 2)

    found = known.completed(Group, Process(500, comm=b"bash", uid=0))
    assert (found.ppid == 90) == is_known


LONG = ["java", "-cp", "/opt/" + "a" * 150, "com.example.First"]


@pytest.mark.parametrize(("ppid", "is_told"), [(90, True), (1, True), (95, False)])
def test_a_title_that_was_cut_is_made_whole_by_the_same_parents_child_alone(ppid, is_told, log):
    """Two of many Java programs begin alike: 128 bytes are all that a record has of a command line."""
    call = "syscall=62 success=yes exit=0 a0=1f4 a1=f a2=0 a3=0"
    whom = 'opid=500 oauid=1000 ouid=0 oses=3 ocomm="other"'
    cut = "\0".join(LONG)[:128].split("\0")
    kill = event(9, call, 700, "java", argv=cut, ppid=ppid, more=[("OBJ_PID", whom)])
    told = shown(log((execs(0, 700, "java", LONG) + kill).encode()))
    (signal,) = [one for one in told if one["event"] == "signal"]
    assert ("com.example.First" in signal["sender"]["argv"]) == is_told
