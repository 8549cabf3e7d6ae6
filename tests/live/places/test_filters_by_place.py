"""--unit, --container, --user, --children-of: where an end lives, read off its real cgroup."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from pathlib import Path

import pytest
from harness import is_signal
from oracle import children_of, status_of
from scene import assert_death

pytestmark = pytest.mark.sources("core", reason="cgroups and parents are caught by CO-RE alone")
TERM = signal.SIGTERM
IGNORES = "trap '' TERM; echo ready; read x"
DIES = "echo ready; read x"


def start(code=IGNORES, **settings):
    child = subprocess.Popen(
        ["sh", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **settings
    )
    assert child.stdout.readline() == b"ready\n"
    return child


def targets(running, last, *children):
    """The pids of these that were shown; ``last`` is sent to last and is certainly shown."""
    running.signal_to(last, "SIGTERM")
    running.end()
    mine = {child.pid for child in children}
    return {e["target"]["pid"] for e in running.events if is_signal(e)} & mine


def finish(*children):
    for child in children:
        child.communicate()


# What systemd, docker, podman and Kubernetes name their cgroups, with an id and a stem of our own.
ID = uuid.uuid4().hex * 2
POD = str(uuid.uuid4())
STEM = f"sigtrace-test-{os.getpid()}"
PLACES = {
    "service": (f"{STEM}.slice/{STEM}.service", {"unit": f"{STEM}.service"}),
    "docker with systemd": (
        f"{STEM}.slice/docker-{ID}.scope",
        {"unit": f"docker-{ID}.scope", "container": ID},
    ),
    "docker with cgroupfs": (f"{STEM}/docker/{ID}", {"container": ID}),
    "podman": (
        f"{STEM}.slice/libpod-{ID}.scope/container",
        {"unit": f"libpod-{ID}.scope", "container": ID},
    ),
    "containerd in kubernetes": (
        f"{STEM}.slice/kubepods-pod{POD.replace('-', '_')}.slice/cri-containerd-{ID}.scope",
        {"unit": f"cri-containerd-{ID}.scope", "container": ID, "pod": POD},
    ),
    "CRI-O": (
        f"{STEM}/kubepods/burstable/pod{POD}/crio-{ID}",
        {"container": ID, "pod": POD},
    ),
}


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("controller", ["pids", "v2"])
def test_where_it_lives(kind, controller, trace, cgroup):
    """The oracle is /proc/PID/cgroup; the filter takes both ends, names and beginnings of ids."""
    name, place = PLACES[kind]
    home = cgroup(controller, name)
    inside, outside = start(preexec_fn=home.enter), start()
    with open(f"/proc/{inside.pid}/cgroup") as file:
        assert any(line.rstrip().endswith(":" + home.path) for line in file)
    options = []
    if "container" in place:
        options.append(("--container", ID[:12]))
    if "pod" in place:
        options.append(("--container", POD))
    if kind == "service":
        options += [("--unit", STEM), ("--unit", f"{STEM}.service"), ("--unit", f"{STEM}*")]
    for option in options:
        running = trace("--signal", "TERM", *option)
        for child in (outside, inside):
            os.kill(child.pid, TERM)
        event = running.signal_to(inside.pid, "SIGTERM")
        assert event["target"]["cgroup"] == home.path
        found = {key: event["target"].get(key) for key in ("unit", "container", "pod")}
        assert {key: value for key, value in found.items() if value} == place
        assert event["sender"]["cgroup"] != home.path
        assert targets(running, inside.pid, inside, outside) == {inside.pid}
    # The same end as a sender, and the filter turned round.
    running = trace("--signal", "TERM", *options[0], "--from", "sh")
    with subprocess.Popen(
        ["sh", "-c", f"kill -TERM {outside.pid}; exit 0"], preexec_fn=home.enter
    ) as sender:
        sender.wait()
    event = running.signal_to(outside.pid, "SIGTERM")
    assert event["sender"]["pid"] == sender.pid
    assert {key: event["sender"].get(key) for key in place} == place
    running.end()
    running = trace("--signal", "TERM", options[0][0], f"!{options[0][1]}")
    for child in (inside, outside):
        os.kill(child.pid, TERM)
    assert targets(running, outside.pid, inside, outside) == {outside.pid}
    finish(inside, outside)


def test_a_death_in_a_container_is_shown_with_it(trace, cgroup):
    home = cgroup("pids", f"{STEM}.slice/docker-{ID}.scope")
    inside = start(DIES, preexec_fn=home.enter)
    running = trace("--signal", "TERM", "--container", ID)
    os.kill(inside.pid, TERM)
    event = running.signal_to(inside.pid, "SIGTERM")
    end = assert_death(running, event, inside.wait())
    assert end["process"]["container"] == ID
    running.end()
    finish(inside)


@pytest.fixture
def runtime(tmp_path):
    """Makes folders and files that a container's runtime would have, where this host has none; they go afterwards."""
    made = []

    def keep(path, text=None):
        path = Path(path)
        if any(Path(at).exists() for at in ("/var/lib/docker", "/run/docker")) and not made:
            pytest.skip("this host has docker, whose folders are not for tests")
        missing = [at for at in (path, *path.parents) if not at.exists()]
        made.extend(missing)
        path.mkdir(parents=True) if text is None else path.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            path.write_text(text)

    yield keep
    for path in sorted(made, key=lambda at: len(at.parts), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def test_a_container_by_the_name_that_its_runtime_keeps(trace, cgroup, runtime):
    """The files are root's, and root is given up: they were read before."""
    runtime(f"/var/lib/docker/containers/{ID}/config.v2.json", '{"Name": "/orders-web"}')
    home = cgroup("pids", f"{STEM}.slice/docker-{ID}.scope")
    inside, outside = start(preexec_fn=home.enter), start()
    running = trace("--signal", "TERM", "--container", "orders-*")
    for child in (outside, inside):
        os.kill(child.pid, TERM)
    event = running.signal_to(inside.pid, "SIGTERM")
    assert event["target"]["container"] == ID
    assert event["target"]["container_name"] == "orders-web"
    assert targets(running, inside.pid, inside, outside) == {inside.pid}
    finish(inside, outside)


def test_else_by_what_it_calls_itself(trace, cgroup, runtime):
    runtime("/run/docker")
    home = cgroup("pids", f"{STEM}.slice/docker-{ID}.scope")
    first = subprocess.Popen(
        ["unshare", "--pid", "--fork", "sh", "-c", IGNORES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=home.enter,
        env={**os.environ, "HOSTNAME": "orders-7f9c"},
    )
    assert first.stdout.readline() == b"ready\n"
    (pid,) = children_of(first.pid)
    running = trace("--signal", "TERM", "--container", "orders-7f9c")
    os.kill(pid, TERM)
    event = running.signal_to(pid, "SIGTERM")
    assert event["target"]["container_name"] == "orders-7f9c"
    running.end()
    finish(first)


def test_by_user(trace):
    ours, nobodys = start(), start(user="nobody")
    assert status_of(nobodys.pid)["Uid"].split()[0] == "65534"
    for option, seen in (("nobody", nobodys), ("65534", nobodys), ("!nobody", ours)):
        running = trace("--signal", "TERM", "--user", option)
        for child in (ours, nobodys) if seen is nobodys else (nobodys, ours):
            os.kill(child.pid, TERM)
        assert targets(running, seen.pid, ours, nobodys) == {seen.pid}
    running = trace("--signal", "TERM", "--user", "nobody")
    sender = subprocess.Popen(["sh", "-c", f"kill -TERM {nobodys.pid}; exit 0"], user="nobody")
    assert sender.wait() == 0
    event = running.signal_to(nobodys.pid, "SIGTERM")
    assert (event["sender"]["user"], event["sender"]["uid"]) == ("nobody", 65534)
    assert event["target"]["user"] == "nobody"
    running.end()
    finish(ours, nobodys)


def test_children_of(trace):
    """Children and grandchildren, at either end; the parent itself is none of its children."""
    family = start("trap '' TERM; (sh -c 'trap \"\" TERM; echo ready; read x') ; :")
    (child,) = children_of(family.pid)
    grandchild = next(iter(children_of(child)), child)
    stranger = start()
    running = trace("--signal", "TERM", "--children-of", family.pid)
    for pid in (stranger.pid, family.pid, grandchild):
        os.kill(pid, TERM)
    event = running.signal_to(grandchild, "SIGTERM")
    assert family.pid in [step["pid"] for step in event["target"]["ancestors"]]
    running.end()
    shown = {e["target"]["pid"] for e in running.events if is_signal(e)}
    assert grandchild in shown
    assert not shown & {stranger.pid, family.pid}
    finish(family, stranger)


def test_children_of_as_senders(trace):
    target = start()
    running = trace("--signal", "TERM", "--children-of", os.getpid(), "--from", "sh")
    code = f"sh -c 'kill -TERM {target.pid}; exit 0'; exit 0"
    outer = subprocess.Popen(["sh", "-c", code])
    assert outer.wait() == 0
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["sender"]["ppid"] == outer.pid
    assert [step["pid"] for step in event["sender"]["ancestors"]][:2] == [outer.pid, os.getpid()]
    running.end()
    finish(target)
