"""Write an audit log of a given size, as Debian's auditd does (log_format = ENRICHED): openat, execve and
write events with kills among them, or kills alone: sixteen masters that signal their own workers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import count

START_MS = 1_700_000_000_000
STAMP = "msg=audit({time}:{serial}): "
USERS = "".join(
    f' {name}="deploy"'
    for name in ["AUID", "UID", "GID", "EUID", "SUID", "FSUID", "EGID", "SGID", "FSGID"]
)
HEAD = (
    "type=SYSCALL "
    + STAMP
    + "arch=c000003e syscall={call} success=yes exit={exit} {arguments} items=1 "
    "ppid={ppid} pid={pid} auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 "
    'fsgid=1000 tty=pts0 ses=3 comm="{comm}" exe="/usr/bin/{comm}" subj=unconfined key="all"'
    "\x1dARCH=x86_64 SYSCALL={name}" + USERS + "\n"
)
TITLE = "type=PROCTITLE " + STAMP + "proctitle={title}\n"
PATH = (
    "type=PATH "
    + STAMP
    + 'item=0 name="/etc/ld.so.cache" inode=396 dev=08:01 mode=0100644 ouid=0 ogid=0 '
    'rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0\x1dOUID="root" OGID="root"\n'
)
CWD = "type=CWD " + STAMP + 'cwd="/home/user"\n'
OBJ = (
    "type=OBJ_PID " + STAMP + "opid={victim} oauid=1000 ouid=1000 oses=3 obj=unconfined "
    'ocomm="worker"\x1dOAUID="deploy" OUID="deploy"\n'
)
EXECVE = "type=EXECVE " + STAMP + 'argc=2 a0="{comm}" a1="--version"\n'
KILL = HEAD.replace("{arguments}", "a0={victim:x} a1=f a2=0 a3=7ffc0d9f7b90") + OBJ + TITLE
OPEN = HEAD.replace("{arguments}", "a0=ffffff9c a1=7f2b5c0e5cc1 a2=80000 a3=0") + CWD + PATH + TITLE
WRITE = HEAD.replace("{arguments}", "a0=3 a1=7ffed6895e00 a2=3c a3=0") + TITLE
EXEC = HEAD.replace("{arguments}", "a0=557ac7557210 a1=7ffdb0f8f510 a2=557ac7554e60 a3=0") + (
    EXECVE + CWD + PATH + TITLE
)
CALLS = {KILL: (62, "kill"), OPEN: (257, "openat"), WRITE: (1, "write"), EXEC: (59, "execve")}
COMMS = ("bash", "python3", "cc1", "nginx")
MASTERS, WORKERS = 16, 4000


def event(serial: int, shape: str, pid: int, victim: int) -> str:
    """The records of one event; everything in it follows from its serial."""
    milliseconds = START_MS + serial * 3
    number, name = CALLS[shape]
    comm = COMMS[pid % 4]
    return shape.format(
        time=f"{milliseconds // 1000}.{milliseconds % 1000:03}",
        serial=serial,
        call=number,
        name=name,
        exit=3 if shape is not KILL else 0,
        ppid=1000 + pid % 97,
        pid=pid,
        victim=victim,
        comm=comm,
        title=(comm + "\0--version").encode().hex().upper(),
    )


def events(kill_every: int) -> Iterator[str]:
    """Events without end; every ``kill_every``-th of them is a kill."""
    others = (OPEN, WRITE, OPEN, EXEC)
    for serial in count(1):
        if kill_every == 1:
            worker = serial * 13 % WORKERS
            yield event(serial, KILL, 900 + worker % MASTERS, 2000 + worker)
        else:
            shape = KILL if serial % kill_every == 0 else others[serial % 4]
            yield event(serial, shape, 2000 + serial * 7 % 30000, 2000 + serial * 13 % 30000)


def write(out: object, size: int, kill_every: int) -> None:
    """Write whole events until ``size`` bytes are reached."""
    written = 0
    for text in events(kill_every):
        out.write(text)  # type: ignore[attr-defined]
        written += len(text)
        if written >= size:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--kill-every", type=int, default=500)
    options = parser.parse_args()
    write(sys.stdout, options.megabytes * 1_000_000, options.kill_every)


if __name__ == "__main__":
    main()
