"""How often the same came before: by the same cause and sender. What else the program died of is told apart."""

from __future__ import annotations

import json

from told import NOON, PKILL, SYSTEMD, UNIT, WEBAPP, S, died, exited, said, sent

from tracer import cli
from tracer.model.event import Process
from tracer.model.frozen import replace
from tracer.model.spelling import to_object
from tracer.why import ask
from tracer.why.words import labels

KILLER, BASH = replace(PKILL, pid=992), Process(77, comm=b"bash", uid=0)
PIDS = iter(range(5000, 1_000_000))


def death(seconds, name="KILL", sender=PKILL, **more):
    """Another run of the same program, and what ended it."""
    target = replace(WEBAPP, pid=next(PIDS))
    cause = f"s{seconds}"
    return [
        sent(seconds, name, sender, target, **more),
        died(seconds + 0.001, name, target, cause=cause),
    ]


def oom(seconds):
    return death(seconds, sender=None, origin="oom")


def ended(seconds, status):
    return [exited(seconds, status, replace(WEBAPP, pid=next(PIDS)))]


def explained(*events, what=b"webapp"):
    heard = ask.Heard(sorted((one for some in events for one in some), key=lambda one: one.time))
    (verdict,) = ask.answer(heard, [], what).verdicts
    return verdict


def told(verdict):
    return dict(labels(verdict, 0))


def test_the_same_by_the_same():
    """A killer is the same program, whatever its pid."""
    verdict = explained(death(0, sender=KILLER), death(20), death(40))
    assert (
        told(verdict)["again"]
        == "3rd time: 12:00:00, 12:00:20, 12:00:40, with this command each time"
    )
    assert "before" not in told(verdict)


def test_many_have_a_rhythm():
    verdict = explained(*(death(20 * n) for n in range(5)))
    assert (verdict.again.count, verdict.again.every) == (5, 20 * S)
    assert (
        told(verdict)["again"] == "5 times since 12:00:00, every 20 s, with this command each time"
    )
    assert explained(*(death(second) for second in (1, 2, 50, 300))).again.every is None


def test_what_others_did_is_no_repeat():
    """One that died of SIGKILL by the OOM killer, by bash and by pkill died of three causes, and not thrice of one."""
    verdict = explained(
        oom(0), oom(10), death(20, sender=BASH), ended(30, 3), death(40), death(60)
    )  # fmt: skip
    assert told(verdict)["again"] == "2nd time: 12:00:40, 12:01:00, with this command both times"
    assert told(verdict)["before"] == (
        "4 earlier deaths were otherwise: 2 × the OOM killer, 1 × exit with status 3, 1 × SIGKILL by bash"
    )
    made = to_object(verdict)
    assert made["again"]["count"] == 2
    assert [(one["count"], one["cause"], one.get("by")) for one in made["otherwise"]] == [
        (2, "oom", None),
        (1, "exit", None),
        (1, "killed", "bash"),
    ]


def test_what_others_did_alone_is_no_repeat_either():
    verdict = explained(oom(0), death(60))
    assert verdict.again is None
    assert told(verdict)["before"] == ("1 earlier death was otherwise: the OOM killer")


def test_what_came_later_is_none():
    heard = ask.Heard([*death(0), *oom(10)])
    (verdict,) = ask.answer(heard, [], b"webapp", at=NOON).verdicts
    assert (verdict.again, verdict.otherwise) == (None, ())


def test_who_was_killed_with_it_is_no_repeat():
    """A manager kills the main process, then what is left of the unit."""
    main, worker = (replace(WEBAPP, pid=next(PIDS)) for _ in "12")
    events = [
        sent(0, "TERM", SYSTEMD, main, outcome="handled"), sent(90, "KILL", SYSTEMD, worker),
        died(90.1, "KILL", worker, cause="s90"), sent(90.2, "KILL", SYSTEMD, main),
        died(90.3, "KILL", main, cause="s90.2"), said(90.2, "stop timeout", Process(unit=UNIT)),
    ]  # fmt: skip
    verdict = explained(events)
    assert [one.pid for one in verdict.left] == [worker.pid]
    assert (verdict.again, verdict.otherwise) == (None, ())


def test_too_many_are_compared_by_their_signal_alone(monkeypatch):
    monkeypatch.setattr(ask, "LOOKS_MAX", 100)
    verdict = explained(*(oom(3 * n) for n in range(3)), *(death(9 + 3 * n) for n in range(97)))
    assert verdict.again.count == 100
    assert 0 < verdict.again.not_judged < 100
    assert told(verdict)["again"].endswith(
        f"every 3 s; of the earliest {verdict.again.not_judged} the signal or status alone was compared"
    )


def test_times_of_another_day_have_their_date():
    verdict = explained(death(-86_400), death(0))
    assert (
        told(verdict)["again"]
        == "2nd time: 2026-11-26 12:00:00, 12:00:00, with this command both times"
    )


def test_a_recording_of_days(tmp_path, capsys):
    """Of what is far from the death as much is read as it takes to judge it."""
    days = [one for n in range(3) for one in (*oom(7200 * n), *death(7200 * n + 3600))]
    path = tmp_path / "recording.jsonl"
    path.write_text("".join(json.dumps(to_object(one)) + "\n" for one in days))
    assert cli.main(["why", "--json", "webapp", str(path)]) == 0
    verdict = json.loads(capsys.readouterr().out)
    assert verdict["again"]["count"] == 3
    assert [(one["count"], one["cause"]) for one in verdict["otherwise"]] == [(3, "oom")]


def test_a_crash_loop_is_called_so():
    crashes = [death(3 * n, "SEGV", sender=None, origin="fault") for n in range(9)]
    assert told(explained(*crashes))["again"] == ("9 times since 12:00:00, every 3 s: a crash loop")


def test_with_which_command_is_told_where_it_was_the_same_each_time():
    other = replace(PKILL, argv=(b"pkill", b"-9", b"webapp", b"-x"))
    assert explained(death(0), death(20), death(40)).again.same_command
    assert not explained(death(0, sender=other), death(20), death(40)).again.same_command
    assert not explained(oom(0), oom(10)).again.same_command
