"""Who was asked for and lives: the oracle is who made it so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time

import pytest

from tracer import cli
from tracer.commands import why
from tracer.host import manager, procfs
from tracer.host.clock import BootClock
from tracer.model.event import Exit, Process, Signal
from tracer.model.verdict import Living
from tracer.sources.found import found_by_names
from tracer.why import ask, survivors, tell
from tracer.why.deaths import deaths_in
from tracer.why.living import lives_on, living

SECOND = 10**9
KILL = Process(991, 991, b"kill", uid=0, user="root", argv=(b"kill", b"7"))


@pytest.fixture
def child():
    """It ignores SIGTERM, and is stopped."""
    process = subprocess.Popen(["sh", "-c", "trap '' TERM; kill -STOP $$; read x"])
    os.waitpid(process.pid, os.WUNTRACED)
    yield process
    process.send_signal(signal.SIGKILL)
    process.wait()


def sent(number, moment, pid, **fields):
    target = Process(pid, pid, b"sh")
    return Signal(
        moment,
        f"s{number}",
        "core",
        number,
        0,
        "kill",
        "ignored",
        sender=KILL,
        target=target,
        **fields,
    )


def test_what_keeps_it_from_ending(child, capsys):
    assert cli.main(["why", str(child.pid)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith(f"sh[{child.pid}] on ")
    assert "still lives" in shown
    assert "it is stopped" in shown
    assert "it ignores SIGTERM" in shown


def test_as_json(child, capsys):
    assert cli.main(["why", "--json", str(child.pid)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["event"], told["process"]["pid"]) == ("living", child.pid)
    assert "it ignores SIGTERM" in told["reasons"]


def test_what_it_was_sent_last(child):
    now = time.time_ns() + SECOND
    events = [
        sent(15, now, child.pid),
        sent(1, now - SECOND // 2, child.pid),
        sent(10, now + SECOND, child.pid + 1),
        sent(10, now + SECOND, child.pid, host="another"),
        sent(12, now - 3600 * SECOND, child.pid),
    ]
    (one,) = living(b"%d" % child.pid, events)
    assert (one.last.number, one.last.id, one.last.sender) == (15, "s15", KILL)
    text = "\n".join(survivors.lines_of(one, now + 60 * SECOND))
    assert "SIGTERM by kill[991], 1 min ago: ignored" in text
    assert "kill 7" in text


def test_who_had_its_number_before_is_somebody_else(child):
    before = [sent(9, time.time_ns() - 3600 * SECOND, child.pid)]
    (one,) = living(b"%d" % child.pid, before)
    assert one.last is None


def test_init_is_not_killed():
    (one,) = living(b"1")
    assert any("init" in reason and "SIGKILL" in reason for reason in one.reasons)


def killed(moment, pid, *, start=None, **fields):
    """SIGKILL, recorded as delivered; nothing tells of an end."""
    target = Process(pid, pid, b"sh", start=start)
    known = {"sender": KILL, "target": target, **fields}
    return Signal(moment, "k9", "core", 9, 0, "kill", "delivered", **known)


def asked(monkeypatch, capsys, what, *events):
    """Of this host, whose only witness tells these events."""
    monkeypatch.setattr(why, "every", lambda _source: iter(events))
    status = cli.main(["why", "--json", what])
    told = capsys.readouterr()
    return status, [json.loads(line)["event"] for line in told.out.splitlines()], told.err


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A host whose manager is not asked, and whose log tells nothing."""
    (tmp_path / "messages").write_text("Nov 27 12:00:00 web3 kernel: hello\n")
    kept = str(tmp_path / "messages")
    monkeypatch.setattr(why, "found_kept", lambda _root: found_by_names([kept]))
    monkeypatch.setattr(manager, "BOOTED", "/no/systemd")


def born(pid):
    return procfs.start_of(pid) + BootClock().offset


@pytest.mark.parametrize("knows_start", [True, False])
def test_who_was_sent_sigkill_and_hangs_has_not_died(
    alone, child, monkeypatch, capsys, knows_start
):
    start = born(child.pid) if knows_start else None
    signal_ = killed(time.time_ns() + SECOND, child.pid, start=start)
    status, told, noted = asked(monkeypatch, capsys, str(child.pid), signal_)
    assert (status, told) == (0, ["living"])
    assert "that had this number before" not in noted


def test_nor_has_it_by_its_name(alone, child, monkeypatch, capsys):
    name = b"hangs-in-kernel"
    target = Process(child.pid, child.pid, name)
    _, told, noted = asked(monkeypatch, capsys, name.decode(), killed(time.time_ns() + SECOND, child.pid, target=target))  # fmt: skip
    assert told == []
    assert "has died in what could be seen" in noted


@pytest.mark.parametrize(
    "fields",
    [{"before": 3600}, {"before": -1, "start": 1}, {"before": -1, "host": "another"}],
)
def test_who_had_the_number_before_or_elsewhere_did_die(alone, child, monkeypatch, capsys, fields):
    before = fields.pop("before") * SECOND
    signal_ = killed(time.time_ns() - before, child.pid, **fields)
    _, told, noted = asked(monkeypatch, capsys, str(child.pid), signal_)
    assert told == ["living"]
    assert "1 that had this number before has died" in noted


def test_an_end_that_somebody_saw_is_one(alone, child, monkeypatch, capsys):
    signal_ = killed(time.time_ns() + SECOND, child.pid)
    end = Exit(signal_.time, "x9", "core", signal_.target, 9, cause="k9")
    assert not lives_on(deaths_in([signal_, end])[0])
    assert lives_on(deaths_in([signal_])[0])


def test_a_zombie_is_dead(child):
    process = subprocess.Popen(["true"], stdin=subprocess.DEVNULL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not lives_on(deaths_in([killed(time.time_ns() + SECOND, process.pid)])[0])
    process.wait()


def test_of_a_zombie_its_recorded_end_is_told_and_else_that_it_is_one(capsys):
    """The oracle is waitpid(2), which nobody has called yet."""
    process = subprocess.Popen(["sh", "-c", "kill -9 $$"])
    while procfs.state_of(process.pid) != b"Z":
        pass
    (one,) = living(str(process.pid).encode())
    text = " ".join(" ".join(survivors.lines_of(one, 0)).split())
    who = Process(process.pid, process.pid, b"sh", start=one.process.start)
    end = Exit(one.process.start + 5 * 10**6, "e1", "core", who, 9)
    told = tell.answered(
        b"%d" % process.pid,
        ask.answer(ask.Heard([end]), (), b"%d" % process.pid),
        lambda: [one],
        (),
        tell.Style(),
    )
    shown = capsys.readouterr().out
    assert process.wait() == -signal.SIGKILL
    assert "has ended, and is a zombie" in text
    assert "it ended of SIGKILL" in text
    assert "still lives" not in text
    assert f"sh[{process.pid}] died of SIGKILL" in shown
    assert "zombie" not in shown
    assert told == tell.OPEN


def test_an_end_before_a_zombie_was_born_is_not_its(capsys):
    process = subprocess.Popen(["true"])
    while procfs.state_of(process.pid) != b"Z":
        pass
    (one,) = living(str(process.pid).encode())
    process.wait()
    before = one.process.start - 60 * SECOND
    end = Exit(before, "e1", "core", Process(process.pid, process.pid, b"other"), 9)
    found = ask.answer(ask.Heard([end]), (), b"%d" % process.pid)
    tell.answered(b"%d" % process.pid, found, lambda: [one], (), tell.Style())
    assert "is a zombie" in capsys.readouterr().out


def test_a_name_that_runs_again_is_told_to(child, capsys):
    """The verdict is on its last death; that one of the name lives is said beside it."""
    end = Exit(10**18, "e1", "core", Process(77, 77, b"sh"), 9)
    found = ask.answer(ask.Heard([end]), (), b"sh")
    one = Living(Process(child.pid, comm=b"sh"))
    assert tell.answered(b"sh", found, lambda: [one], (), tell.Style()) == tell.OPEN
    shown = capsys.readouterr()
    assert "sh[77] died of SIGKILL" in shown.out
    assert f"sh runs now: pid {child.pid}; a pid asks for one that lives" in shown.err


def test_others_that_fit_are_named_the_newest_first(capsys):
    ends = [
        Exit(10**18 + pid, f"e{pid}", "core", Process(pid, pid, b"worker", unit=b"shop.service"), 9)
        for pid in (7, 8, 9, 10, 200)
    ]
    found = ask.answer(ask.Heard(ends), (), b"shop")
    tell.answered(b"shop", found, list, (), tell.Style())
    assert "4 more deaths fit: worker[7-10]; -n explains more" in capsys.readouterr().err


def test_of_one_whose_end_is_not_told_the_last_signal_is(capsys):
    """In files alone nobody can see whether it lives."""
    events = [sent(15, 10**18, 77), sent(1, 10**18 + SECOND, 78), sent(2, 10**18 + 2 * SECOND, 77)]
    found = ask.answer(ask.Heard(events), (), b"77")
    assert tell.answered(b"77", found, list, (), tell.Style()) == tell.NOBODY
    shown = " ".join(capsys.readouterr().err.split())
    assert (
        "the last signal to sh[77] was SIGINT by kill[991], at 2001-09-09 01:46:42: ignored"
        in shown
    )
    found = ask.answer(ask.Heard(events), (), b"79")
    tell.answered(b"79", found, list, (), tell.Style())
    assert "the last signal" not in capsys.readouterr().err
