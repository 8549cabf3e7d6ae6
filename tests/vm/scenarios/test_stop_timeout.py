"""A service that does not stop in time: who asked it, who killed it, and why."""

from traced import is_signal, tracing


def is_probe(event):
    return event["event"] in ("probe", "failed") and event["signal"]["number"] == 0


def test_systemd_asks_waits_and_kills(start):
    unit = start("stubborn", "TimeoutStopSec=2")
    with tracing("--unit", unit.name) as trace:
        unit.stop()
        death = trace.death_of(unit.pid)
    assert unit.show("Result") == "timeout"
    assert trace.names_to(unit.pid) == ["SIGTERM", "SIGCONT", "SIGKILL"]
    for event in filter(is_signal, trace.events):
        assert (event["sender"]["pid"], event["sender"]["comm"]) == (1, "systemd")
        assert event["target"]["unit"] == unit.name
    kill = trace.signal("SIGKILL", to=unit.pid)
    assert kill["escalates"]["signal"]["name"] == "SIGTERM"
    assert kill["escalates"]["after_ns"] >= 2_000_000_000
    assert death["cause"] == kill["id"]
    assert death["signal"]["name"] == "SIGKILL"


def test_a_child_that_probes_its_parent_leaves_when_it_is_killed(start):
    """Both sides of an outage: the stop that ran into the timeout, and the child left behind."""
    unit = start("outage", "TimeoutStopSec=2", "KillMode=process")
    parent, child = unit.pids()
    with tracing("--probes", "--failed", "--unit", unit.name) as trace:
        unit.stop()
        end = trace.death_of(child)
    assert unit.show("Result") == "timeout"
    assert trace.signal("SIGTERM", to=parent)["sender"]["pid"] == 1
    assert trace.signal("SIGTERM", to=child)["sender"]["pid"] == parent
    kill = trace.signal("SIGKILL", to=parent)
    assert kill["sender"]["pid"] == 1
    assert trace.death_of(parent)["cause"] == kill["id"]
    assert "SIGKILL" not in trace.names_to(child)
    probes = [e for e in trace.events if is_probe(e) and e["sender"]["pid"] == child]
    assert [probe.get("error") for probe in probes][-1] == "ESRCH"
    assert {probe.get("error") for probe in probes[:-1]} <= {None}
    assert {probe["asked"] for probe in probes} == {parent}
    assert end["status"] == 3
    assert "signal" not in end
