"""Words of a filter that fit nobody who runs now: said only of what can be seen."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from tracer.flow.ends import Term, Value
from tracer.flow.filter import Filter
from tracer.host import procfs, running
from tracer.host.running import Known

NOTHING = Known({}, {})


@pytest.fixture
def sleeper():
    """A process whose program only its executable tells, and whose parent only its script."""
    script = "exec -a odd sleep 60 & echo $!; wait"
    parent = subprocess.Popen(
        ["bash", "-c", script, "/srv/hourly-chores.sh"], stdout=subprocess.PIPE, text=True
    )
    pid = int(parent.stdout.readline())
    while not (procfs.exe_of(pid) or b"").endswith(b"sleep"):
        os.sched_yield()
    yield pid
    subprocess.run(["kill", "-9", str(pid), str(parent.pid)], check=True)
    parent.wait()
    parent.stdout.close()


def nobody(**words):
    wanted = Filter(**words)
    return running.fitting_nobody(wanted, running.known_for(wanted))


def test_a_name_that_nobody_has_is_told_with_the_nearest(sleeper):
    (told,) = nobody(target=(Term(name=b"slepe"),))
    assert told.startswith("--to slepe fits nobody who runs now; near: ")
    assert "sleep" in told


def test_a_path_is_known_though_root_is_given_up(sleeper, monkeypatch):
    path = procfs.exe_of(sleeper)
    wanted = Filter(target=(Term(name=path),))
    known = running.known_for(wanted)
    monkeypatch.setattr(procfs, "exe_of", lambda pid: None)
    assert running.fitting_nobody(wanted, known) == []
    assert len(running.fitting_nobody(wanted, NOTHING)) == 1


def test_a_parent_goes_by_all_its_names(sleeper):
    parent = procfs.argv_of(procfs.birth_of(sleeper).ppid)
    assert parent[0] == b"bash"
    assert nobody(values=(Value("children-of", "bash"),)) == []
    (one,) = [one for one in running.running() if one.pid == sleeper]
    assert one.ancestors[0].argv == parent


def test_a_thread_has_a_name_of_its_own():
    named, done = threading.Event(), threading.Event()

    def run():
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text("GC thread 7")
        named.set()
        done.wait()

    thread = threading.Thread(target=run)
    thread.start()
    named.wait()
    try:
        assert nobody(target=(Term(name=b"GC thread 7"),)) == []
    finally:
        done.set()
        thread.join()
    assert len(nobody(target=(Term(name=b"GC thread 7"),))) == 1


@pytest.mark.parametrize(
    ("words", "looks"),
    [
        ({"target": (Term(name=b"nginx"),)}, True),
        ({"values": (Value("children-of", "bash"),)}, True),
        ({"either": (Term(pid=1),)}, False),
        ({"values": (Value("unit", "cron.service"),)}, False),
    ],
)
def test_programs_are_looked_at_where_names_are_asked_for(words, looks):
    """It takes a call for each process, before the first signal is seen."""
    assert bool(running.known_for(Filter(**words)).exes) == looks


@pytest.mark.parametrize("hidden", ["namespace", "hidepid"])
def test_who_does_not_see_all_claims_nothing(hidden, monkeypatch):
    wanted = Filter(target=(Term(name=b"no such name"),))
    assert len(running.fitting_nobody(wanted, NOTHING)) == 1
    if hidden == "namespace":
        monkeypatch.setattr(running, "in_first_namespace", lambda kind: False)
    else:
        monkeypatch.setattr(procfs, "hides_others", lambda: True)
    assert running.fitting_nobody(wanted, NOTHING) == []
