"""Fixtures of the live tests: a running trace, and processes to send signals to."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from cgroups import Cgroup, hierarchy
from features import FEATURES, KERNEL
from harness import STORM_LOCK, Trace, Victim, bpf_programs, left_loaded

HERE = Path(__file__).parent
TIME_LIMIT, LONG_LIMIT = 120, 1800


@pytest.fixture(autouse=True, scope="session")
def as_from_a_terminal():
    """nohup, or a shell's &, leaves its children ignoring these: whom we start would not die of them."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def needs_root(request, cannot_run):
    if "source" in request.fixturenames and os.geteuid() != 0:
        cannot_run("live tracing needs root")


@pytest.fixture(autouse=True)
def time_limit(request):
    """A test that hangs fails, and its traceback says where."""
    limit = LONG_LIMIT if request.node.get_closest_marker("long") else TIME_LIMIT

    def too_long(*_):
        raise TimeoutError(f"this test takes longer than {limit} s")

    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(limit)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session")
def needs():
    """``needs(feature)`` skips where an old kernel lacks it; a newer one has no excuse."""

    def check(name):
        feature = FEATURES[name]
        if feature.is_here():
            return
        first = ".".join(map(str, feature.first))
        if feature.first <= KERNEL:
            pytest.fail(f"{name} is missing, though kernels have it since {first}")
        pytest.skip(f"needs Linux {first}: {name}")

    return check


@pytest.fixture
def needs_32_bits(cannot_run):
    """``needs_32_bits()`` skips where no program for i386 can be built; x86-64 has no excuse."""

    def check():
        if platform.machine() != "x86_64":
            pytest.skip("only x86-64 runs the programs of i386")
        words = ["gcc", "-m32", "-x", "c", "-", "-o", "/dev/null"]
        source = b"#include <stdio.h>\nint main(void) { return 0; }"
        if (
            not shutil.which("gcc")
            or subprocess.run(
                words, input=source, stderr=subprocess.DEVNULL, check=False
            ).returncode
        ):
            cannot_run("gcc cannot build for i386: apt-get install gcc-multilib")

    return check


@pytest.fixture
def storm_lock():
    """For who sends a storm, and for who watches the whole host and must not be flooded: one at a time."""
    with open(STORM_LOCK, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def trace(source, tmp_path):
    """``trace(*options)`` runs sigtrace with JSON, and gives it back once it sees signals."""
    running = []

    def start(*options, **settings):
        running.append(Trace(source, options, **settings))
        return running[-1]

    yield start
    for one in running:
        one.kill()


@pytest.fixture
def victim():
    """``victim(how)`` is a process that says when it is ready: it dies, ignores, blocks, handles …"""
    made = []

    def start(how="die", *words, **settings):
        made.append(Victim(how, *words, **settings))
        return made[-1]

    yield start
    for one in made:
        one.end()


@pytest.fixture
def spawn():
    """``spawn(*words)`` is a child with pipes; what is left of it is ended after the test."""
    children = []

    def start(*words, **settings):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, **settings}
        children.append(subprocess.Popen([str(word) for word in words], **pipes))
        return children[-1]

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
        for pipe in filter(None, (child.stdin, child.stdout, child.stderr)):
            pipe.close()


@pytest.fixture
def everything(program, spawn):
    """``everything(how)`` does the same about all 64 signals: programs/everything.c."""

    def start(how, **settings):
        child = spawn(program("everything"), how, **settings)
        assert child.stdout.readline() == b"ready\n"
        return child

    return start


@pytest.fixture(scope="session")
def program(tmp_path_factory, cannot_run):
    """``program(name)`` compiles tests/live/programs/name.c and gives its path."""
    folder = tmp_path_factory.mktemp("programs")
    made = {}

    def build(name, *flags):
        key = (name, flags)
        if key not in made:
            if not shutil.which("gcc"):
                cannot_run("gcc is not installed: the test's program cannot be built")
            out = folder / (name + "".join(flag.replace("/", "_") for flag in flags))
            source = HERE / "programs" / f"{name}.c"
            subprocess.run(["gcc", "-O1", "-pthread", *flags, "-o", out, source], check=True)
            made[key] = str(out)
        return made[key]

    return build


@pytest.fixture(autouse=True)
def ends_its_children():
    """A scenario that fails half-way leaves no process to the next one."""
    before = own_children()
    yield
    for pid in own_children() - before:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.fixture
def cgroup(cannot_run):
    """``cgroup(controller, name)`` makes a cgroup for this test, below a folder of our own if asked."""
    made = []

    def make(controller, name=None):
        root = hierarchy(controller)
        if root is None:
            cannot_run(f"no cgroup hierarchy with {controller} is mounted")
        made.append(Cgroup(root, name or f"sigtrace-{os.getpid()}-{len(made)}"))
        return made[-1]

    yield make
    for one in reversed(made):
        one.remove()


@pytest.fixture(scope="session", autouse=True)
def leaves_nothing_behind():
    """No BPF program that was not there before is there after all live tests."""
    before = bpf_programs()
    yield
    ours = left_loaded(before)
    assert not ours, f"left loaded: {ours}"


@pytest.fixture(scope="session", autouse=True)
def leaves_no_child_and_no_cgroup():
    """After all live tests this process has no children, and the host no cgroup, that were not there."""
    children, cgroups = own_children(), own_cgroups()
    yield
    assert own_children() <= children
    assert own_cgroups() <= cgroups


def own_children():
    found = set()
    for children in Path("/proc/self/task").glob("*/children"):
        with suppress(FileNotFoundError):  # a thread that has ended since
            found.update(map(int, children.read_text().split()))
    return found


def own_cgroups():
    return set(Path("/sys/fs/cgroup").glob(f"**/sigtrace-{os.getpid()}*"))
