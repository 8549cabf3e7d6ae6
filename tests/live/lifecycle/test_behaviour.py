"""How it starts and stops, what it loses and says so, what it gives up."""

from __future__ import annotations

import fcntl
import os
import pwd
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from features import knows
from harness import PATIENCE, ROOT, Trace, bpf_programs, left_loaded, writing_to
from oracle import status_of, until

from tracer.sources.core import opening as bpf_object

LIVE_SOURCES = ("core", "bcc", "audit")
pytestmark = pytest.mark.sources(*LIVE_SOURCES)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_shows_everything_that_was_traced(number, trace, victim):
    target = victim("ignore")
    before = bpf_programs()
    running = trace("--to", target.pid)
    for _ in range(100):
        target.send(signal.SIGTERM)
    running.end(number)
    assert running.status == 0
    assert len(running.to(target.pid)) == 100
    assert "100 signals shown, 0 lost" in running.said
    assert not left_loaded(before)


@pytest.mark.sources("core", reason="only core reads the sender's registers")
def test_a_kernel_that_cannot_show_calls_says_so(trace):
    running = trace("--failed")
    running.end()
    assert ("none will show" in running.said) is not knows("the sender's call")


def test_nohup_is_heeded(trace, victim):
    target = victim("ignore", signal.SIGUSR1)
    running = trace("--to", target.pid, prefix=("nohup",))
    os.kill(running.pid, signal.SIGHUP)
    target.be_sent(signal.SIGUSR1)
    running.signal_to(target.pid, "SIGUSR1")
    running.stop()


def test_count_stops_by_itself_and_still_shows_the_death(trace, victim):
    first, second = victim("die"), victim("ignore")
    running = trace("--count", 1, "--signal", "KILL,TERM", "--to", first.pid, "--to", second.pid)
    first.send(signal.SIGKILL)
    second.send(signal.SIGTERM)
    running.finish()
    assert running.status == 0
    assert [e["event"] for e in running.events][:1] == ["signal"]
    assert not running.to(second.pid)
    assert "1 signal shown" in running.said


def test_duration_stops_by_itself(trace):
    running = trace("--duration", "300ms", "--signal", "64")
    running.finish()
    assert running.status == 0
    assert "0 signals shown" in running.said


def test_a_closed_pipe_ends_it_at_once(source, victim):
    """``| head -1``: after the reader is gone no further signal is needed to notice."""
    target = victim("ignore")
    command = f"exec {sys.executable} -m tracer --source {source} --to {target.pid}"
    with subprocess.Popen(
        ["bash", "-c", f"{command} | head -n 1; exit ${{PIPESTATUS[0]}}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as pipe:
        assert b"UTC" in pipe.stdout.readline()
        assert pipe.wait(PATIENCE) == 0
        assert b"Traceback" not in pipe.stderr.read()


@pytest.mark.sources("core", "bcc", reason="audit's queue is the kernel's, not ours")
def test_what_is_lost_is_counted_to_the_last(storm_lock, trace, program):
    """kept + lost = sent, and the losses stand in the stream."""
    sent = 200_000
    running = trace("--buffer", "64K", "--signal", "51", "--bare")
    done = subprocess.run(
        [program("storm"), str(sent), "51"], capture_output=True, text=True, check=True
    )
    target = int(done.stdout)
    events = running.end()
    kept = len(running.to(target))
    losses = [event for event in events if event["event"] == "loss"]
    assert kept + sum(event["count"] for event in losses) == sent
    assert losses, "a ring of 64 KiB holds no storm: the test has lost its point"
    assert any(event["event"] == "signal" for event in events[events.index(losses[0]) :])
    assert f"{sent - kept:,} signals lost" in running.said
    assert "--buffer" in running.said


@pytest.mark.sources("core", "bcc", reason="audit needs its capability to read")
def test_root_is_given_up(trace):
    running = trace("-v", "--signal", "64")
    status = status_of(running.pid)
    uid = int(status["Uid"].split()[0])
    assert status["Uid"].split() == [str(uid)] * 4
    assert uid
    for field in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"):
        assert int(status[field], 16) == 0, field
    assert status["NoNewPrivs"] == "1"
    running.end()
    assert "gave up root" in running.said


def test_system_calls_are_given_up(trace):
    running = trace("-v", "--signal", "64")
    is_known = os.uname().machine in ("x86_64", "aarch64")
    assert status_of(running.pid)["Seccomp"] == ("2" if is_known else "0")
    running.stop()
    assert ("no programs, no signals to others" in running.said) is is_known


@pytest.mark.parametrize(
    ("caller", "uid"),
    [
        ({"SUDO_UID": "1234", "SUDO_GID": "1234"}, 1234),
        ({"SUDO_UID": "4294967295", "SUDO_GID": "4294967295"}, None),
        ({"SUDO_UID": "", "SUDO_GID": ""}, None),
    ],
)
def test_it_becomes_who_called_sudo_or_somebody_whom_nobody_can_end(caller, uid, trace):
    running = trace("--signal", "64", env=caller)
    real = int(status_of(running.pid)["Uid"].split()[0])
    assert real == uid if uid else real
    if uid is None:
        with pytest.raises(KeyError):
            pwd.getpwuid(real)
        as_nobody = "import os,sys\nos.setresuid(*[65534] * 3)\nos.kill(int(sys.argv[1]), 15)"
        command = [sys.executable, "-c", as_nobody, str(running.pid)]
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "PermissionError" in refused.stderr
    running.stop()


NAMES = [
    b"\x1b[2J\x1b]0;pwn\x07",
    b"new\nline\r",
    b"\xff\xfe\x80bad",
    "☃ snow".encode(),
    b"%s%n{0}",
]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_hostile_names_reach_nobody_raw(name, trace, victim, source):
    target = victim("ignore", comm=name)
    comm = Path(f"/proc/{target.pid}/comm").read_bytes()[:-1]
    lines = trace("--to", target.pid)
    table = Trace(source, ["--to", str(target.pid)], json_lines=False)
    target.send(signal.SIGTERM)
    event = lines.signal_to(target.pid)
    assert event["target"]["comm"] == comm.decode("utf-8", "backslashreplace")
    lines.end()
    table.end()
    shown = table.text.decode()
    assert str(target.pid) in shown
    assert all(letter.isprintable() for letter in shown.replace("\n", ""))


def run(*options, prefix=(), env=None):
    command = [*prefix, sys.executable, "-m", "tracer", *options]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE, env=env, check=False
    )
    return done.returncode, done.stderr


def assert_three_lines(status, said, *words):
    assert status == 2, said
    problem = said[said.index("sigtrace: cannot") :]
    assert [line.split(":")[0].strip() for line in problem.splitlines()] == [
        "sigtrace",
        "why",
        "try",
    ]
    assert "Traceback" not in said
    for word in words:
        assert word in problem


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to take things away")


@needs_root
def test_not_root():
    prefix = [
        "setpriv",
        "--bounding-set=-all",
        "--inh-caps=-all",
        "--reuid=65534",
        "--clear-groups",
    ]
    if not os.access(sys.executable, os.X_OK) or str(Path(sys.executable).resolve()).startswith(
        "/root"
    ):
        pytest.skip("this Python lies in /root: an ordinary user cannot run it")
    status, said = run("--source", "core", prefix=prefix)
    assert_three_lines(status, said, "CAP_BPF", "sudo")


@needs_root
def test_no_btf():
    prefix = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh"]
    status, said = run("--source", "core", prefix=prefix)
    assert_three_lines(status, said, "BTF", "--source bcc")


@needs_root
def test_no_libbpf():
    """Where the loaders cannot serve either: with them core needs no libbpf."""
    loaders = "".join(f"mount --bind /dev/null {part}; " for part in bpf_object.PARTS[1:])
    libbpf = 'for f in $(ldconfig -p | sed -n "s/.*libbpf.so.1.*=> //p"); do mount --bind /dev/null "$f"; done; '
    hide = f'{loaders}{libbpf}exec "$@"'
    status, said = run("--source", "core", prefix=["unshare", "-m", "sh", "-c", hide, "sh"])
    assert_three_lines(status, said, "libbpf")


@needs_root
def test_no_object():
    mounts = [f"mount --bind /dev/null {part}" for part in bpf_object.PARTS]
    hide = " && ".join([*mounts, 'exec "$@"'])
    status, said = run("--source", "core", prefix=["unshare", "-m", "sh", "-c", hide, "sh"])
    assert_three_lines(status, said, "BPF program", "make build")


def test_an_isolated_signal_shows_at_once_and_idle_costs_nothing(trace, victim):
    """Not a timed test: an idle tracer is woken by nothing, so it uses no CPU between two signals."""
    target = victim("ignore")
    running = trace("--to", target.pid)
    target.send(signal.SIGTERM)
    running.signal_to(target.pid)
    deadline = time.monotonic() + PATIENCE
    while switches(running.pid) != switches(running.pid, after=0.3):
        assert time.monotonic() < deadline, "it never comes to rest"
    running.end()


def switches(pid, after=0.0):
    """Voluntary context switches: how often it has gone to sleep."""
    time.sleep(after)
    return int(status_of(pid)["voluntary_ctxt_switches"])


@pytest.mark.sources("core", "bcc", reason="audit's records hold the command line anyway")
def test_bare_is_the_signals_alone(trace, victim):
    target = victim("die", signal.SIGHUP)
    running = trace("--bare", "--to", target.pid)
    target.send(signal.SIGHUP)
    event = running.signal_to(target.pid, "SIGHUP")
    target.wait()
    assert [e["event"] for e in running.stop()] == ["signal"]
    assert event["sender"]["pid"] == os.getpid()
    assert event["sender"]["user"] == "root"
    for end in ("sender", "target"):
        assert not {"argv", "ancestors", "exe", "cgroup"} & event[end].keys()


def test_asked_twice_it_ends_though_nobody_takes_its_output(source, victim):
    """A pager that shows one page, a hung consumer: the write waits, through every signal."""
    before = bpf_programs()
    target = victim("ignore", signal.SIGUSR1)
    read, write = os.pipe()
    fcntl.fcntl(write, 1031, 4096)  # F_SETPIPE_SZ
    with writing_to(write, source, "--to", target.pid) as run:
        os.close(write)
        for _ in range(50):
            target.send(signal.SIGUSR1)
        until(lambda: is_full(read))
        for _ in range(2):
            run.send_signal(signal.SIGTERM)
            until(lambda: run.poll() is not None or pending(run.pid) == 0)
        assert run.wait(PATIENCE) == 0
        last = run.stderr.read().decode().splitlines()[-1]
        assert "lost" in last
        assert "broken off" in last
    os.close(read)
    assert not left_loaded(before)


def pending(pid):
    """The signals that a process has not taken yet."""
    return int(status_of(pid)["ShdPnd"], 16)


def is_full(pipe):
    """Whether a pipe holds as much as makes the next row wait: what is in it, FIONREAD."""
    held = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(held, sys.byteorder) > 3072
