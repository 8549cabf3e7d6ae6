"""Syslogs, kernel logs and pastes: every telling line is told with its place, whichever way the file is read."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.flow.source import every
from tracer.model.event import Loss, Statement
from tracer.sources import pieces
from tracer.sources.logs import system_log
from tracer.sources.logs.files import LINE_MAX, LogSet
from tracer.sources.logs.system_log import SystemLog
from tracer.sources.logs.telling_lines import Telling, whole_blocks
from tracer.statements.anchors import COMMON, anchors_of
from tracer.statements.tables import index
from tracer.statements.teller import Teller

INDEX = index()
HEAD = b"Nov 20 07:32:05 web3 "
OUTAGE = (
    HEAD + b"systemd[1]: salt-minion.service stop-sigterm timed out. Killing.",
    HEAD + b"systemd[1]: salt-minion.service: main process exited, code=killed, status=9/KILL",
    HEAD + b"systemd[1]: Unit salt-minion.service entered failed state.",
    b"Nov 20 07:32:07 web3 salt-minion[14723]: Minion process encountered exception: [Errno 3] No such process",
)
PLAIN = HEAD + b"sshd[77]: Connection closed by 192.0.2.1 port 22"


def source_of(path, **more):
    return SystemLog(LogSet(str(path), (str(path),)), Teller(INDEX), INDEX.literals, **more)


def told(path, **more):
    return list(every(source_of(path, **more)))


def replay(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "tracer", "replay", *map(str, arguments)],
        capture_output=True,
        timeout=120,
        check=False,
        **more,
    )


def write(path, lines):
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def test_the_outage_this_began_with(tmp_path):
    lines = [*[PLAIN] * 20, *OUTAGE]
    path = write(tmp_path / "messages", lines)
    run = replay(path, "--json", "--year", "2019")
    assert run.returncode == 0, run.stderr
    events = [json.loads(line) for line in run.stdout.splitlines()]
    words = [(event["event"], event.get("what"), event["place"]["line"]) for event in events]
    assert words == [
        ("statement", "stop timeout", 21),
        ("signal", None, 21),
        ("exit", None, 22),
        ("statement", "unit failed", 23),
    ]
    sent, end = events[1], events[2]
    assert (sent["sender"], sent["signal"]["number"]) == ({"pid": 1, "comm": "systemd"}, 9)
    assert sent["target"] == {"unit": "salt-minion.service"}
    assert end["process"] == {"ppid": 1, "unit": "salt-minion.service"}
    assert end["cause"] == sent["id"]
    assert all(event["time"].startswith("2019-11-20T") for event in events)
    assert all(event["host"] == "web3" for event in events)


def test_a_pipe_a_packed_file_and_a_file_tell_the_same(tmp_path):
    path = write(tmp_path / "messages", OUTAGE)
    (tmp_path / "messages.gz").write_bytes(gzip.compress(path.read_bytes()))
    os.utime(tmp_path / "messages.gz", (2e9, 2e9))
    os.utime(path, (2e9, 2e9))
    outs = []
    for run in (
        replay(path, "--json", "--year", "2019"),
        replay(tmp_path / "messages.gz", "--json", "--year", "2019"),
        replay("-", "--json", "--year", "2019", input=path.read_bytes()),
    ):
        assert run.returncode == 0, run.stderr
        events = [json.loads(line) for line in run.stdout.splitlines()]
        outs.append([{**event, "place": event["place"]["line"]} for event in events])
    assert outs[0] == outs[1] == outs[2] != []


def test_a_mixed_text_tells_audit_records_too(tmp_path):
    record = b"Nov 20 07:32:06 web3 kernel: audit: type=1701 audit(1574235126.500:7): auid=0 uid=0 gid=0 ses=1 pid=55 comm=\"web\" exe=\"/bin/web\" sig=11 res=1"  # fmt: skip
    path = write(tmp_path / "messages", [*OUTAGE, record])
    for run in (replay(path, "--json"), replay("-", "--json", input=path.read_bytes())):
        kinds = [json.loads(line)["event"] for line in run.stdout.splitlines()]
        assert kinds.count("exit") == 2, run.stdout


@pytest.mark.parametrize("whole", [0, 1 << 30])
def test_sieved_or_not_it_is_the_same(whole, tmp_path, monkeypatch):
    lines = [PLAIN, *OUTAGE] * 400
    path = write(tmp_path / "messages", lines)
    os.utime(path, (1.6e9, 1.6e9))
    monkeypatch.setattr(system_log, "WHOLE", whole)
    events = told(path)
    numbers = sorted({event.place.line for event in events})
    assert numbers == [n for n in range(1, 2001) if n % 5 in (2, 3, 4)]
    assert len({event.id for event in events}) == len(events)


@pytest.mark.parametrize("cpus", [{0}, {0, 1}])
def test_in_pieces_or_not_it_is_the_same(tmp_path, monkeypatch, cpus):
    """On one CPU and on two; lines longer than a piece, with carriage returns in them, and none at the end."""
    long = HEAD + b"app[7]: " + b"\r".join([b"killed " * 500] * 40)
    lines = [*[PLAIN, *OUTAGE] * 300, long, *[PLAIN] * 2000, *OUTAGE, long * 4, *OUTAGE]
    path = tmp_path / "messages"
    path.write_bytes(b"\n".join(lines))
    os.utime(path, (1.6e9, 1.6e9))
    whole = told(path)
    assert len(whole) > 1000
    monkeypatch.setattr(pieces, "PARALLEL_MIN", 0)
    monkeypatch.setattr(pieces, "PIECE", 1 << 14)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cpus)
    assert told(path) != [], "of the beginning"
    monkeypatch.setattr(system_log, "WHOLE", 1 << 12)
    by_pieces = told(path)
    monkeypatch.setattr(pieces, "PARALLEL_MIN", 1 << 40)
    assert by_pieces == told(path)
    assert {one.id for one in by_pieces} == {one.id for one in whole}


def test_a_child_that_is_killed_costs_no_line(tmp_path, monkeypatch):
    path = write(tmp_path / "messages", [*[PLAIN] * 5000, *OUTAGE] * 4)
    whole = told(path)
    monkeypatch.setattr(pieces, "PARALLEL_MIN", 0)
    monkeypatch.setattr(pieces, "PIECE", 1 << 15)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    ours, own = os.getpid(), Telling.found

    def found(self, *span):
        if os.getpid() != ours:
            os.kill(os.getpid(), signal.SIGKILL)
        return own(self, *span)

    monkeypatch.setattr(Telling, "found", found)
    assert [one.id for one in told(path)] == [one.id for one in whole]


def test_wrapped_and_quoted_lines_of_a_mail(tmp_path):
    path = write(
        tmp_path / "mail.txt",
        [
            b"> [29924.805991] Out of memory: Killed process 4503 ((sd-pam)) ",
            b"> total-vm:173972kB, anon-rss:0kB, file-rss:0kB, shmem-rss:0kB, UID:0 ",
            b"> pgtables:96kB oom_score_adj:100",
        ],
    )
    (said,) = [event for event in told(path) if isinstance(event, Statement)]
    assert (said.about.pid, said.about.comm) == (4503, b"(sd-pam)")
    assert said.details["pgtables_kb"] == 96
    assert (said.time, said.since_boot_ns) == (None, 29924805991000)


def test_the_newest_first_is_turned(tmp_path):
    times = [b"Nov 20 07:3%d:00 web3 systemd[1]: a.service: Failed with result 'signal'." % n for n in range(5)]  # fmt: skip
    path = write(tmp_path / "reversed", times[::-1])
    events = told(path)
    assert [event.place.line for event in events] == [5, 4, 3, 2, 1]
    assert [event.time for event in events] == sorted(event.time for event in events)


def test_every_literal_has_an_anchor_in_it():
    anchors = anchors_of(INDEX.literals)
    for literal in INDEX.literals:
        assert any(anchor in literal for anchor in anchors)
    assert len(anchors) < len(INDEX.literals)
    assert all(any(word in literal for literal in INDEX.literals) for word in COMMON)


@given(st.lists(st.sampled_from([b"kill", b"x" * 70, b"code=", b"\n", b"\n", b"plain"]), max_size=80), st.integers(1, 50))  # fmt: skip
def test_blocks_of_any_size_have_the_same_lines(parts, size):
    text = b"".join(parts)
    blocks = [text[at : at + size] for at in range(0, len(text), size)]
    lines = b"".join(whole_blocks(blocks))
    assert lines == (text if text.endswith(b"\n") or not text else text + b"\n")
    found, behind = Telling((b"kill", b"code=")).lines(lines, 1)
    assert behind == 1 + lines.count(b"\n")
    wanted = [(n, line) for n, line in enumerate(lines.split(b"\n"), 1) if b"kill" in line or b"code=" in line]  # fmt: skip
    assert found == wanted


def test_a_line_without_end_takes_little_memory(tmp_path):
    path = tmp_path / "long"
    with open(path, "wb") as stream:
        stream.write(OUTAGE[0] + b"\n" + HEAD + b"systemd[1]: ")
        for _ in range(100):
            stream.write(b"killed " * 150_000)
        stream.write(b"\n" + OUTAGE[2] + b"\n")
    tracemalloc.start()
    events = told(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert {event.place.line for event in events} == {1, 3}
    assert peak < 16 * LINE_MAX


def test_a_cut_archive_gives_what_it_has_and_says_so(tmp_path):
    packed = gzip.compress(b"\n".join([PLAIN, *OUTAGE]) * 3000)
    path = tmp_path / "messages.gz"
    path.write_bytes(packed[: len(packed) // 2])
    events = told(path)
    assert any(isinstance(event, Loss) for event in events)
    assert len(events) > 10


def test_what_is_added_is_told(tmp_path):
    path = write(tmp_path / "messages", OUTAGE[:1])
    source = source_of(path, follow=True)
    first = [event for _ in range(3) for event in source.read()]
    with open(path, "ab") as stream:
        stream.write(OUTAGE[1] + b"\n")
    later = [event for _ in range(3) for event in source.read()]
    source.close()
    assert [event.place.line for event in first] == [1, 1]
    assert {event.place.line for event in later} == {2}


HOSTILE = st.binary(max_size=120).map(lambda raw: raw.replace(b"\n", b" "))


@given(st.lists(st.tuples(st.sampled_from(OUTAGE), HOSTILE, st.integers(0, 90)), max_size=12))
@settings(deadline=None, max_examples=60)
def test_hostile_lines_are_survived(parts):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        lines = [line[:at] + raw + line[at:] for line, raw, at in parts]
        for event in told(write(Path(folder) / "x", lines)):
            assert event.place.line <= max(1, len(lines))


def test_hostile_text_reaches_no_terminal(tmp_path):
    evil = b"\x1b]0;owned\x07\x9b31m"
    lines = [
        HEAD + b"systemd[1]: w" + evil + b".service: Failed with result 'signal'.",
        HEAD + b"systemd[1]: web.service: Killing process 5 (" + evil + b") with signal SIGKILL.",
        HEAD + b"kernel: " + evil + b"[5]: segfault at 0 ip 00 sp 00 error 4",
    ]
    run = replay(write(tmp_path / "messages", lines), "--all")
    assert run.returncode == 0, run.stderr
    assert b"\x1b" not in run.stdout
    assert b"\x9b" not in run.stdout.replace("\u00b7".encode(), b"").replace(b"\xe2\x94\x94", b"")
    assert len(run.stdout.splitlines()) > 4


def test_a_known_form_without_a_row_is_no_failure(tmp_path):
    run = replay(write(tmp_path / "messages", [PLAIN]))
    assert run.returncode == 0
    assert len(run.stdout.splitlines()) == 1


def test_quiet_statements_come_with_all(tmp_path):
    path = write(tmp_path / "messages", [HEAD + b"CRON[5]: (root) CMD (pkill web)"])
    assert b"cron ran" not in replay(path).stdout
    assert b"cron ran" in replay(path, "--all").stdout


BARE = (
    b"[   12.345678] Out of memory: Killed process 812 (java) total-vm:1kB, anon-rss:2kB, file-rss:3kB, shmem-rss:4kB",
    b"salt-minion.service: State 'stop-sigterm' timed out. Killing.",
    b"salt-minion.service: Main process exited, code=killed, status=9/KILL",
    b"[   11.000001] a.out[55]: segfault at 0 ip 000055 sp 0007 error 4 in a.out[400000+1000]",
)


def test_lines_without_a_time_give_events_without_one_in_the_files_order(tmp_path):
    path = write(tmp_path / "cat", BARE)
    later = write(tmp_path / "messages", OUTAGE[:2])
    for arguments in ([path], [path, later], [path, "--since", "1 h ago"]):
        run = replay(*arguments, "--json", "--year", "2019")
        events = [json.loads(line) for line in run.stdout.splitlines()]
        bare = [one for one in events if one["place"]["file"] == str(path)]
        assert [(one["event"], one["place"]["line"], one.get("since_boot_ns")) for one in bare] == [
            ("statement", 1, 12_345_678_000),
            ("signal", 1, 12_345_678_000),
            ("statement", 2, None),
            ("signal", 2, None),
            ("exit", 3, None),
            ("statement", 4, 11_000_001_000),
            ("signal", 4, 11_000_001_000),
        ]
        assert not any("time" in one for one in bare)
        assert not any("sender" in one for one in bare), "nobody's name stands in these lines"
        assert all("places" not in one for one in events), "without a time nothing is the same"


@pytest.mark.parametrize("how", [[], ["--brief"], ["--wide"], ["--summary"]])
def test_a_table_has_a_dash_for_a_time_that_is_unknown(tmp_path, how):
    run = replay(write(tmp_path / "cat", BARE), *how)
    assert run.returncode == 0, run.stderr
    assert b"1970" not in run.stdout
    rows = [
        line for line in run.stdout.splitlines() if b"SIGKILL" in line and b"OOM killer" in line
    ]
    assert len(rows) == 1
    assert rows[0].startswith(b"- ") or rows[0].endswith(b" -")
