"""The table, read as its user would: whole screens compared with what is written here."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap

import pytest

from tests.unit.sinks.screen import APP, CRON, KILL, NOON, SECOND, screen, signal
from tracer.model.event import (
    Claim,
    Earlier,
    Exit,
    Failed,
    Oom,
    Probe,
    Process,
    lost,
)

pytestmark = pytest.mark.usefixtures("noon")


def test_who_did_it_and_did_it_die():
    end = Exit(NOON + 120_812_345, "x", "core", APP, number=9, cause="1", after_ns=812_345)
    assert screen(signal(120_000_000), end, width=100) == (
        "TIME         SIGNAL    FROM                  USER     TO                    VIA          OUTCOME\n"
        "12:00:00.120 SIGKILL   kill[1350]            deploy   python[24067]         kill         died 812 µs\n"
        "             └ kill -9 24067 ← cleanup.sh[1340] ← cron[702] ← systemd[1]\n"
    )


def test_eighty_columns():
    assert screen(signal(), width=80).splitlines() == [
        "TIME         SIGNAL    FROM              USER     TO                OUTCOME",
        "12:00:00.000 SIGKILL   kill[1350]        deploy   python[24067]     delivered",
        "             └ kill -9 24067 ← cleanup.sh[1340] ← cron[702] ← systemd[1]",
    ]


def test_the_sender_is_told_once_for_a_run_of_rows():
    text = screen(signal(), signal(1), signal(2, sender=APP), signal(3), width=120)
    assert text.count("cleanup.sh") == 2


def test_victims_of_a_wide_kill_are_folded():
    others = [Process(pid, pid, b"worker") for pid in (31, 32)]
    wide = {"call": "kill", "asked": -72548, "id": "wide"}
    text = screen(signal(**wide), *(signal(target=other, **wide) for other in others), width=100)
    assert text.splitlines()[2:] == [
        "             └ kill -9 24067 ← cleanup.sh[1340] ← cron[702] ← systemd[1]",
        "             • kill(-72548): process group 72548",
        "12:00:00.000 └ and 2 more: worker[31], worker[32] delivered",
    ]


def test_what_is_remarkable_of_a_folded_victim_is_told():
    wide = {"call": "kill", "asked": -72548, "id": "wide"}
    other = Process(31, 31, b"worker")
    late = signal(target=other, escalates=Earlier("0", 15, 2 * SECOND), **wide)
    lines = screen(signal(**wide), late, width=100).splitlines()
    assert lines[-2:] == [
        "12:00:00.000 └ and worker[31] delivered",
        "             • escalation: still alive 2 s after SIGTERM",
    ]


def test_a_row_between_ends_the_folding():
    wide = {"call": "kill", "asked": -72548, "id": "wide"}
    other = Process(31, 31, b"worker")
    lines = screen(
        signal(**wide), signal(1, id="2", sender=APP), signal(2, target=other, **wide), brief=True
    ).splitlines()
    assert "└ and" not in lines[-1]
    assert "worker[31]" in lines[-1]


def test_wide_tells_everything_of_every_victim():
    wide = {"call": "kill", "asked": -72548, "id": "wide"}
    other = Process(31, 31, b"worker", exe=b"/opt/worker")
    assert "to worker" in screen(signal(**wide), signal(target=other, **wide), wide=True)


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        (
            signal(
                origin="oom",
                sender=None,
                current=Process(7, 7, b"stress"),
                oom=Oom("cgroup", b"/web"),
            ),
            ["OOM killer", "out of memory: the limit of /web", "while stress[7] allocated memory"],
        ),
        (
            signal(number=2, origin="tty", sender=None, target=Process(5, 5, b"vi", tty=b"pts3")),
            ["pts3 Ctrl-C"],
        ),
        (
            signal(number=11, code=1, origin="fault", sender=None, address=0),
            ["own fault", "SEGV_MAPERR at 0x0"],
        ),
        (signal(number=14, origin="timer", sender=None), ["own timer"]),
        (signal(claim=Claim(1, 0)), ["forged: it claims to come from pid 1"]),
        (
            signal(escalates=Earlier("0", 15, 5 * SECOND)),
            ["escalation: still alive 5 s after SIGTERM"],
        ),
        (
            signal(escalates=Earlier("0", 15, 5 * SECOND), outcome=None),
            ["escalation: 5 s after SIGTERM"],
        ),
        (signal(outcome="ignored", why="SIG_IGN"), ["ignored (SIG_IGN)"]),
        (
            signal(
                scope="thread",
                sender=Process(7, 8, b"java", thread_comm=b"GC"),
                target=Process(5, 6, b"app", thread_comm=b"io"),
            ),
            ["java[7]", "by its thread GC/8", "app[5]", "to thread io/6 of app[5]"],
        ),
        (Failed(NOON, "1", "core", "kill", "EPERM", 9, KILL, APP), ["SIGKILL", "EPERM"]),
        (Probe(NOON, "1", "core", "kill", KILL, APP), ["probe", "exists"]),
        (
            Failed(NOON, "1", "core", "tkill", "ESRCH", 9, KILL, asked=4194303),
            ["it asked for thread 4194303, as its pid namespace numbers them"],
        ),
        (
            Failed(NOON, "1", "core", "pidfd_send_signal", "EBADF", 9, KILL, asked=5),
            ["its descriptor 5 is of no process"],
        ),
        (
            Failed(NOON, "1", "core", "kill", "ESRCH", 9, KILL, asked=-7),
            ["kill(-7): process group 7"],
        ),
        (lost(NOON, "core", 1204, "ring buffer"), ["lost 1,204 signals here (ring buffer)"]),
        (lost(NOON, "core", 1, "ring buffer"), ["lost 1 signal here (ring buffer)"]),
        (lost(None, "core", None, "log"), ["lost an unknown number of records here"]),
        (
            Exit(NOON, "x", "core", APP, number=11, core=True),
            ["died of SIGSEGV (core dumped); who sent that was not traced"],
        ),
        (
            Exit(NOON, "x", "audit log", APP, number=6, cause="1.120:7", after_ns=0),
            ["SIGABRT at once\n"],
        ),
        (
            Exit(NOON, "x", "core", APP, status=143, handled="1", after_ns=SECOND),
            ["exited with status 143, 1 s after handling it"],
        ),
        (signal(sender=None, origin=None, outcome=None), [" - "]),
    ],
)
def test_every_kind_of_row(event, wanted):
    text = screen(event, width=140)
    for part in wanted:
        assert part in text


def test_colour_only_when_asked_for():
    assert "\33[" not in screen(signal(), width=100)
    coloured = screen(signal(), width=100, colour=True)
    assert "\33[31m" not in coloured
    assert re.sub("\33\\[\\d+m", "", coloured) == screen(signal(), width=100)
    end = Exit(NOON + 1, "x", "core", APP, number=9, cause="1", after_ns=1)
    assert "\33[31mdied" in screen(signal(), end, width=100, colour=True)


def test_piped_lines_are_not_cut():
    text = screen(signal(outcome="ignored", why="w" * 200))
    assert "w" * 200 in text


def test_brief_is_one_line_a_signal():
    assert len(screen(signal(), width=100, brief=True).splitlines()) == 2


def test_the_docstring_shows_what_is_printed():
    import tracer.sinks.table

    end = Exit(NOON + 120_812_345, "x", "core", APP, number=9, cause="1", after_ns=812_345)
    second = dataclasses.replace(APP, pid=24068, tid=24068)
    at = NOON + 3_100_000_000
    late = Exit(at, "y", "core", second, number=15, cause="2", after_ns=800_000_000)
    term = signal(2_300_000_000, id="2", number=15, target=second)
    lines = screen(signal(120_000_000), end, term, late, width=80).splitlines()
    lines = [line.replace("12:00:0", "01:14:0", 1) for line in lines]
    for shown, meant in (("14:00", "14:05"), ("14:02", "14:07"), ("14:03", "14:08")):
        lines = [line.replace(shown, meant, 1) for line in lines]
    sample = inspect.cleandoc(tracer.sinks.table.__doc__).partition("Sample:\n\n")[2]
    assert textwrap.dedent(sample).splitlines() == lines


def test_a_long_command_line_leaves_room_for_the_parents():
    sender = Process(9, 9, b"python", argv=(b"python", b"-c", b"x" * 300), ancestors=CRON)
    line = screen(signal(sender=sender), width=80).splitlines()[2]
    assert len(line) <= 80
    assert line.endswith("← cleanup.sh ← cron")


def test_the_folder_of_a_program_is_cut_before_its_arguments():
    interpreter = b"/opt/python/versions/3.11.7/bin/python3"
    sender = Process(9, 9, b"python3", argv=(interpreter, b"/srv/cleanup.py"), ancestors=CRON)
    assert screen(signal(sender=sender), width=80).splitlines()[2] == (
        "             └ …/python3 /srv/cleanup.py ← cleanup.sh[1340] ← cron[702]"
    )
    title = Process(9, 9, b"sshd", argv=(b"sshd: deploy@pts/0" + 80 * b"x",), ancestors=CRON)
    assert "└ 'sshd: deploy@pts/0xxx" in screen(signal(sender=title), width=80)


def test_wide_tells_everything_of_both_ends_and_cuts_nothing():
    sender = dataclasses.replace(
        KILL, argv=(b"kill", b"-9", 200 * b"x"), euid=0, start=NOON - 60 * SECOND, loginuid=3010
    )
    assert screen(signal(sender=sender), width=80, wide=True).splitlines()[2:] == [
        f"             └ from kill -9 {200 * 'x'} ← cleanup.sh[1340] ← cron[702] ← systemd[1]",
        "             └ from kill[1350] user deploy, euid 0, login 3010, started 2026-11-23 11:59:00.000",
        "             └ to python[24067] user deploy",
    ]


def test_another_day_is_told():
    day = 24 * 3600 * SECOND
    text = screen(signal(-day), signal(-day + 5), signal(), signal(5), width=80, brief=True)
    assert text.splitlines()[1::2] == [
        "Sun 2026-11-22 UTC+00:00",
        "12:00:00.000 SIGKILL   kill[1350]        deploy   python[24067]     delivered",
        "12:00:00.000 SIGKILL   kill[1350]        deploy   python[24067]     delivered",
    ]
    assert text.splitlines()[4] == "Mon 2026-11-23 UTC+00:00"


def test_the_host_of_a_recording_stands_above_it():
    """Whether the first row is a signal or one with its death; other hosts are told each time."""
    end = Exit(NOON + SECOND, "x", "core", APP, number=9, cause="1", after_ns=1, host="web1")
    for first in ([signal(host="web1")], [signal(id="1", host="web1"), end]):
        told = screen(*first, signal(id="2", time=NOON + 2 * SECOND, host="web2"))
        assert re.findall(r"(?:• )?on web\d", told) == ["on web1", "• on web2"]
