"""Lines of a text log that are all there, and from which a wrong conclusion is near."""

from __future__ import annotations

import json

import pytest

from tracer import cli

UNIT = "webapp.service: "
EXIT = f"{UNIT}Main process exited, code=killed, status=9/KILL"
TIMED_OUT = f"{UNIT}State 'stop-sigterm' timed out. Killing."
PROOF = "yes, if the lines of this text log are genuine"


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture
def why(tmp_path, capsys):
    """``why(what, (second, speaker, words)…)``: the verdict as an object, and as text."""

    def asked(what, *lines):
        path = tmp_path / "messages"
        path.write_text("".join(f"Nov 20 12:00:{n:02} web3 {tag}: {text}\n" for n, tag, text in lines))  # fmt: skip
        words = ["why", "--year", "2026", what, str(path)]
        cli.main(words)
        told = " ".join(capsys.readouterr().out.split())
        cli.main([*words, "--json"])
        return json.loads(capsys.readouterr().out.splitlines()[0]), told

    return asked


def systemd(second, text, pid=1):
    return second, f"systemd[{pid}]", text


@pytest.mark.parametrize(("one", "other"), [(900, 1), (1, 900), (900, 901)])
def test_a_users_manager_has_units_of_the_same_name(why, one, other):
    """Of a text its pid tells whose word it is; logger(1) has one, too."""
    verdict, told = why("webapp", systemd(1, TIMED_OUT, one), systemd(1, EXIT, other))
    assert (verdict["cause"], verdict["confidence"], verdict.get("who")) == (
        "unknown",
        "open",
        None,
    )
    assert "not known to be related" in told


@pytest.mark.parametrize("pid", [1, 900])
def test_its_own_managers_word_counts(why, pid):
    verdict, told = why("webapp", systemd(1, TIMED_OUT, pid), systemd(1, EXIT, pid))
    assert (verdict["cause"], verdict["confidence"]) == ("stop timeout", "yes")
    assert PROOF in told


def test_two_managers_tell_of_two_ends(why):
    lines = systemd(1, TIMED_OUT), systemd(1, EXIT, 900), systemd(2, EXIT)
    verdict, _ = why("webapp", *lines)
    assert (verdict["cause"], verdict["time"]) == ("stop timeout", "2026-11-20T12:00:02.000000000Z")
    assert "left" not in verdict


@pytest.mark.parametrize(
    ("words", "seconds", "more", "sure"),
    [
        ("Watchdog timeout (limit 3s)!", 0, [], "yes"),
        ("Watchdog timeout (limit 3s)!", 58, [], "likely"),
        ("Watchdog timeout (limit 3s)!", 58, ["State 'stop-watchdog' timed out. Killing."], "yes"),
        ("start operation timed out. Terminating.", 50, [], "likely"),
        ("start operation timed out. Terminating.", 50, ["State 'stop-sigterm' timed out. Killing."], "yes"),
    ],
)  # fmt: skip
def test_a_kill_long_after_a_request_is_announced_by_itself(why, words, seconds, more, sure):
    later = [systemd(1 + seconds, UNIT + one) for one in more]
    verdict, _ = why("webapp", systemd(1, UNIT + words), *later, systemd(1 + seconds, EXIT))
    assert verdict["cause"] in ("watchdog", "start timeout")
    assert verdict["confidence"] == sure


PKILL = "   alice : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/pkill -9 -x webapp"


@pytest.mark.parametrize(
    ("begun", "cause"),
    [
        ([], "killed"),
        (["Scheduled restart job, restart counter is at 1."], "unknown"),
        (["Started webapp.service - Web."], "unknown"),
    ],
)
def test_a_command_of_the_run_before_met_that(why, begun, cause):
    begun = [systemd(2, one if one.startswith("Started") else UNIT + one) for one in begun]
    lines = [(1, "sudo", PKILL), systemd(1, EXIT), *begun]
    verdict, _ = why("webapp", *lines, *([systemd(2, EXIT)] if begun else []))
    assert verdict["cause"] == cause


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("Main", None), ("main", None), ("Control", "control process"), ("control", "control process"),
        ("Condition check", "condition check process"),
    ],
)  # fmt: skip
def test_what_a_unit_runs_beside_its_main_process_is_not_the_unit(why, kind, part):
    """ExecReload= failed, and the unit runs on."""
    verdict, told = why("webapp", systemd(1, f"{UNIT}{kind} process exited, code=exited, status=1/FAILURE"))  # fmt: skip
    assert verdict.get("part") == part
    who = "webapp.service" if part is None else f"a {part} of webapp.service"
    assert told.startswith(f"{who} on web3 ended with status 1")


def test_of_a_kernels_line_in_a_text_it_is_said_what_it_is(why):
    line = (
        1,
        "kernel",
        "Out of memory: Killed process 7001 (framedd) total-vm:60000kB, anon-rss:39800kB, file-rss:0kB",
    )
    verdict, told = why("framedd", line)
    assert (verdict["cause"], verdict["confidence"]) == ("oom", "yes")
    assert PROOF in told


@pytest.mark.parametrize(("result", "sure"), [("oom-kill", "yes"), ("signal", "likely")])
def test_the_oom_killers_victim_may_not_be_the_main_process(why, result, sure):
    """Of another process of the unit in that second: whose main process it takes has the result oom-kill."""
    group = "/system.slice/webapp.service"
    lines = [
        f"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),oom_memcg={group},task_memcg={group},task=worker,pid=500,uid=0",
        "Memory cgroup out of memory: Killed process 500 (worker) total-vm:60000kB, anon-rss:39800kB, file-rss:0kB",
    ]
    verdict, _ = why("webapp", *((1, "kernel", one) for one in lines), systemd(1, EXIT), systemd(1, f"{UNIT}Failed with result '{result}'."))  # fmt: skip
    assert (verdict["cause"], verdict["confidence"]) == ("oom", sure)


SENDING = (
    'sending %s to process 500 uid 0 "webapp": oom_score 812, VmRSS 3120 MiB, cmdline "webapp"'
)
DRY_RUN = "dryrun, not actually sending any signal"


@pytest.mark.parametrize(
    "lines",
    [
        [(1, "earlyoom[7]", SENDING % "SIGKILL"), (1, "earlyoom[7]", "kill failed: Operation not permitted")],
        [(1, "earlyoom[7]", SENDING % "SIGKILL"), (1, "earlyoom[7]", DRY_RUN)],
        [systemd(1, f"{UNIT}Killing process 500 (webapp) with signal SIGKILL."),
         systemd(1, f"{UNIT}Failed to kill main process 500 (webapp), ignoring: No such process")],
    ],
    ids=["refused", "a dry run", "gone"],
)  # fmt: skip
def test_a_kill_that_failed_has_ended_nobody(why, lines):
    other = 1, "earlyoom[7]", (SENDING % "SIGKILL").replace("500", "501")
    assert why("webapp", other, *lines)[0]["process"]["pid"] == 501
    ended = systemd(2, "Child 500 (webapp) died (code=killed, status=9/KILL)")
    verdict, _ = why("500", *lines, ended)
    assert (verdict["cause"], verdict.get("who")) == ("unknown", None)


@pytest.mark.parametrize(
    ("words", "status", "sure"),
    [("SIGTERM", "15/TERM", "yes"), ("SIGKILL", "9/KILL", "yes"), ("SIGTERM", "9/KILL", "likely")],
)
def test_a_guard_that_said_sigterm_has_not_told_of_sigkill(why, words, status, sure):
    ended = systemd(20, f"Child 500 (webapp) died (code=killed, status={status})")
    verdict, _ = why("500", (1 if "TERM" in words else 19, "earlyoom[7]", SENDING % words), ended)
    assert (verdict["cause"], verdict["confidence"]) == ("user oom killer", sure)


def test_whom_a_guard_has_marked_it_has_not_killed_yet(why):
    group = "/system.slice/webapp.service"
    marked = f"Marked {group} for killing due to memory pressure for /system.slice being 92.10% > 60.00% for > 30s with reclaim activity"
    verdict, _ = why("webapp", (1, "systemd-oomd[7]", marked), systemd(9, EXIT))
    assert (verdict["cause"], verdict["confidence"]) == ("user oom killer", "likely")


def test_nor_was_it_sent_that(tmp_path, capsys):
    log = tmp_path / "messages"
    lines = [SENDING % "SIGKILL", DRY_RUN]
    log.write_text("".join(f"Nov 20 12:00:01 web3 earlyoom[7]: {line}\n" for line in lines))
    assert cli.main(["why", "--year", "2026", "500", str(log)]) == 3
    assert "SIGKILL" not in "".join(capsys.readouterr())
