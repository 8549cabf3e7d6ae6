"""Write an audit log of a given size in which no event is like another: pids, users, comms, paths, titles and victims
are drawn by a seed. Forms: auditd's (raw or ENRICHED, with much PATH and EXECVE or little), ausearch -i text, the
kernel log behind a syslog prefix, journalctl -o json, and laurel's JSON."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from time import gmtime, strftime
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1_000_000
START_MS = 1_700_000_000_000
FORMS = ("enriched", "raw", "interpreted", "syslog", "journal", "laurel")
SYLLABLES = ("ba", "cor", "del", "fin", "gor", "hex", "in", "kel", "lo", "mat", "nu", "os", "pra")
SIGNALS = (1, 2, 9, 10, 15, 15, 15, 34)
OTHERS = ((257, "openat"), (1, "write"), (59, "execve"), (0, "read"), (42, "connect"))
Records = list[tuple[str, str]]


@dataclass(frozen=True)
class Log:
    """A log to be made. ``paths``: how many PATH records an event has at most."""

    megabytes: int
    kill_every: int
    form: str = "enriched"
    paths: int = 2

    @property
    def name(self) -> str:
        return f"{self.megabytes}-{self.kill_every}-{self.form}-{self.paths}.log"

    @property
    def size(self) -> int:
        return self.megabytes * MEGABYTE

    def make(self, path: Path, scale: float, seed: int) -> None:
        """Write it."""
        with path.open("wb") as out:
            write(out, round(self.size * scale), self.kill_every, seed, self.form, self.paths)


class Maker:
    """Draws events; those of the same seed are the same."""

    def __init__(self, seed: int, kill_every: int, form: str = "enriched", paths: int = 2) -> None:
        self._draw = random.Random(seed)
        self._kill_every = kill_every
        self._form = form
        self._paths = paths
        self._names = [self._new_name() for _ in range(3000)]

    def _new_name(self) -> str:
        return "".join(self._draw.choice(SYLLABLES) for _ in range(self._draw.randint(1, 4)))

    def events(self) -> Iterator[bytes]:
        """Events without end; every ``kill_every``-th of them is a kill."""
        draw, at, serial = self._draw, START_MS, 0
        while True:
            serial += 1
            at += draw.randint(0, 7)
            records = self._kill() if serial % self._kill_every == 0 else self._other()
            stamp = f"{at // 1000}.{at % 1000:03}:{serial}"
            if self._form == "laurel":
                yield _laurel(stamp, records)
            else:
                yield "".join(self._line(kind, stamp, body) for kind, body in records).encode()

    def _call(self, number: int, name: str, arguments: str, items: int) -> str:
        draw = self._draw
        pid, ppid, uid, group = (draw.randint(2, 4_000_000) for _ in range(4))
        comm = draw.choice(self._names)[:15]
        users = f"uid={uid} gid={group} euid={uid} suid={uid} fsuid={uid} egid={group} sgid={group} fsgid={group}"
        tail = ""
        if self._form == "enriched":
            names = (f'{word}="{letter}{n}"' for word, letter, n in _names(uid, group))
            tail = f"\x1dARCH=x86_64 SYSCALL={name} {' '.join(names)}"
        return (
            f"arch=c000003e syscall={number} success=yes exit=0 {arguments} a3={draw.getrandbits(40):x} items={items} "
            f"ppid={ppid} pid={pid} auid={uid} {users} tty=pts{draw.randint(0, 99)} ses={draw.randint(1, 99999)} "
            f'comm="{comm}" exe="/usr/{draw.choice(self._names)}/{comm}" key="all"{tail}'
        )

    def _title(self) -> tuple[str, str]:
        words = [self._draw.choice(self._names) for _ in range(self._draw.randint(1, 6))]
        return "PROCTITLE", "proctitle=" + "\0".join(words).encode().hex().upper()

    def _kill(self) -> Records:
        draw = self._draw
        victims = [draw.randint(2, 4_000_000) for _ in range(draw.choice((1, 1, 1, 1, 2, 3)))]
        asked = victims[0] if len(victims) == 1 else 0xFFFF0000 | draw.randint(1, 0xFFFF)
        records = [
            ("SYSCALL", self._call(62, "kill", f"a0={asked:x} a1={draw.choice(SIGNALS):x} a2=0", 0))
        ]
        for victim in victims:
            uid, comm = draw.randint(0, 70_000), draw.choice(self._names)[:15]
            tail = f'\x1dOAUID="u{uid}" OUID="u{uid}"' if self._form == "enriched" else ""
            records.append(
                (
                    "OBJ_PID",
                    f'opid={victim} oauid={uid} ouid={uid} oses={draw.randint(1, 99999)} ocomm="{comm}"{tail}',
                )
            )
        return [*records, self._title()]

    def _other(self) -> Records:
        draw = self._draw
        number, name = draw.choice(OTHERS)
        paths = draw.randint(0, self._paths) if number in (257, 59) else 0
        records = [
            ("SYSCALL", self._call(number, name, f"a0={draw.getrandbits(32):x} a1=2 a2=0", paths))
        ]
        if number == 59:
            words = [draw.choice(self._names) for _ in range(draw.randint(1, 9))]
            arguments = " ".join(f'a{n}="{word}"' for n, word in enumerate(words))
            records.append(("EXECVE", f"argc={len(words)} {arguments}"))
        if paths:
            records.append(("CWD", f'cwd="/home/{draw.choice(self._names)}"'))
        owners = '\x1dOUID="root" OGID="root"' if self._form == "enriched" else ""
        for item in range(paths):
            place = "/".join(draw.choice(self._names) for _ in range(draw.randint(1, 5)))
            records.append(
                (
                    "PATH",
                    f'item={item} name="/{place}" inode={draw.getrandbits(24)} dev=08:01 mode=0100644 ouid=0 ogid=0 rdev=00:00 '
                    f"nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0{owners}",
                )
            )
        return [*records, self._title()]

    def _line(self, kind: str, stamp: str, body: str) -> str:
        if self._form in ("enriched", "raw"):
            return f"type={kind} msg=audit({stamp}): {body}\n"
        when, _, serial = stamp.partition(":")
        seconds, _, fraction = when.partition(".")
        if self._form == "interpreted":
            date = strftime("%m/%d/%Y %H:%M:%S", gmtime(int(seconds)))
            return f"type={kind} msg=audit({date}.{fraction}:{serial}) : {_interpreted(body)}\n"
        number = {
            "SYSCALL": 1300,
            "PATH": 1302,
            "CWD": 1307,
            "EXECVE": 1309,
            "OBJ_PID": 1318,
            "PROCTITLE": 1327,
        }[kind]
        if self._form == "syslog":
            date = strftime("%b %d %H:%M:%S", gmtime(int(seconds)))
            return f"{date} web1 kernel: audit: type={number} audit({stamp}): {body}\n"
        entry = {
            "__REALTIME_TIMESTAMP": f"{seconds}{fraction}000",
            "_TRANSPORT": "audit",
            "_AUDIT_TYPE": str(number),
            "_AUDIT_ID": serial,
            "_SOURCE_REALTIME_TIMESTAMP": f"{seconds}{fraction}000",
            "_HOSTNAME": "web1",
            "MESSAGE": f"{kind} {body}",
        }
        return json.dumps(entry) + "\n"


def _laurel(stamp: str, records: Records) -> bytes:
    """An event as laurel writes it: an object a line, registers and titles as lists."""
    made: dict[str, object] = {"ID": stamp}
    several: dict[str, list[dict[str, object]]] = {}
    for kind, body in records:
        fields: dict[str, object] = {}
        for word in body.split():
            name, _, value = word.partition("=")
            fields[name] = int(value) if value.isdigit() else value.strip('"')
        if kind == "SYSCALL":
            fields["ARGV"] = [f"0x{fields.pop(f'a{n}')}" for n in range(4)]
        if kind == "PROCTITLE":
            fields = {"ARGV": bytes.fromhex(body[10:]).decode().split("\0")}
        if kind == "EXECVE":
            fields = {"argc": fields["argc"], "ARGV": [fields[f"a{n}"] for n in range(int(str(fields["argc"])))]}  # fmt: skip
        if kind in ("OBJ_PID", "PATH"):
            several.setdefault(kind, []).append(fields)
        else:
            made[kind] = fields
    return json.dumps({**made, **several}).encode() + b"\n"


def _names(uid: int, group: int) -> list[tuple[str, str, int]]:
    """The names that auditd adds to a SYSCALL record (ENRICHED): of each of its numbers."""
    users = [(word, "u", uid) for word in ("AUID", "UID", "EUID", "SUID", "FSUID")]
    groups = [(word, "g", group) for word in ("GID", "EGID", "SGID", "FSGID")]
    return [*users[:2], groups[0], *users[2:], *groups[1:]]


def _interpreted(body: str) -> str:
    """As ausearch -i prints it: names for numbers, no quotes, titles in clear."""
    if body.startswith("proctitle="):
        return "proctitle=" + bytes.fromhex(body[10:]).replace(b"\0", b" ").decode()
    words = body.partition("\x1d")[0].replace('"', "")
    words = words.replace("arch=c000003e", "arch=x86_64").replace("syscall=62 ", "syscall=kill ")
    head, a1, rest = words.partition(" a1=")
    if "syscall=kill" not in head:
        return words
    number, _, rest = rest.partition(" ")
    name = {1: "SIGHUP", 2: "SIGINT", 9: "SIGKILL", 10: "SIGUSR1", 15: "SIGTERM"}.get(
        int(number, 16)
    )
    return f"{head.replace(' a0=', ' a0=0x')}{a1}{name or '0x' + number} {rest}"


def write(
    out: BinaryIO, size: int, kill_every: int, seed: int = 0, form: str = "enriched", paths: int = 2
) -> None:
    """Write whole events until ``size`` bytes are reached."""
    written = 0
    for event in Maker(seed, kill_every, form, paths).events():
        written += out.write(event)
        if written >= size:
            return


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.audit_log_maker", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--kill-every", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--form", choices=FORMS, default="enriched")
    parser.add_argument("--paths", type=int, default=2, help="PATH records of an event at most")
    options = parser.parse_args()
    size = options.megabytes * MEGABYTE
    write(sys.stdout.buffer, size, options.kill_every, options.seed, options.form, options.paths)


if __name__ == "__main__":
    main()
