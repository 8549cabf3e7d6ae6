"""However it ends, and whatever it is made of: nothing stays loaded, and one is told why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness import PATIENCE, ROOT, bpf_programs, writing_to
from oracle import until

from tracer.sources.core import opening as bpf_object


@pytest.mark.sources("core", "bcc", reason="audit loads nothing")
def test_killed_without_mercy_it_leaves_nothing_loaded(trace):
    before = bpf_programs()
    run = trace("--signal", "64")
    run.process.send_signal(signal.SIGKILL)
    assert run.process.wait() == -signal.SIGKILL
    if before is not None:
        # The kernel frees a program some time after its last holder is gone, and nothing tells when.
        until(lambda: not {name for name in bpf_programs() - before if ":on_" in name})


@pytest.mark.sources("core", "bcc", reason="a storm of records is the ring's")
def test_a_reader_that_leaves_in_the_middle_of_a_storm(storm_lock, source, program):
    read, write = os.pipe()
    with writing_to(write, source, "--bare", "--signal", 51) as run:
        os.close(write)
        with subprocess.Popen([program("storm"), "300000", "51"], stdout=subprocess.PIPE) as storm:
            with os.fdopen(read) as lines:
                assert all(lines.readline().startswith('{"v": 1') for _ in range(5))
            assert run.wait(PATIENCE) == 0
            said = run.stderr.read().decode()
            storm.wait()
            storm.stdout.read()
    assert "Traceback" not in said
    assert "shown" in said.splitlines()[-1]


@pytest.fixture
def endless_storm(storm_lock, program):
    """Two senders that nothing paces, which go on until the test is over: more than any reader can follow."""
    command = [program("storm"), "1000000000", "51"]
    senders = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        for _ in range(2)
    ]
    yield
    for sender in senders:
        assert sender.poll() is None, "the storm was over too soon: the test has lost its point"
        os.killpg(sender.pid, signal.SIGKILL)
        sender.wait()


@pytest.mark.parametrize(
    ("asked", "options"),
    [
        (signal.SIGINT, []),
        (signal.SIGTERM, []),
        (None, ["--duration", "1s"]),
        (None, ["--count", "10"]),
    ],
)
@pytest.mark.sources("core", "bcc", reason="a storm of records is the ring's")
def test_it_ends_while_a_storm_goes_on(asked, options, source, endless_storm):
    with (
        open(os.devnull, "w") as nowhere,
        writing_to(nowhere, source, "--signal", 51, *options) as run,
    ):
        if asked:
            run.send_signal(asked)
        assert run.wait(PATIENCE) == 0
        assert "shown" in run.stderr.read().decode().splitlines()[-1]


def test_a_full_disk_is_told(source, victim):
    target = victim("ignore")
    with open("/dev/full", "w") as full, writing_to(full, source, "--to", target.pid) as run:
        target.send(signal.SIGTERM)
        assert run.wait(PATIENCE) == 2
        said = run.stderr.read().decode()
    assert "Traceback" not in said
    assert "no space left" in said
    assert [line.split(":")[0].strip() for line in said.splitlines()][-3:] == [
        "sigtrace",
        "why",
        "try",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to put another file in its place")
@pytest.mark.parametrize("what", ["not an object", "half of it", "another object"])
def test_an_object_that_is_none(what, tmp_path, program):
    """A mount namespace has another file in the place of tracer/sigtrace.bpf.o."""
    real = Path(bpf_object.OBJECT)
    other = tmp_path / "other.o"
    whole = real.read_bytes()
    other.write_bytes(
        {
            "not an object": b"#!/bin/sh\n",
            "half of it": whole[: len(whole) // 2],
            "another object": Path(program("storm")).read_bytes(),
        }[what]
    )
    mounts = [f"mount --bind {other} {part}" for part in (real, *bpf_object.PARTS[1:])]
    script = " && ".join([*mounts, 'exec "$@"'])
    words = ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, "-m", "tracer"]
    done = subprocess.run(
        [*words, "--source", "core", "-d", "1s"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    lines = done.stderr.splitlines()
    assert [line.split(":")[0].strip() for line in lines] == ["sigtrace", "why", "try"]
    assert "Traceback" not in done.stderr
    assert "make build" in lines[-1]
    assert "Unknown error" not in done.stderr
