"""One death told by accounting and by others is one, with both as evidence; and accounting by itself accuses nobody."""

from __future__ import annotations

import json
import tarfile

import pytest
from pacct import BORN, record

from tracer import cli
from tracer.sources.accounting import source

# 12:00:00 on 2026-11-27; the ledger of pacct.py ends in its third second.
NOON = BORN
STAMP = "Nov 27 12:00:%02d web3 "
KILL = (
    'type=SYSCALL msg=audit({time}:9): arch=c000003e syscall=62 success=yes exit=0 a0=2bc a1=9 a2=0 a3=0 items=0 ppid=1 pid=44 '
    'auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts1 ses=3 comm="tidy" exe="/bin/tidy" key=(null)\n'
    'type=OBJ_PID msg=audit({time}:9): opid=700 oauid=-1 ouid=0 oses=-1 ocomm="ledger"\n'
    "type=PROCTITLE msg=audit({time}:9): proctitle=74696479\n"
)  # fmt: skip


def kill(second, number="9"):
    """Audit's records of kill(2) by tidy, so long after the beginning of the second of the end."""
    return KILL.format(time=f"{NOON + 2 + second:.3f}").replace("a1=9", f"a1={number}")


@pytest.fixture
def why(tmp_path, capsys):
    """``why(what, **files)``: the verdicts, each file by its name without an end."""

    def ask(what, count=9, **files):
        paths = []
        for name, data in files.items():
            path = tmp_path / (name if name != "audit" else "audit.log")
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
            paths.append(str(path))
        cli.main(["why", "--json", "--year", "2026", "-n", str(count), what, *paths])
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return ask


def says(*lines):
    return "".join(STAMP % second + text + "\n" for second, text in lines)


def told(verdict):
    return verdict["cause"], verdict["confidence"]


def sources(verdict):
    return {one["source"] for one in verdict["evidence"]}


def test_by_itself_it_leaves_the_cause_of_a_kill_open(why):
    (verdict,) = why("ledger", pacct=record())
    assert told(verdict) == ("unknown", "open")
    assert "who" not in verdict
    assert verdict["signal"]["number"] == 9
    assert {one["cause"] for one in verdict["cannot_rule_out"]} == {"oom", "stop timeout", "killed"}


def test_a_fault_line_and_a_record_are_one_death(why):
    line = "kernel: [   99.500000] ledger[700]: segfault at 8 ip 000055c0a1aed232 sp 00007ffc3f66c9d8 error 6 in ledger[1232,55c0a1aed000+1000]"
    (verdict,) = why("ledger", messages=says((2, line)), pacct=record(code=0x8B, flag=0x18))
    assert told(verdict) == ("crash", "yes")
    assert (verdict["core"], verdict["process"]["ppid"]) == (True, 1)
    assert len(sources(verdict)) == 2
    assert "accounting" in sources(verdict)


@pytest.mark.parametrize("second", [-1, 0, 0.4, 0.999, 1.0])
def test_a_recorded_kill_and_a_record_are_one_death(why, second):
    """The kernel's second is that of its end, whenever in it the signal came; or the one of its last tick before."""
    sent = kill(second)
    (verdict,) = why("ledger", audit=sent, pacct=record())
    assert told(verdict) == ("killed", "yes")
    assert verdict["who"]["sender"]["comm"] == "tidy"
    assert sources(verdict) >= {"audit log", "accounting"}


@pytest.mark.parametrize("second", [-200, -20, 4, 60])
def test_a_kill_of_another_time_is_not_its_end(why, second):
    """The pid was another process's then, or is another's by now."""
    sent = kill(second)
    verdicts = why("ledger", audit=sent, pacct=record())
    of_record = [one for one in verdicts if sources(one) == {"accounting"}]
    assert [told(one) for one in of_record] == [("unknown", "open")]


def test_another_signal_to_it_is_not_its_end(why):
    sent = kill(0.3, "f")
    (verdict,) = why("ledger", audit=sent, pacct=record())
    assert told(verdict) == ("unknown", "open")
    assert "who" not in verdict


STOPPED = (
    (0, "systemd[1]: ledger.service: State 'stop-sigterm' timed out. Killing."),
    (2, "systemd[1]: ledger.service: Main process exited, code=killed, status=9/KILL"),
    (2, "systemd[1]: ledger.service: Failed with result 'timeout'."),
)


def test_a_managers_word_of_its_unit_is_as_sure_as_without_it(why):
    """Its children, of the same name and second, are not taken for it; the pid is known now."""
    others = b"".join(record(pid, ppid=700) for pid in (701, 702, 703))
    first, *rest = why("ledger", messages=says(*STOPPED), pacct=record() + others)
    (alone,) = why("ledger", messages=says(*STOPPED))
    assert told(first) == told(alone) == ("stop timeout", "yes")
    assert (first["process"]["pid"], first["unit"]) == (700, "ledger.service")
    assert {one["process"]["pid"] for one in rest} == {701, 702, 703}
    assert {told(one) for one in rest} == {("unknown", "open")}
    assert not any("who" in one for one in rest)


def test_who_killed_the_pid_that_accounting_puts_to_a_unit_is_likely(why):
    messages = says(STOPPED[1])
    sent = kill(0.3)
    (verdict,) = why("ledger.service", messages=messages, audit=sent, pacct=record())
    assert told(verdict) == ("killed", "likely")


def test_of_several_with_one_parent_none_is_the_units(why):
    both = record(700) + record(701)
    verdicts = why("ledger.service", messages=says(STOPPED[1]), pacct=both)
    assert [one["process"].get("pid") for one in verdicts] == [None]


def test_one_pid_twice_in_a_second_is_two_deaths(why):
    verdicts = why("700", pacct=record(lived=10.0) + record(lived=5.0))
    assert len(verdicts) == 2


def test_the_same_file_twice_is_read_as_one_death(why):
    assert len(why("700", pacct=record(), copied=record())) == 1


def exit_line(start, number=None, status=None, comm="ledger", end="12:00:02.7"):
    ended = {"signal": {"number": number}} if number else {"status": status}
    hour = "" if start.count(":") == 2 else "12:00:"
    process = {"pid": 700, "comm": comm, "start": f"2026-11-27T{hour}{start}Z"}
    return json.dumps({"v": 1, "event": "exit", "id": "1-exit-700", "time": f"2026-11-27T{end}00000000Z", "source": "core", "process": process, **ended}) + "\n"  # fmt: skip


@pytest.mark.parametrize(("start", "deaths"), [("00.600000000", 1), ("01.900000000", 2)])
def test_a_start_to_the_second_fits_one_that_is_near(why, start, deaths):
    """The kernel's second of birth may be late by one: now, less whole seconds of life."""
    recorded = exit_line(start, status=3, comm="main-thread")
    verdicts = why("700", recording=recorded, pacct=record(code=3 << 8, flag=0, comm=b"worker"))
    assert len(verdicts) == deaths
    if deaths == 1:
        (verdict,) = verdicts
        assert verdict["time"] == "2026-11-27T12:00:02.700000000Z"
        assert verdict["process"]["start"] == f"2026-11-27T12:00:{start}Z"
        assert verdict["process"]["comm"] == "main-thread"
        assert verdict["status"] == 3


SLEPT = "08:00:00.600000000"


@pytest.mark.parametrize("others", [{}, {"messages": "fault"}])
def test_a_life_in_which_the_host_slept_is_one_death(why, others):
    """The kernel counts it by a clock that stands still then: the birth that it tells is late by all of that."""
    fault = "kernel: [   99.500000] ledger[700]: segfault at 8 ip 000055c0a1aed232 sp 00007ffc3f66c9d8 error 6 in ledger[1232,55c0a1aed000+1000]"
    others = {name: says((2, fault)) for name in others}
    pacct = record(code=0x8B, flag=0x18)
    (verdict,) = why("700", recording=exit_line(SLEPT, number=11), pacct=pacct, **others)
    assert verdict["process"]["start"] == f"2026-11-27T{SLEPT}Z"
    # Accounting alone tells these two.
    assert (verdict["process"]["ppid"], verdict["core"]) == (1, True)


@pytest.mark.parametrize(
    ("end", "record_"),
    [
        # The number was used again: the ends lie apart, or the other was not yet born at this one's.
        ("12:00:05.7", {}),
        ("11:59:58.7", {}),
        ("12:00:02.7", {"born": BORN + 4, "lived": 1.0}),
    ],
)
def test_a_late_birth_is_of_one_process_only_where_the_ends_are_one(why, end, record_):
    recorded = exit_line(SLEPT, number=9, end=end)
    verdicts = why("700", recording=recorded, pacct=record(**record_))
    assert [len(sources(one)) for one in verdicts] == [1, 1]


def test_an_end_that_accounting_cannot_tell_is_none(why):
    (verdict,) = why("ledger", pacct=record(code=0, flag=0x10))
    assert told(verdict) == ("unknown", "no")
    assert "main thread" in verdict["why"][0]


@pytest.mark.parametrize("packed", [False, True])
def test_ends_that_were_not_looked_at_are_said(packed, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(source, "FITTING_MAX", 3)
    path = tmp_path / "sos" / "var/account/pacct"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(record(pid, born=BORN + pid) for pid in range(700, 712)))
    if packed:
        path = tmp_path / "sos.tar"
        with tarfile.open(path, "w") as tar:
            tar.add(tmp_path / "sos", "sos")
    cli.main(["why", "-n", "9", "ledger", str(path)])
    assert f"9 earlier ends in {path} not looked at" in " ".join(capsys.readouterr().err.split())


def test_its_life_is_told_to_the_second(tmp_path, capsys):
    path = tmp_path / "pacct"
    path.write_bytes(record(lived=4150.0))
    cli.main(["why", "ledger", str(path)])
    assert "12:00:41 UTC" in (shown := capsys.readouterr().out)
    assert "after about 41 s of life" in shown
