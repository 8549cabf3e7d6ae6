"""The kernel's counts of OOM kills; this host's own files are the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracer.host import counters

V2 = b"low 0\nhigh 0\nmax 41\noom 3\noom_kill 2\noom_group_kill 0\n"
V1 = b"oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (V2, 2),
        (V1, 2),
        (b"oom_kill 0\n", 0),
        (b"oom_kill_disable 0\nunder_oom 0\n", None),  # before v4.13
        (b"", None),
        (b"oom_kill\n", None),
        (b"oom_kill -1\n", None),
        (b"oom_kill " + b"9" * 400, None),
        (b"xoom_kill 5\n", None),
    ],
)
def test_the_count(text, count):
    assert counters.count_in(text) == count


def test_this_hosts_own():
    text = Path(counters.VMSTAT).read_text()
    (line,) = [line for line in text.splitlines() if line.split()[0] == "oom_kill"]
    before, count = int(line.split()[1]), counters.of_host()
    assert count is not None
    assert count >= before


def test_no_counter(tmp_path):
    assert counters.of_host(tmp_path / "no") is None


@pytest.fixture
def root(tmp_path):
    def make(path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.write_bytes(text)
        return bytes(tmp_path)

    return make


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("system.slice/webapp.service/memory.events", V2),
        ("unified/system.slice/webapp.service/memory.events", V2),
        ("memory/system.slice/webapp.service/memory.oom_control", V1),
    ],
)
def test_of_a_cgroup(root, path, text):
    assert counters.of_cgroup(b"/system.slice/webapp.service", root(path, text)) == 2


def test_beside_v2_without_memory_v1_is_asked(root, tmp_path):
    """systemd's hybrid: the unified hierarchy has no controllers."""
    top = root("memory/a.service/memory.oom_control", V1)
    (tmp_path / "unified/a.service").mkdir(parents=True)
    assert counters.of_cgroup(b"/a.service", top) == 2


@pytest.mark.parametrize(
    "cgroup",
    [
        b"/../x",
        b"/a/../x",
        b"/a/./x",
        b"/..",
        b"/",
        b"",
        b"x",
        b"../x",
        b"/\0",
        b"/x" * 5000,
        b"/gone",
    ],
)
def test_nothing_outside_is_read(root, tmp_path, cgroup):
    root("x/memory.events", V2)
    (tmp_path / "cgroup/a").mkdir(parents=True)
    (tmp_path / "cgroup/memory.events").write_bytes(V2)
    assert counters.of_cgroup(cgroup, bytes(tmp_path / "cgroup")) is None


def test_this_hosts_cgroup_counts_as_its_file_does():
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, controllers, cgroup = line.split(":", 2)
        own = Path("/sys/fs/cgroup/memory" + cgroup, "memory.oom_control")
        if number == "0":
            own = Path("/sys/fs/cgroup" + cgroup, "memory.events")
        if "memory" not in controllers.split(",") and number != "0":
            continue
        if cgroup == "/" or not own.exists():
            continue
        words = dict(one.split(" ", 1) for one in own.read_text().splitlines())
        assert counters.of_cgroup(cgroup.encode()) == int(words["oom_kill"])
        return
    pytest.skip("this process is in no cgroup that counts memory")
