"""Write an audit log of a given size, as Debian's auditd does (log_format = ENRICHED): openat, execve and
write events with kills among them, or kills alone: sixteen masters that signal their own workers."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

MEGABYTE = 1_000_000
START_MS = 1_700_000_000_000
STAMP = b"TIME:SERIAL"
MESSAGE = f"msg=audit({STAMP.decode()}): "
USERS = "".join(
    f' {name}="deploy"'
    for name in ["AUID", "UID", "GID", "EUID", "SUID", "FSUID", "EGID", "SGID", "FSGID"]
)
HEAD = (
    "type=SYSCALL "
    + MESSAGE
    + "arch=c000003e syscall={call} success=yes exit={exit} {arguments} items=1 "
    "ppid={ppid} pid={pid} auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 "
    'fsgid=1000 tty=pts0 ses=3 comm="{comm}" exe="/usr/bin/{comm}" subj=unconfined key="all"'
    "\x1dARCH=x86_64 SYSCALL={name}" + USERS + "\n"
)
TITLE = "type=PROCTITLE " + MESSAGE + "proctitle={title}\n"
PATH = (
    "type=PATH "
    + MESSAGE
    + 'item=0 name="/etc/ld.so.cache" inode=396 dev=08:01 mode=0100644 ouid=0 ogid=0 '
    'rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0\x1dOUID="root" OGID="root"\n'
)
CWD = "type=CWD " + MESSAGE + 'cwd="/home/user"\n'
OBJ = (
    "type=OBJ_PID " + MESSAGE + "opid={victim} oauid=1000 ouid=1000 oses=3 obj=unconfined "
    'ocomm="worker"\x1dOAUID="deploy" OUID="deploy"\n'
)
EXECVE = "type=EXECVE " + MESSAGE + 'argc=2 a0="{comm}" a1="--version"\n'
KILL = HEAD.replace("{arguments}", "a0={victim:x} a1=f a2=0 a3=7ffc0d9f7b90") + OBJ + TITLE
OPEN = HEAD.replace("{arguments}", "a0=ffffff9c a1=7f2b5c0e5cc1 a2=80000 a3=0") + CWD + PATH + TITLE
WRITE = HEAD.replace("{arguments}", "a0=3 a1=7ffed6895e00 a2=3c a3=0") + TITLE
EXEC = HEAD.replace("{arguments}", "a0=557ac7557210 a1=7ffdb0f8f510 a2=557ac7554e60 a3=0") + (
    EXECVE + CWD + PATH + TITLE
)
CALLS = {KILL: (62, "kill"), OPEN: (257, "openat"), WRITE: (1, "write"), EXEC: (59, "execve")}
COMMS = ("bash", "python3", "cc1", "nginx")
OTHERS = (OPEN, WRITE, OPEN, EXEC)
PIDS = 30_000  # a multiple of 4, for OTHERS and COMMS
MASTERS, WORKERS = 16, 4000


@dataclass(frozen=True)
class Log:
    """A log to be made."""

    megabytes: int
    kill_every: int

    @property
    def name(self) -> str:
        return f"{self.megabytes}-{self.kill_every}.log"


def shape(serial: int, kill_every: int) -> str:
    """The records of one event, but for the stamp; everything in them follows from its serial."""
    if kill_every == 1:
        worker = serial * 13 % WORKERS
        return _filled(KILL, 900 + worker % MASTERS, 2000 + worker)
    kind = KILL if serial % kill_every == 0 else OTHERS[serial % 4]
    return _filled(kind, 2000 + serial * 7 % PIDS, 2000 + serial * 13 % PIDS)


def _filled(kind: str, pid: int, victim: int) -> str:
    number, name = CALLS[kind]
    comm = COMMS[pid % 4]
    return kind.format(
        call=number,
        name=name,
        exit=3 if kind is not KILL else 0,
        ppid=1000 + pid % 97,
        pid=pid,
        victim=victim,
        comm=comm,
        title=(comm + "\0--version").encode().hex().upper(),
    )


def events(kill_every: int) -> Iterator[bytes]:
    """Events without end; every ``kill_every``-th of them is a kill."""
    # All but the stamp comes again after so many events.
    period = WORKERS if kill_every == 1 else math.lcm(PIDS, kill_every)
    shapes: dict[int, bytes] = {}
    for serial in count(1):
        milliseconds = START_MS + serial * 3
        stamp = b"%d.%03d:%d" % (milliseconds // 1000, milliseconds % 1000, serial)
        place = serial % period
        if place not in shapes:
            shapes[place] = shape(serial, kill_every).encode()
        yield shapes[place].replace(STAMP, stamp)


def write(out: BinaryIO, size: int, kill_every: int) -> None:
    """Write whole events until ``size`` bytes are reached."""
    written = 0
    for event in events(kill_every):
        written += out.write(event)
        if written >= size:
            return


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.audit_log_maker", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--kill-every", type=int, default=500)
    options = parser.parse_args()
    write(sys.stdout.buffer, options.megabytes * MEGABYTE, options.kill_every)


if __name__ == "__main__":
    main()
