"""Of forms whose events are taken whole: what is told, counted and lost is what reading line by line tells."""

import gzip
import json
import random
from unittest import mock

import audit_logs as logs
import pytest

from tracer.audit import forms
from tracer.audit.known import Users
from tracer.flow.source import every
from tracer.sources import pieces
from tracer.sources.logs import plain
from tracer.sources.logs.audit_log import AuditLog
from tracer.sources.logs.files import LogSet

COMMS = [
    "sh",
    "nginx",
    "(sd-pam)",
    "a b",
    "x=y",
    "pid=7",
    "0AFF",
    "12",
    "k\xe4se",
    "\xe0",
    "\u3000x",
    "(null)",
    "",
]
USERS = ["root", "root", "www1", "u-x", "kim", "1000", "0", "unset", "unknown(3010)", "4294967295"]
CALLS = {62: "kill", 200: "tkill", 234: "tgkill", 129: "rt_sigqueueinfo", 424: "pidfd_send_signal", 257: "openat", 59: "execve", 1: "write"}  # fmt: skip
SIGNALS = {
    0: "SIG0",
    1: "SIGHUP",
    9: "SIGKILL",
    15: "SIGTERM",
    34: "unknown-signal(34)",
    70: "0x46",
}
KEPT = Users({0: "root", 1000: "kim"}, {"root": 0, "u-x": 77})


def drawn(draw, serial):
    """An event as its records' fields: mostly usual ones."""

    def odd(*few):
        return draw.choice(few) if draw.random() < 0.03 else few[0]

    number = draw.choice((62, 62, 62, 200, 234, 129, 424, 257, 59, 1))
    victims = (
        draw.sample(range(801, 815), draw.choice((0, 1, 1, 1, 2, 3)))
        if number in (62, 234, 129)
        else []
    )
    victims += victims[:1] if draw.random() < 0.02 else []
    refused = draw.random() < 0.1
    return {
        "serial": serial,
        "kinds": odd("usual", "untitled", "USER_LOGIN", "EOE", "without call", "two calls"),
        "number": number,
        "arch": odd("c000003e", "40000003", "c0000999"),
        "refused": refused,
        "exit": odd(-1, -3, -999) if refused else 0,
        "a": [draw.choice([*(victims or [5])[:1], 0xFFFFFFFF, 0]), draw.choice(tuple(SIGNALS)), draw.choice((0, 9, 15)), 0],
        "pid": draw.randint(701, 712),
        "ppid": odd(700, 1),
        "users": [draw.choice(USERS) if draw.random() < 0.3 else "1000" for _ in range(3)],
        "tty": odd("pts1", "(none)", "12", "tty1 x"),
        "ses": odd("4", "unset", "4294967295"),
        "comm": draw.choice(COMMS) if draw.random() < 0.1 else "sender",
        "exe": odd("/opt/sender", "/opt/a b", "", "(null)", "/opt/exe=1"),
        "subj": odd(None, "u:r:t:s0", "a=b"),
        "key": odd("k", "(null)", "a b", "exe=1"),
        "title": draw.choice((["sender", "-9"], ["x" * 140], ["a b", "\xe4"], ["-c", 'echo \\"hi\\"'], ["(null)"], [], ["end\\"]) if draw.random() < 0.2 else (["sender", str(serial)],)),
        "paths": draw.randint(0, 2) if number in (257, 59) else 0,
        "victims": [
            {"pid": pid, "user": draw.choice(USERS) if draw.random() < 0.3 else "1000", "comm": draw.choice(COMMS) if draw.random() < 0.1 else "victim", "ses": odd("4", "-1", "unset")}
            for pid in victims
        ],
    }  # fmt: skip


def as_shown(draw, one):
    """As ausearch -i has it."""
    at = logs.START + one["serial"] * 10
    date = f"11/14/2023 22:{at // 60000 % 60:02}:{at // 1000 % 60:02}.{at % 1000:03}"
    error = draw.choice(
        ("EPERM(Operation not permitted)", "-1(Operation not permitted)", str(one["exit"]))
    )
    auid, uid, euid = one["users"]
    arguments = [hex(a) for a in one["a"]]
    place = 2 if one["number"] in (234,) else 1
    if one["number"] in (62, 200, 129, 234, 424):
        arguments[place] = SIGNALS.get(one["a"][place], arguments[place])
    subj = f" subj={one['subj']}" if one["subj"] else ""
    call = (
        f"arch={ {'c000003e': 'x86_64', '40000003': 'i386'}.get(one['arch'], 'unknown-elf-type(999)') } "
        f"syscall={CALLS[one['number']]} success={'no' if one['refused'] else 'yes'} exit={error if one['refused'] else 0} "
        + " ".join(f"a{n}={word}" for n, word in enumerate(arguments))
        + f" items=0 ppid={one['ppid']} pid={one['pid']} auid={auid} uid={uid} gid=root euid={euid} suid=root fsuid=root "
        f"egid=root sgid=root fsgid=root tty={one['tty']} ses={one['ses']} comm={one['comm']} exe={one['exe']}{subj} key={one['key']}"
    )
    records = [("SYSCALL", call)]
    records += [
        ("OBJ_PID", f"opid={victim['pid']} oauid={victim['user']} ouid={victim['user']} oses={victim['ses']} ocomm={victim['comm']}")
        for victim in one["victims"]
    ]  # fmt: skip
    records += [("PATH", f"item={n} name=/etc/x inode=1 ouid=root ogid=root nametype=NORMAL") for n in range(one["paths"])]  # fmt: skip
    records.append(("PROCTITLE", "proctitle=" + " ".join(one["title"])))
    if one["kinds"] == "untitled":
        records.pop()
    elif one["kinds"] == "without call":
        records.pop(0)
    elif one["kinds"] == "two calls":
        records.insert(1, records[0])
    elif one["kinds"] != "usual":
        records.insert(
            draw.randint(0, 2),
            (one["kinds"], "pid=1 uid=root msg='op=login acct=\"x\" res=success'"),
        )
    blank = draw.choice(("", "", " "))
    return [
        f"type={kind} msg=audit({date}:{one['serial']}) : {body}{blank}\n".encode()
        for kind, body in records
    ]


def shown(seed):
    """A log of such events: their records in order or turned, with dashes or without, here and there something else."""
    draw = random.Random(seed)
    turned, dashes, node = draw.random() < 0.5, draw.random() < 0.5, draw.random() < 0.2
    lines = []
    for serial in range(1, draw.randint(30, 200)):
        if draw.random() < 0.02:
            continue
        event = as_shown(draw, drawn(draw, serial))
        event = event[::-1] if turned else event
        if node:
            event = [b"node=web1 " + line for line in event]
        lines += [b"----\n", *event] if dashes else event
    for _ in range(draw.choice((0, 0, 3))):
        at = draw.randrange(len(lines))
        odd = (
            b"what is this\n",
            b"# a note\n",
            b"\n",
            b"type=SYSCALL msg=audit(11/14/2023 22:13:20.000:7)\n",
            b"{\n",
            b"}\n",
        )
        lines.insert(at, draw.choice(odd))
    for _ in range(draw.choice((0, 0, 3))):
        at = draw.randrange(len(lines))
        lines[at] = (
            lines[at].replace(b" ", b"\n", 1) if draw.random() < 0.3 else lines[at][:-1] + b"\r\n"
        )
    if draw.random() < 0.3:
        at = draw.randrange(len(lines) - 4)
        lines.insert(at + 2, lines.pop(at))
    text = b"".join(lines)
    return text if draw.random() < 0.7 else text[: -draw.randint(1, 90)]


def as_laurel(draw, one):
    """As laurel has it."""

    def quoted(word):
        return "".join(letter if "!" <= letter <= "~" and letter != "%" else "".join(f"%{byte:02x}" for byte in letter.encode()) for letter in word)  # fmt: skip

    def number(word):
        return {"unset": 4294967295}.get(word, int(word) if word.lstrip("-").isdigit() else 1000)

    def rare(value, *others):
        return draw.choice(others) if draw.random() < 0.01 else value

    call = {
        "arch": rare("0x" + one["arch"], one["arch"], 7), "syscall": rare(one["number"], CALLS[one["number"]]),
        "success": "no" if one["refused"] else "yes", "exit": rare(one["exit"], "EPERM"), "items": 0,
        "ppid": one["ppid"], "pid": rare(one["pid"], str(one["pid"]), None),
        "auid": number(one["users"][0]), "uid": rare(number(one["users"][1]), None, True), "euid": number(one["users"][2]),
        "tty": one["tty"], "ses": number(one["ses"]), "comm": rare(quoted(one["comm"]), 7, None), "exe": quoted(one["exe"]),
        "key": one["key"], "ARGV": rare([hex(a) for a in one["a"]], ["0x1"], [1, 2, 3, 4], "x"),
        "ARCH": "x86_64", "SYSCALL": CALLS[one["number"]],
        "PPID": {"EVENT_ID": "1.2:3", "comm": "bash", "exe": "/bin/bash"},
    }  # fmt: skip
    if draw.random() < 0.7:
        call["UID"] = draw.choice(USERS)
    when = logs.stamp(one["serial"]).decode()
    made = {"ID": rare(when, "x", 7), "SYSCALL": rare(call, [call], 5)}
    if draw.random() < 0.2:
        made["NODE"] = "web1"
    made["PROCTITLE"] = rare(
        {"ARGV": [quoted(word) for word in one["title"]]}, {"ARGV": [1]}, {"x": 1}
    )
    victims = [
        {"opid": victim["pid"], "oauid": number(victim["user"]), "ouid": number(victim["user"]), "oses": number(victim["ses"]), "ocomm": quoted(victim["comm"]), "OUID": draw.choice(USERS)}
        for victim in one["victims"]
    ]  # fmt: skip
    if victims:
        made["OBJ_PID"] = rare(victims, victims[0])
    if one["paths"]:
        made["PATH"] = [{"item": 0, "name": "/x"}] * one["paths"]
        made["CWD"] = {"cwd": "/"}
    if one["kinds"] == "untitled":
        del made["PROCTITLE"]
    elif one["kinds"] == "without call":
        del made["SYSCALL"]
    elif one["kinds"] != "usual":
        made["ANOM_ABEND"] = [
            {"pid": 801, "uid": 1000, "auid": 1000, "ses": 4, "comm": "victim", "sig": 9}
        ]
    return json.dumps(made, ensure_ascii=draw.random() < 0.9).encode() + b"\n"


def laurel(seed):
    draw = random.Random(seed)
    lines = [as_laurel(draw, drawn(draw, serial)) for serial in range(1, draw.randint(30, 200)) if draw.random() > 0.02]  # fmt: skip
    for _ in range(draw.choice((0, 0, 3))):
        odd = (
            b"{}\n",
            b"{\n",
            b"}\n",
            b'{"ID": 5}\n',
            b'{"MESSAGE": "audit: x"}\n',
            b"audit(\n",
            b'{"ID":"1.0:7"\n',
        )
        lines.insert(draw.randrange(len(lines) // 2, len(lines)), draw.choice(odd))
    lines.sort(
        key=lambda line: not line.startswith(b'{"ID"'), reverse=False
    ) if draw.random() < 0.1 else None
    text = b"".join(lines)
    return text if draw.random() < 0.7 else text[: -draw.randint(1, 90)]


def raw(seed):
    """What ausearch prints without -i: dashes and times between the events."""
    draw = random.Random(seed)
    made = []
    for serial in range(1, draw.randint(30, 200)):
        event = logs.kill(
            serial,
            *draw.sample(range(801, 815), draw.choice((0, 1, 2))),
            pid=draw.randint(701, 712),
        )
        around = (
            b"----\ntime->Tue Nov 14 22:13:20 2023\n"
            if draw.random() < 0.97
            else b"----\nwho is this\n"
        )
        made.append(around + event)
    return b"".join(made)


def read(path, users, **settings):
    source = AuditLog([LogSet("log", (str(path),))], users, **settings)
    told = [json.loads(line) for line in logs.lines(every(source))]
    for one in told:
        one.get("place", {}).pop("file", None)
        one["where"] = one.get("where", "").rpartition(": ")[2]
    (tally,) = source.tallies
    counted = (tally.records, tally.bad, tally.local_dates, tally.hosts, tally.first_process)
    return (
        told,
        counted,
        [(one.began, one.ended) for seen in source.coverage() for one in seen.spans],
    )


@pytest.mark.parametrize("made", [shown, laurel, raw])
@pytest.mark.parametrize("seed", range(25))
def test_whole_events(made, seed, tmp_path):
    path = tmp_path / "audit.log"
    path.write_bytes(made(seed))
    users = KEPT if seed % 2 else Users({}, {})
    with mock.patch.object(forms, "FORMS", ()):
        want = read(path, users, sieve_min=1 << 40)
    assert want[0]
    with mock.patch.object(forms, "CHUNK", 1 << 12):
        assert read(path, users, sieve_min=1 << 40) == want
        packed = path.with_suffix(".gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        assert read(packed, users) == want
        with (
            mock.patch.multiple(pieces, PIECE=1 << 13, PARALLEL_MIN=0),
            mock.patch.object(plain, "SIEVE_MIN", 0),
        ):
            assert read(path, users, sieve_min=0) == want
