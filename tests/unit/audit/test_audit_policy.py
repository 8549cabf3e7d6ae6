"""Signals that SELinux, AppArmor and Landlock refused."""

from __future__ import annotations

import pytest
from test_audit_replay import shown

CALL = (
    "type=SYSCALL msg=audit(1700000000.500:7): arch=c000003e syscall=62 success=no exit=-13 a0=2404 a1=9 a2=0 a3=0 items=0"
    ' ppid=9206 pid=9216 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1 comm="web" exe="/bin/web" key=(null)\n'
    'type=OBJ_PID msg=audit(1700000000.500:7): opid=9220 oauid=-1 ouid=0 oses=-1 ocomm="db"\n'
)
SELINUX = 'type=AVC msg=audit(1700000000.500:7): avc:  denied  {{ {0} }} for  pid=9216 comm="web" scontext=a tcontext=b tclass={1} permissive={2}\n'
APPARMOR = 'Nov 14 22:13:20 box kernel: [  8.1] audit: type=1400 audit(1700000000.500:7): apparmor="DENIED" operation="{0}" class="signal" profile="docker-default" pid=5289 comm="runc" requested_mask="receive" denied_mask="receive" signal={1} peer="runc"\n'


def test_a_refused_call_names_what_refused_it(log):
    (event,) = shown(log((SELINUX.format("sigkill", "process", 0) + CALL).encode()))
    assert (event["event"], event["policy"], event["error"]) == ("failed", "selinux", "EACCES")
    assert (event["target"]["pid"], event["sender"]["pid"]) == (9220, 9216)


@pytest.mark.parametrize(
    ("words", "number"), [("sigkill", 9), ("sigstop", 19), ("signull", 0), ("signal", None)]
)
def test_an_avc_alone_is_a_refused_attempt(words, number, log):
    (event,) = shown(log(SELINUX.format(words, "process", 0).encode()))
    assert (event["event"], event["policy"]) == ("failed", "selinux")
    assert event["sender"] == {"pid": 9216, "comm": "web"}
    assert event.get("signal", {}).get("number") == number


@pytest.mark.parametrize(
    "line",
    [
        SELINUX.format("sigkill", "process", 1),
        SELINUX.format("read", "file", 0),
        APPARMOR.format("open", "kill"),
    ],
    ids=["permissive", "file", "open"],
)
def test_what_refused_no_signal(line, log):
    assert shown(log(line.encode())) == []


LANDLOCK = 'type=UNKNOWN[1423] msg=audit(1700000000.500:7): domain=1a2b3c blockers={0} opid=9220 ocomm="db"\n'


@pytest.mark.parametrize("kind", ["UNKNOWN[1423]", "LANDLOCK_ACCESS"])
def test_landlock_says_whom_the_signal_was_for(kind, log):
    """audit_log_blockers() and log_task() in security/landlock/audit.c."""
    refused = LANDLOCK.format("scope.signal").replace("UNKNOWN[1423]", kind)
    call = CALL.splitlines(keepends=True)[0].replace("exit=-13", "exit=-1")
    (event,) = shown(log((refused + call).encode()))
    assert (event["event"], event["policy"], event["error"]) == ("failed", "landlock", "EPERM")
    assert (event["target"]["pid"], event["sender"]["pid"]) == (9220, 9216)
    assert event["signal"]["number"] == 9


def test_landlock_that_refused_something_else_tells_of_no_signal(log):
    assert shown(log(LANDLOCK.format("fs.read_file").encode())) == []


@pytest.mark.parametrize(("word", "number"), [("term", 15), ("rtmin+3", 37), ("exists", 0)])
def test_apparmor_in_the_kernels_log(word, number, log):
    (event,) = shown(log(APPARMOR.format("signal", word).encode()))
    assert (event["policy"], event["signal"]["number"]) == ("apparmor", number)
    assert event["sender"] == {"pid": 5289, "comm": "runc"}
    assert "target" not in event
