"""Login sessions that end: the line is cut, or the session is terminated."""

import subprocess
from pathlib import Path

import pytest
from traced import is_signal, tracing

SSH = "ssh -tt -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
REMOTE = "echo $$ $XDG_SESSION_ID; exec sleep 3600"


@pytest.fixture
def login(tmp_path):
    """Log in over ssh on loopback; returns the client, the pid of the remote command, its session."""
    key, allowed = tmp_path / "key", Path("/root/.ssh/authorized_keys")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    before = allowed.read_text() if allowed.exists() else None
    allowed.parent.mkdir(mode=0o700, exist_ok=True)
    allowed.write_text((before or "") + Path(f"{key}.pub").read_text())
    client = subprocess.Popen(
        [*SSH.split(), "-i", str(key), "root@127.0.0.1", REMOTE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    words = client.stdout.readline().split()
    yield client, int(words[0]), words[1]
    client.kill()
    client.wait()
    if before is None:
        allowed.unlink()
    else:
        allowed.write_text(before)


def test_a_cut_line_hangs_up(login):
    client, remote, _ = login
    with tracing("--to", str(remote)) as trace:
        client.kill()
        death = trace.death_of(remote)
    hangup = trace.signal("SIGHUP", to=remote)
    assert hangup["origin"] == "tty"
    assert death["cause"] == hangup["id"]


def test_a_terminated_session_is_told_by_systemd(login):
    _, remote, session = login
    with tracing("--to", str(remote)) as trace:
        subprocess.run(["loginctl", "terminate-session", session], check=True)
        death = trace.death_of(remote)
    first = next(filter(is_signal, trace.events))
    assert first["sender"]["pid"] == 1
    assert first["target"]["unit"] == f"session-{session}.scope"
    assert death["cause"] == first["id"]
