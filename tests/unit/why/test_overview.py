"""The deaths of an hour at a glance, and what a person may call a process."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_rules import ESCALATED
from told import NOON, PKILL, WEBAPP, died, exited, sent

from tracer import cli
from tracer.model.event import Process
from tracer.model.frozen import replace
from tracer.model.text import columns
from tracer.why.deaths import deaths_in
from tracer.why.overview import lines_of, unordered
from tracer.why.query import fits, nearest
from tracer.why.verdict import verdict_of


def verdicts(events):
    ends = deaths_in(events)
    return [verdict_of(one, events, [], ends) for one in ends]


def test_repeats_are_one_line():
    events = []
    for n in range(85):
        target = replace(WEBAPP, pid=3000 + n)
        events += [
            sent(20 * n, "KILL", target=target),
            died(20 * n + 0.1, "KILL", target, cause=f"s{20 * n}"),
        ]
    events += [exited(30, 3, Process(7, comm=b"report-job"))]
    assert lines_of(verdicts(events), NOON) == [
        "12:28:00  webapp  SIGKILL by pkill ← tidy-workers ← cron (uid 1000)  85 times",
        "12:00:30  report-job  exited with status 3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (100, "12:28:00  webapp  SIGKILL by pkill ← tidy-workers ← cron (uid 1000)  85 times, every 20 s"),
        (78, "12:28:00  webapp  SIGKILL by pkill ← tidy-workers ← cron (uid 1000)  85 times"),
        (74, "12:28  webapp  SIGKILL by pkill ← tidy-workers ← cron (uid 1000)  85 times"),
        (67, "12:28  webapp  SIGKILL by pkill ← tidy-workers (uid 1000)  85 times"),
        (52, "12:28  webapp  SIGKILL by pkill (uid 1000)  85 times"),
        (40, "12:28  webapp  SIGKILL by pki…  85 times"),
    ],
)  # fmt: skip
def test_who_did_it_is_the_last_to_be_left_out(width, told):
    targets = [replace(WEBAPP, pid=3000 + n) for n in range(85)]
    kills = [sent(20 * n, "KILL", target=one) for n, one in enumerate(targets)]
    ends = [died(20 * n + 0.1, "KILL", one, cause=f"s{20 * n}") for n, one in enumerate(targets)]
    (line,) = lines_of(verdicts([*kills, *ends]), NOON, width)
    assert line == told


def test_all_lines_have_seconds_or_none():
    events = [
        sent(0, "KILL"),
        died(0.1, "KILL", cause="s0"),
        exited(30, 3, Process(7, comm=b"job")),
    ]
    told = lines_of(verdicts(events), NOON, 52)
    assert [line.partition("  ")[0] for line in told] == ["12:00", "12:00"]


def test_of_several_hosts_each_line_names_its_own():
    told = [
        replace(one, host=host) for host in ("web3", "web4") for one in verdicts([exited(0, 3)])
    ]
    assert [line.split("  ")[1] for line in lines_of(told, NOON)] == [
        "webapp on web3",
        "webapp on web4",
    ]
    # The kernel's ring, which a recording is read beside, names none.
    told = [replace(one, host=one.host and "web3") for one in told[:1]] + [
        replace(told[1], host=None)
    ]
    assert lines_of(told, NOON)[0].split("  ")[1] == "webapp"


def test_another_day_is_told_with_its_date():
    told = verdicts([sent(0, "KILL"), died(0.1, "KILL")])
    for days in (-1, 1, 365):
        (line,) = lines_of(told, NOON + days * 86_400 * 10**9)
        assert line.startswith("2026-11-27 12:00:00  webapp  SIGKILL")


def test_an_exit_that_answers_a_request_is_told_as_the_request():
    """Nobody exits by somebody else."""
    events = [sent(-1, "TERM", outcome="handled"), exited(0, 0, handled="s-1", after_ns=10**9)]
    (line,) = lines_of(verdicts(events), NOON)
    assert line == "12:00  webapp  SIGTERM by pkill (uid 1000), and it exited 0 (likely)"


def test_what_was_asked_for_is_left_out():
    plain, failed = verdicts([exited(0, 0), exited(9, 3, Process(7))])
    assert not unordered(plain)
    assert unordered(failed)
    assert unordered(verdicts(ESCALATED)[0])


def test_an_interpreter_is_named_by_its_script():
    by = replace(PKILL, comm=b"bash", argv=(b"bash", b"/srv/tidy.sh"), ancestors=())
    (line,) = lines_of(verdicts([sent(0, "KILL", by), died(0.1, "KILL", cause="s0")]), NOON)
    assert "SIGKILL by tidy.sh" in line


def test_lines_fit_the_screen():
    long = replace(PKILL, comm=b"x" * 15, argv=None)
    assert all(
        columns(line) <= 80
        for line in lines_of(verdicts([sent(0, "KILL", long), died(0.1, "KILL")]), NOON)
    )


CRASHY = Process(
    1, comm=b"python3", argv=(b"/usr/bin/python3", b"-u", b"/srv/crashy.py"), unit=b"crashy.service",
    container=b"3f2a" * 16,
)  # fmt: skip


@pytest.mark.parametrize(
    ("what", "is_meant"),
    [
        (b"1", True),
        (b"2", False),
        (b"crashy.py", True),
        (b"/srv/crashy.py", True),
        (b"python3", True),
        (b"crashy.service", True),
        (b"crashy", True),
        (b"3f2a3f2a", True),
        (b"3f2", False),
        (b"crash", False),
        (b"", False),
    ],
)
def test_what_a_person_may_call_it(what, is_meant):
    assert fits(CRASHY, what) is is_meant


def test_nearest_names():
    assert nearest([b"nginx", b"sshd", b"nginx.service"], b"ngix")[0] == b"nginx"
    assert nearest([b"sshd"], b"nginx") == []


def test_all_that_a_host_took_with_it_are_one_line(tmp_path, capsys):
    log = tmp_path / "messages"
    log.write_text(
        "".join(
            f"Nov 27 10:00:0{n} web3 systemd[1]: Started app{n}.service - App.\n" for n in range(5)
        )
        + "Nov 27 12:20:00 web3 kernel: [    0.000000] Linux version 6.1.0-18-amd64 (gcc-12)\n"
    )
    assert cli.main(["why", "--year", "2020", str(log)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2020-11-27 12:20:00  app0 and 4 more  host lost (likely)"
    ]


def test_a_container_whose_code_may_be_a_signals_is_not_left_out(capsys):
    """Neither a number nor a status is told of it."""
    log = Path(__file__).parents[2] / "deaths/told/container-137-alone/messages"
    assert cli.main(["why", "--year", "2026", str(log)]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("container 4f5e6d7c8b9a  ended, cause not told (open)")


def test_who_has_no_name_is_told_by_its_number():
    (line,) = lines_of(verdicts([exited(0, 3, Process(77))]), NOON)
    assert line == "12:00:00  process 77  exited with status 3"
