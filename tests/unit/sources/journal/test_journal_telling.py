"""A journal told whole: what an index finds, what lies around it, what audit has left in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from journals import BEGIN

from tracer.audit.known import NOBODY
from tracer.flow.ends import Term, Value
from tracer.flow.filter import Filter
from tracer.flow.source import every
from tracer.model.event import Exit, Signal, Statement
from tracer.sources.journal import open_journal
from tracer.sources.journal.plan import NEAR, Plan
from tracer.sources.journal.telling import journal_source
from tracer.statements.tables import index

ROOT = Path(__file__).parents[4]
MANAGER = [
    ("_TRANSPORT", b"journal"),
    ("_PID", b"1"),
    ("_UID", b"0"),
    ("_COMM", b"systemd"),
    ("SYSLOG_IDENTIFIER", b"systemd"),
    ("UNIT", b"salt-minion.service"),
    ("INVOCATION_ID", b"1f" * 16),
]
CALL = (
    b"SYSCALL arch=c000003e syscall=62 success=yes exit=0 a0=32c a1=f a2=0 a3=7ffe items=0 ppid=1 pid=900 "
    b"auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 "
    b'comm="kill" exe="/usr/bin/kill" key=(null)'
)
WAS = b"OBJ_PID opid=812 oauid=-1 ouid=0 oses=-1 ocomm=salt-minion"


def audited(kind, message):
    moment = b"%d" % (BEGIN + 500)
    return [
        ("_TRANSPORT", b"audit"),
        ("_AUDIT_TYPE", kind),
        ("_AUDIT_ID", b"77"),
        ("_SOURCE_REALTIME_TIMESTAMP", moment),
        ("MESSAGE", message),
    ]


def written(unit, text, comm=b"python3"):
    return [
        ("_TRANSPORT", b"stdout"),
        ("SYSLOG_IDENTIFIER", comm),
        ("_COMM", comm),
        ("_SYSTEMD_UNIT", unit),
        ("_PID", b"444"),
        ("MESSAGE", text),
    ]


TIMEOUT = b"WORKER TIMEOUT (pid:%d)"
OUTAGE = (
    written(b"other.service", TIMEOUT % 1),
    written(b"salt-minion.service", TIMEOUT % 2),
    audited(b"1300", CALL),
    audited(b"1318", WAS),
    [
        *MANAGER,
        ("MESSAGE", b"salt-minion.service: State 'stop-sigterm' timed out. Killing."),
        ("CODE_FUNC", b"service_dispatch_timer"),
    ],
    [
        *MANAGER,
        ("MESSAGE", b"salt-minion.service: Killing process 812 (salt-minion) with signal SIGKILL."),
        ("CODE_FUNC", b"log_kill"),
    ],
    # In whatever language: fields come before words.
    [
        *MANAGER,
        ("MESSAGE", b"salt-minion.service: Hauptprozess beendet"),
        ("MESSAGE_ID", b"98e322203f7a4ed290d09fe03c09fe15"),
        ("EXIT_CODE", b"killed"),
        ("EXIT_STATUS", b"9"),
        ("COMMAND", b"ExecStart"),
    ],
    written(b"salt-minion.service", TIMEOUT % 3),
    written(b"salt-minion.service", TIMEOUT % 4, b"gunicorn"),
    written(b"noise.service", b"nothing"),
)


@pytest.fixture
def outage(build):
    return build("system.journal", *OUTAGE)


def told(path, filter_=None, **options):
    source = journal_source([str(path)], filter_ or Filter(), NOBODY, **options)
    events = list(every(source))
    looked = source.entries
    source.close()
    return events, looked


def test_an_outage_is_told_from_the_journal_alone(outage):
    events, looked = told(outage)
    assert looked == 8, "noise and the worker of another unit are not even read"
    said = [event.what for event in events if isinstance(event, Statement)]
    assert said == ["child timeout", "stop timeout", "process exited", *["child timeout"] * 2]
    signals = [
        (one.number, one.sender.pid, one.target.pid) for one in events if isinstance(one, Signal)
    ]
    assert (15, 900, 812) in signals, "audit's, whose SYSCALL was found by its serial"
    assert (9, 1, 812) in signals
    (end,) = (event for event in events if isinstance(event, Exit))
    assert (end.number, end.process.pid) == (9, None), "systemd's exit line has no pid"


def test_who_asks_for_a_unit_has_all_that_it_wrote(outage):
    events, looked = told(outage, Filter(values=(Value("unit", "other"),)))
    assert looked == 9
    whats = [event.about.pid for event in events if getattr(event, "what", "") == "child timeout"]
    assert 1 in whats


def test_time_goes_down_to_the_index(outage):
    _, looked = told(outage, Filter(since=(BEGIN + 7_000) * 1000))
    assert looked == 1, "gunicorn's line alone"
    assert told(outage, Filter(since=(BEGIN + 9_500) * 1000)) == ([], 0)


def test_around_ends_there_is_one_look_a_unit_and_time(outage):
    plan = Plan(index(), Filter(either=(Term(pid=444),)))
    assert {"_PID": [b"444"]} in plan.matches
    with open_journal([str(outage)]) as journal:
        entries = list(journal.entries())
    units, audit = plan.more(entries * 50)
    forged = [entry for entry in entries if entry.one("_UID") == b"0"]
    for entry in forged:
        entry["_UID"] = b"1000"
    assert list(plan.more(forged)) == [], "a user cannot send us looking"
    assert units.matches == [{"_SYSTEMD_UNIT": b"salt-minion.service"}]
    assert units.until - units.since > 2 * NEAR
    assert audit.matches == [{"_AUDIT_ID": [b"77"], "_TRANSPORT": b"audit"}]


@pytest.mark.parametrize("size", [1, 2, 3, 512])
def test_parts_of_any_size_tell_the_same(outage, monkeypatch, size):
    whole, _ = told(outage)
    monkeypatch.setattr("tracer.sources.journal.source.BATCH", size)
    parts, _ = told(outage)
    assert sorted(event.id for event in parts) == sorted(event.id for event in whole)


def replay(*arguments):
    command = [sys.executable, "-m", "tracer", "replay", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)


def test_replay_takes_a_journal_and_a_folder(outage):
    for path in (outage, outage.parent):
        run = replay(path)
        assert run.returncode == 0, run.stderr
        assert "SIGKILL" in run.stdout
        assert "stop timeout" in run.stdout
        assert "8 entries looked at" in run.stderr
        assert "the journal covers 2023-11-14T22:13:20" in run.stderr


def test_replay_says_what_it_could_not_read(outage):
    (outage.parent / "broken.journal").write_bytes(b"LPKSHHRH" + bytes(100))
    run = replay(outage.parent)
    assert run.returncode == 0, run.stderr
    assert "broken.journal: no journal file" in run.stdout + run.stderr


def test_journals_and_other_logs_are_read_together(outage, tmp_path):
    log = tmp_path / "messages"
    log.write_text(
        "Nov 20 07:32:05 other systemd[1]: else.service: Failed with result 'timeout'.\n"
    )
    run = replay(outage, log)
    assert run.returncode == 0, run.stderr
    assert "else.service" in run.stdout
    assert len(run.stdout.splitlines()) > len(replay(log).stdout.splitlines())


def as_text(path, form):
    command = ["journalctl", "--file", str(path), "--no-pager", "-a", "-o", form]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.mark.parametrize("form", ["export", "json", "json-pretty"])
def test_a_text_of_the_journal_tells_the_same_by_file_pipe_and_redirection(outage, tmp_path, form):
    """Audit's records are in its fields, too: who sent the SIGTERM is told by nothing else."""
    text = as_text(outage, form)
    path = tmp_path / "text"
    path.write_bytes(text)
    run = [sys.executable, "-m", "tracer", "replay", "--json", "--all"]
    with path.open("rb") as stream:
        redirected = subprocess.run([*run, "-"], stdin=stream, capture_output=True, cwd=ROOT)
    piped = subprocess.run([*run, "-"], input=text, capture_output=True, cwd=ROOT)
    named = subprocess.run([*run, path], capture_output=True, cwd=ROOT)
    assert (named.returncode, redirected.returncode, piped.returncode) == (0, 0, 0), piped.stderr
    ids = [
        [(event["event"], event["id"]) for event in map(json.loads, done.stdout.splitlines())]
        for done in (named, redirected, piped)
    ]
    assert ids[0] == ids[1] == ids[2]
    (sent,) = [
        event
        for event in map(json.loads, piped.stdout.splitlines())
        if event["event"] == "signal" and event["signal"]["name"] == "SIGTERM"
    ]
    assert (sent["sender"]["pid"], sent["target"]["pid"]) == (900, 812)


def test_a_pipe_that_comes_bit_by_bit_is_known_by_its_first_line(outage):
    text = as_text(outage, "export")
    command = [sys.executable, "-m", "tracer", "replay", "--json", "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as replaying:
        for piece in (text[:3], text[3:70], text[70:]):
            replaying.stdin.write(piece)
            replaying.stdin.flush()
        replaying.stdin.close()
        events = [json.loads(line) for line in replaying.stdout]
    assert {"SIGTERM", "SIGKILL"} == {
        event["signal"]["name"] for event in events if event["event"] == "signal"
    }
