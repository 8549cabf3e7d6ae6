"""The kernel's line about an OOM kill, as it stands in /dev/kmsg."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tracer.host import kernel_log as kmsg
from tracer.model.event import Oom

HEAD = b"6,1203,90817263,-;oom-kill:constraint="
TAIL = b",task_memcg=/a,pid=1,uid=2,task=sh,pid=77,uid=0\n"
HOST = HEAD + b"CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom" + TAIL
LIMIT = HEAD + b"CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,b" + TAIL


@pytest.mark.parametrize(
    ("line", "oom"),
    [
        (HOST, Oom("host")),
        (LIMIT, Oom("cgroup", b"/a,b")),
        (LIMIT.replace(b"pid=77", b"pid=78"), Oom()),
        (HOST.replace(b",global_oom", b""), Oom()),
        (HOST.replace(b"oom-kill:", b""), Oom()),
        (LIMIT.replace(b"pid=77", b"pid=x"), Oom()),
        (b"6,1,2,-;eth0: link up\n", Oom()),
    ],
)
def test_whose_limit_was_hit(monkeypatch, line, oom):
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    os.write(writing, line)
    with monkeypatch.context() as patch:
        patch.setattr(kmsg.os, "open", lambda *_: reading)
        patch.setattr(kmsg.os, "lseek", lambda *_: 0)
        log = kmsg.KernelLog()
    assert log.oom_of(77) == oom
    os.close(reading)
    os.close(writing)


@pytest.mark.skipif(shutil.which("dmesg") is None, reason="dmesg(1) is the oracle")
def test_the_rings_copy_is_what_dmesg_prints():
    """syslog(2), where there is no /dev/kmsg: dmesg(1) is asked for the same."""
    try:
        copy = kmsg._copy()
    except OSError as error:
        pytest.skip(f"syslog(2): {error.strerror}")
    text = subprocess.run(["dmesg", "-S", "-r"], capture_output=True, check=True).stdout
    lines = set(text.split(b"\n"))
    # The ring may turn meanwhile: its newest line stays.
    assert copy.rstrip(b"\n").split(b"\n")[-1] in lines
