"""What a process said last before it ended by its own doing: nobody else's words, and none of another time."""

from __future__ import annotations

import gzip
import json
import os

import pytest

from tests.unit.sources.journal import journals
from tracer import cli
from tracer.model.event import Place, Process
from tracer.model.text import plain
from tracer.model.verdict import Evidence, Verdict
from tracer.sources.found import Found
from tracer.sources.spoken import written_before

END = "12:40:02 web3 systemd[1]: report-job.service: Main process exited, code=exited, status=1/FAILURE"
FATAL = "FATAL: could not connect to db1:5432"
FAULT = "12:40:02 web3 kernel: [ 9.0] report-job[8120]: segfault at 0 ip 00005581 sp 00007ffd error 4 in report-job[1000+1000]"


def verdict(capsys, *lines, opened=None, path):
    text = "".join(f"Nov 27 {line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    cli.main(["why", "--json", "--year", "2026", "report-job", str(path)])
    (line,) = capsys.readouterr().out.splitlines()
    return json.loads(line)


@pytest.fixture(params=["messages", "messages.gz"])
def told(request, capsys, tmp_path):
    return lambda *lines: verdict(capsys, *lines, path=tmp_path / request.param)


def test_under_its_name_where_its_pid_is_not_known(told):
    one = told(
        "12:39:00 web3 report-job[8120]: starting",
        f"12:40:01 web3 report-job[8120]: {FATAL}",
        "12:40:01 web3 other[77]: all is well",
        END,
        "12:40:03 web3 report-job[8131]: starting again",
    )
    assert (one["said"], one["said_by"]) == (FATAL, "its name")
    last = one["evidence"][-1]
    assert last["time"] == "2026-11-27T12:40:01.000000000Z"
    assert (last["source"], last["place"]["line"], last["text"]) == ("last words", 2, FATAL)


NOT_ITS = {
    "another program": ["12:40:01 web3 other[77]: " + FATAL],
    "another host": ["12:40:01 web4 report-job[8120]: " + FATAL],
    "too long before": ["12:38:59 web3 report-job[8120]: " + FATAL],
    "the manager": ["12:40:01 web3 systemd[1]: report-job.service: " + FATAL],
    "nothing": ["12:40:01 web3 report-job[8120]: "],
}


@pytest.mark.parametrize("name", NOT_ITS)
def test_nobody_elses(name, told):
    assert "said" not in told(*NOT_ITS[name], END)


def test_by_its_pid_where_that_is_known(told):
    lines = [
        f"12:40:01 web3 job-thread[8120]: {FATAL}",
        "12:40:02 web3 report-job[8121]: a sibling",
    ]
    one = told(*lines, FAULT)
    assert (one["cause"], one["said"], one["said_by"]) == ("crash", FATAL, "its pid")


def test_who_is_killed_has_no_last_words(told):
    killed = END.replace("exited, status=1/FAILURE", "killed, status=9/KILL")
    assert "said" not in told(f"12:40:01 web3 report-job[8120]: {FATAL}", killed)


def test_far_into_a_big_log(told):
    """Several blocks of it are read, and the lines near the end alone are looked at."""
    noise = [f"12:40:01 web3 other[{number}]: {'x' * 500}" for number in range(6000)]
    one = told(*noise, f"12:40:02 web3 report-job[8120]: {FATAL}", *noise[:300], END, *noise[:100])
    assert (one["said"], one["evidence"][-1]["place"]["line"]) == (FATAL, 6001)
    assert "said" not in told(f"12:40:02 web3 report-job[8120]: {FATAL}", *noise[:500], END)


def test_what_it_said_is_shown_as_no_line_of_ours(tmp_path, capsys):
    path = tmp_path / "messages"
    path.write_bytes(
        b"Nov 27 12:40:01 web3 report-job[8120]: \x1b[2J\xff sure yes\r who root\n"
        + f"Nov 27 {END}\n".encode()
    )
    cli.main(["why", "--year", "2026", "report-job", str(path)])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert "\n  who" not in shown
    assert "the last line under" in shown


def test_a_cut_file_gives_what_it_has(tmp_path, capsys):
    path = tmp_path / "messages.gz"
    text = f"Nov 27 12:40:01 web3 report-job[8120]: {FATAL}\nNov 27 {END}\n".encode()
    text += b"".join(
        b"Nov 27 12:40:03 web3 other[7]: %s\n" % os.urandom(60).hex().encode() for _ in range(99)
    )
    packed = gzip.compress(text)
    path.write_bytes(packed[: len(packed) // 2])
    cli.main(["why", "--json", "--year", "2026", "report-job", str(path)])
    assert json.loads(capsys.readouterr().out)["said"] == FATAL


def test_what_is_no_file_is_not_read_again(tmp_path):
    """The kernel's ring would wait for what comes, a pipe for who writes."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (str(pipe), "/dev/zero", "-", str(tmp_path)):
        place = Place(file=path, line=3)
        told = Verdict(0, "crash", "yes", Process(7, comm=b"x"), evidence=(Evidence(place=place),))
        assert list(written_before(Found(), told)) == []


def test_nothing_but_backslashes(told):
    """One step for each of them, not for each pair."""
    one = told("12:40:01 web3 report-job[8120]: " + "\\" * 50_000, END)
    assert one["said"] == "\\" * 200
    assert plain(b"\\" * 1_000_000 + b"x41") == "\\" * 2_000_000 + "x41"


@pytest.mark.skipif(journals.TOOL is None, reason=journals.WHY)
@pytest.mark.parametrize(
    ("fields", "said_by"),
    [
        ({"_PID": b"8120", "_SYSTEMD_UNIT": b"report-job.service"}, "its unit"),
        ({"_PID": b"8120", "_SYSTEMD_UNIT": b"other.service"}, None),
        ({"_PID": b"8120", "SYSLOG_IDENTIFIER": b"report-job"}, None),
        (
            {
                "_PID": b"8120",
                "_SYSTEMD_UNIT": b"report-job.service",
                "_SYSTEMD_INVOCATION_ID": b"ab" * 16,
            },
            "its unit",
        ),
        (
            {
                "_PID": b"8120",
                "_SYSTEMD_UNIT": b"report-job.service",
                "_SYSTEMD_INVOCATION_ID": b"cd" * 16,
            },
            None,
        ),
    ],
)
def test_of_a_journal_by_its_cgroup(fields, said_by, tmp_path, capsys):
    """systemd's line of an exit has no pid; a name proves nothing where journald knows the unit."""
    run = {"INVOCATION_ID": b"ab" * 16} if "_SYSTEMD_INVOCATION_ID" in fields else {}
    end = {
        "_PID": b"1", "_UID": b"0", "_COMM": b"systemd", "SYSLOG_IDENTIFIER": b"systemd", "_HOSTNAME": b"web3",
        "MESSAGE_ID": journals.EXITED, "UNIT": b"report-job.service", "_TRANSPORT": b"journal", **run,
        "EXIT_CODE": b"exited", "EXIT_STATUS": b"1", "CODE_FUNC": b"service_sigchld_event",
        "MESSAGE": b"report-job.service: Main process exited, code=exited, status=1/FAILURE",
    }  # fmt: skip
    own = {"MESSAGE": FATAL.encode(), "_HOSTNAME": b"web3", "_TRANSPORT": b"stdout", **fields}
    again = {**own, "MESSAGE": b"listening on :8080", "_PID": b"8131"}
    entries = [list(one.items()) for one in (own, end, again)]
    path = journals.build(tmp_path / "system.journal", journals.export(*entries, step=200_000))
    cli.main(["why", "--json", "report-job", str(path)])
    one = json.loads(capsys.readouterr().out)
    assert (one.get("said"), one.get("said_by")) == (FATAL if said_by else None, said_by)
