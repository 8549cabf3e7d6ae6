"""The outage that sigtrace began with, and the real service that it befell: salt-minion, from PyPI.

Its parent forwards SIGTERM and waits for the child; the child asks every five seconds with signal 0
whether its parent lives, and leaves with status 1 when it does not (minion_process(), salt/scripts.py). A
minion at work outlasts the stop timeout, and systemd kills the parent alone (KillMode=process).
"""

import subprocess
from pathlib import Path

import pytest
from traced import tracing
from units import children_of, clean, run, systemctl, until

BIN = Path("/opt/salt/bin")
MINUTES = 10  # Under emulation it takes one or two until master and minion have found each other.
SLOW = (
    120  # seconds that an emulated master may take for an answer; else a minion asks anew, for ever
)
MASTER, MINION = "sigtrace-salt-master.service", "sigtrace-salt-minion.service"
pytestmark = pytest.mark.skipif(
    not BIN.exists(),
    reason="the box is without salt: make vm-test, without QUICK, builds one",
)


@pytest.fixture
def minion(tmp_path):
    """A minion at work for its master; gives its parent process and its child."""
    common = f"user: root\nroot_dir: {tmp_path}\n"
    (tmp_path / "master").write_text(
        f"{common}interface: 127.0.0.1\nauto_accept: True\nworker_threads: 1\n"
        f"pki_dir: {tmp_path}/pki/master\n"
    )
    (tmp_path / "minion").write_text(
        f"{common}master: 127.0.0.1\nid: one\npki_dir: {tmp_path}/pki\n"
        f"auth_timeout: {SLOW}\nrequest_channel_timeout: {SLOW}\n"
    )
    run(MASTER, (), BIN / "salt-master", "-c", tmp_path)
    run(MINION, ("KillMode=process", "TimeoutStopSec=2"), BIN / "salt-minion", "-c", tmp_path)
    salt = [str(BIN / "salt"), "-c", str(tmp_path), "--async", "one", "test.sleep", "600"]
    try:
        parent = int(systemctl("show", "--value", "--property", "MainPID", MINION))

        def at_work():
            """The child, once a job is its child; nobody tells when a minion is ready to take one."""
            subprocess.run(salt, capture_output=True, check=False)
            return [child for child in children_of(parent) if children_of(child)]

        # To ask costs an emulated machine half a minute: not before the two know each other.
        until((tmp_path / "pki/master/minions/one").exists, MINUTES * 60)
        (child,) = until(at_work, MINUTES * 60)
        yield parent, child
    finally:
        clean(MINION)
        clean(MASTER)


def test_a_stopped_minion_leaves_a_child_that_finds_its_parent_gone(minion):
    parent, child = minion
    options = ("--probes", "--failed", "--from", str(parent), "--from", str(child), "--from", "1")
    with tracing(*options) as trace:
        systemctl("stop", MINION)
        end = trace.death_of(child)
    assert systemctl("show", "--value", "--property", "Result", MINION) == "timeout"
    asked = trace.signal("SIGTERM", to=parent)
    assert (asked["sender"]["pid"], asked["target"]["unit"]) == (1, MINION)
    assert trace.signal("SIGTERM", to=child)["sender"]["pid"] == parent
    kill = trace.signal("SIGKILL", to=parent)
    assert kill["sender"]["pid"] == 1
    assert kill["escalates"]["signal"]["name"] == "SIGTERM"
    assert trace.death_of(parent)["cause"] == kill["id"]
    assert "SIGKILL" not in trace.names_to(child)
    probes = [e for e in trace.events if e["event"] in ("probe", "failed") and e["asked"] == parent]
    assert probes[-1]["error"] == "ESRCH"
    assert probes[-1]["sender"]["pid"] == child
    assert end["status"] == 1
    assert "signal" not in end
