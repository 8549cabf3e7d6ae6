"""Deaths that systemd makes, told afterwards: from the journal alone, beside a live trace, and by `sigtrace why` with the
recording, without it, and from outside. Of what a unit ended systemd's own word is the oracle, and waitpid's is in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from asked import HIDDEN, HOST, OUTSIDE, why
from pressed import oomd_running, watch
from recorder import recorder_service
from sessions import logged_in
from traced import tracing
from units import SECONDS, Unit, systemctl, until

ROOT = Path(__file__).parents[3]


@dataclass
class Death:
    """Who died: of a unit the main process, unless ``main`` is false. ``result`` is systemd's word for it."""

    pid: int
    unit: str
    main: bool = True
    result: str = ""
    status: str = ""


@dataclass
class Scene:
    """What is played, and what is right to say of it: the signal, the statement that the journal has, the cause and who
    sent the signal with a recording, and what may be said without one (None: that nothing is known of any death)."""

    play: object
    number: str
    result: str
    statement: str
    cause: str
    sender: str | None
    hidden: tuple[str | None, ...]


def stop_timeout(stack):
    unit = begun(stack, "stubborn", "TimeoutStopSec=2", name="told-stop-timeout")
    unit.stop()
    return of_main(unit)


def watchdog(stack):
    unit = begun(stack, "plain", "WatchdogSec=3", name="told-watchdog")
    return of_main(unit)


def memory_limit(stack):
    unit = begun(stack, "hungry", "MemoryMax=40M", "MemorySwapMax=0", name="told-memory")
    os.kill(unit.pid, signal.SIGUSR1)
    return of_main(unit)


def oomd(stack):
    stack.enter_context(oomd_running())
    limits = ("MemoryHigh=24M", "MemorySwapMax=0", f"Slice={SLICE}")
    unit = begun(stack, "thrashing", *limits, name="told-oomd")
    watch(SLICE)
    os.kill(unit.pid, signal.SIGUSR1)
    return of_main(unit, PRESSURE_SECONDS)


def kill_mode(stack):
    """Of KillMode=mixed: the main process is asked to end, what is left of the others is killed."""
    unit = begun(stack, "plain", "KillMode=mixed", name="told-mixed")
    (child,) = unit.pids()[1:]
    unit.stop()
    return Death(child, unit.name, main=False)


def stopped(stack):
    """systemd forgets a transient unit that ended well: there is no oracle but its words in the journal."""
    unit = begun(stack, "plain", name="told-stopped")
    unit.stop()
    return Death(unit.pid, unit.name)


def client_kill(stack):
    unit = begun(stack, "plain", name="told-client")
    systemctl("kill", "--signal=KILL", "--kill-who=main", unit.name)
    return of_main(unit)


def somebody(stack):
    unit = begun(stack, "plain", name="told-somebody")
    os.kill(unit.pid, signal.SIGKILL)
    return of_main(unit)


def logout(stack):
    _, remote, session = stack.enter_context(logged_in())
    subprocess.run(["loginctl", "terminate-session", session], check=True)
    return Death(remote, f"session-{session}.scope", main=False)


# systemd-oomd kills for pressure over time, which comes late on a slow machine.
PRESSURE_SECONDS = 300
SLICE = "sigtrace-told.slice"
OURS = Path("/proc/self/comm").read_text().strip()
SCENES = {
    "stop timeout": Scene(
        stop_timeout, "SIGKILL", "timeout", "stop timeout", "stop timeout", "systemd",
        ("stop timeout",),
    ),
    "watchdog": Scene(
        watchdog, "SIGABRT", "watchdog", "watchdog", "watchdog", "systemd", ("watchdog",)
    ),
    "MemoryMax": Scene(memory_limit, "SIGKILL", "oom-kill", "oom report", "oom", None, ("oom",)),
    "oomd": Scene(
        oomd, "SIGKILL", "oom-kill", "oom kill", "user oom killer", "systemd-oomd",
        ("user oom killer",),
    ),
    "kill mode": Scene(
        kill_mode, "SIGKILL", "", "kills", "stop", "systemd", ("stop", "killed", "unknown", None)
    ),
    "stop": Scene(stopped, "SIGTERM", "", "stop asked", "stop", "systemd", ("stop",)),
    "client kill": Scene(
        client_kill, "SIGKILL", "signal", "killed on client request", "killed", "systemd",
        ("killed",),
    ),
    "somebody": Scene(
        somebody, "SIGKILL", "signal", "unit failed", "killed", OURS, ("killed", "unknown")
    ),
    "logout": Scene(
        logout, "SIGTERM", "", "stop asked", "session end", "systemd", ("session end", None)
    ),
}  # fmt: skip
NAMES = pytest.mark.parametrize("name", SCENES)


def begun(stack, program, *properties, name):
    unit = Unit(program, *properties, name=f"sigtrace-{name}.service")
    stack.callback(unit.clean)
    return unit


def of_main(unit, seconds=SECONDS):
    until(lambda: unit.show("ExecMainCode") not in ("", "0"), seconds)
    return Death(unit.pid, unit.name, True, unit.show("Result"), unit.show("ExecMainStatus"))


class Played:
    """All scenes, and what a live trace has shown of them."""

    def __init__(self, stack, folder):
        self.since = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
        self.trace = folder / "trace.json"
        self._deaths, self._failed = {}, {}
        with tracing() as trace:
            for name, scene in SCENES.items():
                with ExitStack() as own:
                    try:
                        self._deaths[name] = scene.play(own)
                        trace.death_of(self._deaths[name].pid)
                    except (AssertionError, OSError) as error:  # Then the others are still told.
                        self._failed[name] = error
        self.trace.write_text("".join(json.dumps(event) + "\n" for event in trace.events))
        systemctl("stop", "sigtrace-record")  # What it has is in the recording then.
        subprocess.run(["journalctl", "--sync"], check=True)
        self.alone = self.replay()
        self.merged = self.replay(str(self.trace))

    def death(self, name):
        if name in self._failed:
            raise self._failed[name]
        return self._deaths[name]

    def replay(self, *beside):
        command = [
            sys.executable,
            "-m",
            "tracer",
            "replay",
            "--json",
            "--all",
            "--since",
            self.since,
        ]
        run = subprocess.run(
            [*command, "/var/log/journal", *beside],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        return [json.loads(line) for line in run.stdout.splitlines()]


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    with ExitStack() as stack:
        stack.enter_context(recorder_service())
        yield Played(stack, tmp_path_factory.mktemp("told"))


def is_of(event, death):
    about = event.get("about", {})
    return death.unit == about.get("unit") or death.pid == about.get("pid")


@NAMES
def test_the_oracle(played, name):
    death, scene = played.death(name), SCENES[name]
    assert death.result == scene.result
    if scene.result:
        assert death.status == str(int(signal.Signals[scene.number]))


@NAMES
def test_the_journal_alone_tells_it(played, name):
    death, scene = played.death(name), SCENES[name]
    said = [e["what"] for e in played.alone if e["event"] == "statement" and is_of(e, death)]
    signals = [e for e in played.alone if e["event"] == "signal" and is_to(e, death)]
    assert scene.statement in said or signals, said
    ends = [e for e in played.alone if e["event"] == "exit" and ends_it(e, death)]
    if scene.result:
        (end,) = ends
        assert end["signal"]["name"] == scene.number
    assert all(e["signal"]["name"] == scene.number for e in ends)


@NAMES
def test_beside_a_live_trace_it_is_one_death(played, name):
    death, scene = played.death(name), SCENES[name]
    (end,) = [e for e in played.merged if e["event"] == "exit" and ends_it(e, death)]
    assert end["process"]["pid"] == death.pid
    assert end["signal"]["name"] == scene.number
    named = [e for e in played.merged if e["event"] == "signal" and e["id"] == end["cause"]]
    (sent,) = [e for e in named if is_to(e, death)]  # Of one call several may be the targets.
    assert sent.get("sender", {}).get("comm") == scene.sender or scene.sender is None
    if scene.result:
        assert len(end["places"]) > 1, end


def is_to(event, death):
    return event.get("target", {}).get("pid") == death.pid


def ends_it(event, death):
    process = event["process"]
    if "pid" in process:
        return process["pid"] == death.pid
    return death.main and process.get("unit") == death.unit


@NAMES
@pytest.mark.parametrize("sight", [HOST, OUTSIDE, HIDDEN], ids=lambda sight: sight.name)
def test_why(played, name, sight):
    death, scene = played.death(name), SCENES[name]
    # A journal alone has no pid of most of them.
    by_unit = sight is HIDDEN and death.main
    verdict = why(sight, death.unit if by_unit else str(death.pid), "--since", played.since)
    who = verdict and verdict.get("who", {}).get("sender", {}).get("comm")
    if sight is HIDDEN:
        assert (verdict and verdict["cause"]) in scene.hidden
        # The journal knows what systemd did; of others what the recorder told it.
        assert who in (None, scene.sender)
        return
    assert (verdict["cause"], verdict["confidence"]) == (scene.cause, "yes")
    assert verdict["process"]["pid"] == death.pid
    assert verdict["signal"]["name"] == scene.number
    assert who == scene.sender
