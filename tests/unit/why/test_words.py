"""What a person reads: a headline and labels, within 80 columns, in the order in which it is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_rules import ESCALATED, PROVEN, kill
from told import NOON, WEBAPP, S, at, died, exited, ran, said, saw, sent, unit_died

from tracer.model.coverage import Coverage, Span
from tracer.model.event import Exit, Process, Signal
from tracer.model.frozen import replace
from tracer.model.text import columns
from tracer.model.verdict import CAUSES
from tracer.why.ask import witness_of
from tracer.why.deaths import deaths_in
from tracer.why.lost import lost_with_the_host
from tracer.why.verdict import verdict_of
from tracer.why.words import HEADLINES, headline, labels, lines_of


def judged(events, coverages=()):
    ends = [*deaths_in(events), *lost_with_the_host(events)]
    return verdict_of(ends[-1], events, list(coverages), ends)


def told(events, coverages=()):
    return lines_of(judged(events, coverages), NOON + 600 * S)


def test_every_cause_has_its_words():
    assert set(HEADLINES) == set(CAUSES)


def test_a_kill():
    assert told(kill()) == [
        "webapp[2231] on web3 was killed with SIGKILL by pkill[991]",
        "  when    Fri 2026-11-27 12:00:00 UTC, 10 min ago",
        "  who     uid 1000, as root: pkill -9 -x webapp ← tidy-workers[980] ← cron[970]",
        "  from    core",
        "  sure    yes",
    ]


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ({"uid": 0}, "root: "),
        ({"uid": 0, "user": "root"}, "root: "),
        ({"uid": 33}, "uid 33: "),
        ({"uid": 0, "loginuid": 1000}, "uid 1000, as root: "),
        ({"uid": 33, "loginuid": 0}, "root: "),
        ({}, ""),
    ],
)
def test_who_has_not_logged_in_is_the_user_that_it_runs_as(ids, words):
    """What audit's records have of a daemon: numbers, and no login."""
    daemon = Process(991, comm=b"kill", argv=(b"kill", b"-9", b"2231"), **ids)
    assert f"  who     {words}kill -9 2231" in told(kill(sender=daemon))


def test_a_stop_timeout():
    assert told([ran(-90.05), *ESCALATED]) == [
        "webapp[2231] on web3 was killed by systemd: it did not stop within 1 min 30 s",
        "  when    Fri 2026-11-27: SIGTERM 11:58:30, SIGKILL 12:00:00 UTC, 10 min ago",
        "  who     alice (pts/1), as root, asked for the stop: systemctl restart webapp",
        "          ← sudo[899] ← bash[800] ← sshd[700]",
        "  why     it took SIGTERM, and went on",
        "  from    core",
        "  sure    yes",
    ]


def test_a_doubt_stands_where_it_belongs():
    """Who sent the signal is recorded; that the unit was being stopped is not."""
    bare = [one for one in ESCALATED if isinstance(one, (Signal, Exit))]
    lines = told(bare)
    assert (
        lines[0]
        == "webapp[2231] on web3 was killed by systemd, most likely because it did not stop"
    )
    assert "  sure    likely: that its unit was being stopped is inferred from the signals" in lines


def test_a_signal_to_itself():
    assert (
        told(kill("SEGV", sender=WEBAPP))[0]
        == "webapp[2231] on web3 was killed with SIGSEGV by itself"
    )


def test_a_text_log():
    """The outage that this project began with."""
    events = [said(0, "stop timeout"), unit_died(0, "KILL"), said(0, "unit failed")]
    assert told(events) == [
        "webapp.service on web3 was killed by systemd: it did not stop in time",
        "  when    Fri 2026-11-27 12:00:00 UTC, 10 min ago",
        "  who     asked for the stop: not in these logs",
        "  why     systemd was stopping it, and it still ran when the time for that was",
        "          over; when the stop began is not told: at 11:58:30, if systemd's",
        "          default of 90 s holds",
        "  from    syslog, messages:22",
        "  sure    yes, if the lines of this text log are genuine",
    ]


def test_nothing_is_known():
    lines = told([unit_died(0, "KILL")])
    assert lines[0] == "webapp.service on web3 died of SIGKILL: the cause is not known"
    assert (
        "  sure    open: it may be the OOM killer, a stop that took too long or a signal" in lines
    )


def test_what_is_likely_says_what_it_leaves_open():
    """Of a verdict that was joined, what else would fit is told beside it; of a sure one nothing is left."""
    pkill = Process(991, comm=b"pkill", uid=0, argv=(b"pkill", b"-9", b"webapp"))
    lines = " ".join(" ".join(told([ran(-0.5, pkill), unit_died(0, "KILL")])).split())
    assert (
        "likely: pkill ran 500 ms before it; the kill itself was not recorded; not ruled out: the OOM killer, a stop that took too long"
        in lines
    )
    assert "not ruled out" not in " ".join(told(kill()))


def test_what_is_left_when_all_else_is_ruled_out():
    lines = told([unit_died(0, "KILL")], saw("oom", "statements"))
    assert lines[0] == "webapp.service on web3 was most likely killed with SIGKILL"
    assert "  who     sent it: not recorded" in lines


@pytest.mark.parametrize("name", PROVEN)
def test_it_fits_the_screen(name):
    events = PROVEN[name][0]
    assert all(columns(line) <= 80 for line in told(events))
    assert len(told(events)) <= 12


NAMES = st.binary(min_size=1, max_size=15)


@given(NAMES, NAMES, st.binary(max_size=60))
def test_hostile_names_reach_no_terminal(comm, sender, word):
    pkill = Process(991, comm=sender, argv=(sender, word))
    target = Process(2231, comm=comm)
    events = [sent(0, "KILL", pkill, target), died(0.1, "KILL", target, cause="s0")]
    assert all(line.isprintable() for line in told(events))


def test_an_oom_has_its_numbers():
    details = {"limit_kb": 40960, "anon_rss_kb": 40755, "cgroup": "/billing", "scope": "cgroup"}
    victim = Process(2231, comm=b"webapp")
    lines = told([said(0, "oom report", victim, details=details), died(0.1, "KILL")])
    assert lines[0] == "webapp[2231] on web3 was killed by the kernel: out of memory"
    assert "  why     /billing reached its limit of 40 MB; the victim held 39.8 MB" in lines


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"scope": "host"}, "the host had no memory left"),
        (
            {"scope": "host", "free_kb": 51716, "free_swap_kb": 0},
            "the host had no memory left (50.5 MB and 0 kB of swap free)",
        ),
        (
            {"scope": "cgroup", "cgroup": "/system.slice/billing.service", "limit_kb": 40960},
            "billing.service reached its limit of 40 MB",
        ),
        (
            {"scope": "cgroup", "cgroup": "/x", "limit_kb": 4, "invoker": "webapp"},
            "/x reached its limit of 4 kB",
        ),
        (
            {"scope": "host", "invoker": "hog"},
            "the host had no memory left; it was hog that asked for more",
        ),
    ],
)
def test_an_oom_says_what_was_left(details, words):
    verdict = judged([said(0, "oom report", WEBAPP, details=details), died(0.1, "KILL")])
    assert "; ".join(verdict.why) == words


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"file": "/var/lib/core.x.zst"}, "kept in /var/lib/core.x.zst"),
        (
            {"file": "/c", "truncated": "1"},
            "kept in /c, truncated: it was larger than may be kept",
        ),
        ({"truncated": True}, "one was taken, truncated: it was larger than may be kept"),
        (
            {"stored": False, "rlimit": 0},
            "none was kept: the process's limit for it was 0 (ulimit -c, LimitCORE=)",
        ),
        ({"stored": False}, "none was kept; systemd-coredump does not say why"),
        ({"rlimit": "4096"}, "a core was dumped"),
        (
            {"rlimit": "4096", "timestamp": "1"},
            "systemd-coredump names no file",
        ),
        ({"file": "/c\x1b[31m"}, "kept in /c\\x1b[31m"),
    ],
)
def test_what_became_of_the_core(details, words):
    """What systemd-coredump's entry has; else what the kernel said alone."""
    told_it = said(0.2, "core dumped", WEBAPP, number=11, details=details)
    verdict = judged([*kill("SEGV", sender=None, origin="fault"), told_it])
    assert dict(labels(verdict, 0))["core"] == words


def test_a_fault_has_its_address():
    lines = told(kill("SEGV", sender=None, origin="fault", code=1, address=16))
    assert lines[0] == "webapp[2231] on web3 crashed: SIGSEGV"
    assert "  why     it used address 0x10 (a null pointer and an offset); nobody sent the" in lines


def test_a_status_of_a_shell():
    lines = told([exited(0, 137)])
    assert any("of it died of SIGKILL" in line for line in lines)
    assert "no signal" not in lines[0]
    assert (
        "by itself with status 1; no signal was involved" in told([exited(0, 1)], saw("sends"))[0]
    )


NOT_SEEN = "  sure    yes, of the status; whether a signal asked for it is not recorded"


def test_that_nobody_sent_it_is_told_where_that_was_watched():
    lines = told([exited(0, 1)])
    assert lines[0].endswith("ended with status 1")
    assert NOT_SEEN in lines


@pytest.mark.parametrize(
    "taken",
    [
        sent(-1, "HUP", outcome="handled"),
        # haproxy stops softly with status 0; httpd ends gracefully; some read them from a file (signalfd(2)).
        sent(-8, "USR1", outcome="handled"),
        sent(-8, "WINCH", outcome="handled"),
        sent(-8, "TERM", outcome="awaited"),
        # What became of it is not told, or not sure.
        sent(-8, "TERM", outcome=None),
        sent(-8, "USR2", outcome="blocked"),
        # It had to finish something first.
        sent(-300, "TERM", outcome="handled"),
        sent(-1, "USR1", WEBAPP, outcome="handled"),
    ],
    ids=lambda one: one.id,
)
@pytest.mark.parametrize("status", [0, 1])
def test_of_who_took_a_signal_it_is_not_said_that_none_was_involved(taken, status):
    events = [one for one in map(witness_of, (taken, exited(0, status))) if one is not None]
    lines = told(events, saw("sends"))
    assert lines[0].endswith(f"ended with status {status}")
    assert NOT_SEEN in lines
    assert judged(events, saw("sends")).ruled_out == ()


def test_what_was_sent_and_not_taken_is_named():
    ignored = [
        sent(-place, name, outcome="ignored") for place, name in enumerate(("TERM", "HUP", "TERM"))
    ]
    verdict = judged([*ignored, exited(1, 4)], saw("sends"))
    assert headline(verdict) == (
        "webapp[2231] on web3 ended by itself with status 4; "
        "no signal that it took was involved (SIGTERM: ignored, SIGHUP: ignored)"
    )
    many = [
        sent(-place, name, outcome="ignored")
        for place, name in enumerate(("TERM", "HUP", "INT", "USR1"))
    ]
    assert headline(judged([*many, exited(1, 4)], saw("sends"))).endswith(
        "(SIGUSR1: ignored, SIGINT: ignored, SIGHUP: ignored, …)"
    )


@pytest.mark.parametrize(("start", "is_seen"), [(None, False), (-60, False), (-29, True)])
def test_who_lived_before_the_watch_began_may_have_been_asked_then(start, is_seen):
    """A stop may take long: what is sent is looked for as far back as what else may have led to an end."""
    process = replace(WEBAPP, start=None if start is None else at(start))
    watch = Coverage("core", ("sends",), (Span(at(-30), at(60)),), host="web3")
    assert ("no signal" in headline(judged([exited(0, 1, process)], [watch]))) == is_seen


DETAILS = {
    "kind": "segfault",
    "address": "10",
    "error": "6",
    "file": "libc.so.6",
    "file_offset": "1f",
}
LOST = [said(-9, "started", text=b"Started webapp.service."), said(0, "boot", Process())]


def of_kernel(origin, name, **more):
    return kill(name, sender=None, origin=origin, **more)


@pytest.mark.parametrize(
    ("events", "label", "words"),
    [
        ([said(0, "fault", WEBAPP, number=11, details=DETAILS), died(0.1, "SEGV")], "why",
         "it wrote to address 0x10 (a null pointer and an offset) in libc.so.6+0x1f; nobody sent the signal"),
        ([said(0, "fault", WEBAPP, number=11, details={**DETAILS, "error": "4"}), died(0.1, "SEGV")], "why",
         "it read address 0x10 (a null pointer and an offset) in libc.so.6+0x1f; nobody sent the signal"),
        ([said(0, "fault", WEBAPP, number=11, details={**DETAILS, "error": "15"}), died(0.1, "SEGV")], "why",
         "it executed address 0x10 (a null pointer and an offset) in libc.so.6+0x1f; nobody sent the signal"),
        (of_kernel("fault", "FPE", address=0x4010), "why",
         "a wrong calculation (a division by zero, as a rule) at address 0x4010; nobody sent the signal"),
        (of_kernel("fault", "ILL", address=0x4010), "why",
         "an instruction that the processor does not know, at address 0x4010; nobody sent the signal"),
        (of_kernel("tty", "INT"), "why", "its terminal was given its key for that (Ctrl-C), by a person or a program"),
        (of_kernel("tty", "HUP"), "why", "its terminal went away, or was closed"),
        (of_kernel("kernel", "KILL"), "why",
         "no process sent it, and it was not the OOM killer; SysRq, a driver or a BPF program may have"),
        (of_kernel("async io", "IO"), "why",
         "input or output was ready that it had asked to be told of, and it did not handle the signal"),
        ([exited(0, 203)], "why",
         "status 203 is systemd's where it could not execute the program (EXEC), or the program's own"),
        ([said(-90, "stop asked"), said(0, "stop timeout"), unit_died(0, "KILL")], "why",
         "systemd began to stop it at 11:58:30; 1 min 30 s later it still ran"),
        (LOST, "when", "before Fri 2026-11-27 12:00:00 UTC, when the host booted"),
        ([said(-1, "stop asked"), unit_died(0, "TERM")], "sure",
         "likely: its unit was being stopped when it died; who sent the signal is not recorded"),
    ],
)  # fmt: skip
def test_what_is_said_needs_no_manual(events, label, words):
    told_so = dict(labels(judged(events), 0))[label]
    assert told_so == words or told_so.startswith(f"{words}; not ruled out: ")


def test_a_status_of_a_process_without_a_unit_is_not_systemds():
    assert judged([exited(0, 203, Process(5, comm=b"x"))]).why == ()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59, "59 s ago"), (125, "2 min ago"), (3599, "59 min ago"), (3661, "1 h 1 min ago")],
)
def test_ago_is_no_finer_than_it_is_read(seconds, words):
    lines = lines_of(judged(kill()), NOON + seconds * S)
    assert lines[1].endswith(f"UTC, {words}")


def test_a_container_that_reached_its_limit_is_called_as_it_is():
    """Its scope's name has 64 letters."""
    box = b"4f5e6d7c8b9a" * 5 + b"4f5e"
    victim = Process(77, comm=b"node", container=box, container_name=b"shop")
    details = {"limit_kb": 40960, "cgroup": f"/system.slice/docker-{box.decode()}.scope"}
    events = [said(0, "oom report", victim, number=9, details=details), died(0.1, "KILL", victim)]
    assert "container shop reached its limit of 40 MB" in judged(events).why
