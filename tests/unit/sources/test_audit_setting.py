"""What a trace changes in the kernel's audit is put back: killed at every request, several at once, others beside."""

from __future__ import annotations

import errno
import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.flow.kernel_filter import KernelFilter
from tracer.sources.audit import mark as marks
from tracer.sources.audit import rule
from tracer.sources.audit import setting as audit
from tracer.sources.audit.link import Status
from tracer.sources.wanted import Wanted

pytestmark = pytest.mark.skipif(
    not rule.arches(), reason="this machine's system calls are not known"
)
AS_FOUND = {"enabled": 0, "backlog_limit": 64, "wait_time": 60_000}
WANTED = Wanted(KernelFilter(frozenset({9}), frozenset({0})))
THEIRS = rule.build((2,), ((rule.SUCCESS, rule.EQUAL, 1),), b"theirs")


class Killed(BaseException):
    """SIGKILL: nothing of ours runs any more."""


class Kernel:
    """Stands for the kernel's audit: real settings are one for the whole host, and nobody can be killed between two
    chosen requests of a real one so often. tests/live/test_audit_kills.py does it to the real one."""

    def __init__(self, **found):
        self.state = Status(0, 0, 1, 0, 0, 64, 0, 0, 0, 60_000)._replace(**AS_FOUND)
        self.state = self.state._replace(**found)
        self.raws = []
        self.alive = set()

    def settings(self):
        return {name: getattr(self.state, name) for name in AS_FOUND}

    def is_as_found(self):
        return self.settings() == AS_FOUND and self.ours() == []

    def ours(self):
        return [one for one in map(rule.parse, self.raws) if marks.mark_of(one)]


class Link:
    """The requests of one process, which is killed at the ``kill_at``th: before it is done, or after."""

    def __init__(self, kernel, pid, kill_at=None, *, done=False, turn=lambda: None):
        self.kernel, self.pid, self._kill_at, self._done = kernel, pid, kill_at, done
        self.requests = 0
        self._turn = turn
        kernel.alive.add(pid)

    def _asked(self, request):
        self._turn()
        if self.pid not in self.kernel.alive:
            raise Killed
        self.requests += 1
        is_last = self.requests == self._kill_at
        if is_last:
            self.kernel.alive.discard(self.pid)
        if is_last and not self._done:
            raise Killed
        answer = request()
        if is_last:
            raise Killed
        return answer

    def status(self):
        return self._asked(lambda: self.kernel.state)

    def set(self, name, value):
        def request():
            self.kernel.state = self.kernel.state._replace(**{name: value})

        self._asked(request)

    def rules(self):
        return self._asked(lambda: [rule.parse(raw) for raw in self.kernel.raws])

    def add(self, raw):
        def request():
            if raw in self.kernel.raws:
                raise OSError(errno.EEXIST, "there")
            self.kernel.raws = [*self.kernel.raws, raw]

        self._asked(request)

    def delete(self, raw):
        def request():
            if raw not in self.kernel.raws:
                raise OSError(errno.ENOENT, "not there")
            self.kernel.raws = [one for one in self.kernel.raws if one != raw]

        self._asked(request)


@pytest.fixture
def process(monkeypatch):
    """``process(kernel, pid)``: from now on this is that process, and those alive are the kernel's."""
    threads = threading.local()

    def become(kernel, pid):
        threads.pid = pid
        monkeypatch.setattr(os, "getpid", lambda: threads.pid)
        monkeypatch.setattr(
            marks.procfs, "start_of", lambda pid: pid * 100 if pid in kernel.alive else None
        )

    return become


@pytest.fixture
def run(process):
    """``run(kernel, pid, …)``: a whole trace, or as much of it as its killer lets it."""

    def whole(kernel, pid, *killed, **how):
        process(kernel, pid)
        link = Link(kernel, pid, *killed, **how)
        try:
            audit.Setting(link, WANTED).undo()
        except Killed:
            pass
        kernel.alive.discard(pid)
        return link.requests

    return whole


def test_a_trace_leaves_everything_as_it_was(run):
    kernel = Kernel()
    assert run(kernel, 10) > 10
    assert kernel.is_as_found()


def test_while_it_runs_all_is_on(process):
    kernel = Kernel()
    process(kernel, 10)
    audit.Setting(Link(kernel, 10), WANTED)
    assert kernel.settings() == {"enabled": 1, "backlog_limit": audit.BACKLOG, "wait_time": 10}


MENDERS = {
    "the next trace": lambda run, kernel: run(kernel, 20),
    "doctor": lambda run, kernel: audit.remove_orphans(Link(kernel, 20)),
}


@pytest.mark.parametrize("mender", MENDERS)
@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("with_orphan", [False, True])
def test_killed_at_any_request_it_is_mended_by_the_next(with_orphan, done, mender, run, process):
    for kill_at in range(1, 100):
        kernel = Kernel()
        if with_orphan:
            run(kernel, 5, 12)
            assert not kernel.is_as_found()
        requests = run(kernel, 10, kill_at, done=done)
        process(kernel, 20)
        MENDERS[mender](run, kernel)
        assert kernel.is_as_found(), f"killed at request {kill_at}"
        if requests < kill_at:
            return
    raise AssertionError("it never ends")


def test_who_mends_is_killed_at_any_request_too(run):
    for kill_at in range(1, 100):
        kernel = Kernel()
        run(kernel, 5, 12)
        requests = run(kernel, 10, kill_at)
        run(kernel, 15, kill_at)
        run(kernel, 20)
        assert kernel.is_as_found(), f"killed at request {kill_at}"
        if requests < kill_at:
            return


class Turns:
    """Three traces at the same time, one request of one of them at a time."""

    PIDS = (10, 20, 30)

    def __init__(self):
        self.kernel = Kernel()
        self.wrong = []
        self._names = threading.local()
        self._gates = {pid: threading.Semaphore(0) for pid in self.PIDS}
        self._came = threading.Semaphore(0)
        self._left = list(self.PIDS)

    def getpid(self):
        return self._names.pid

    def start_of(self, pid):
        return pid * 100 if pid in self.kernel.alive else None

    def _trace(self, pid):
        self._names.pid = pid

        def turn():
            self._came.release()
            self._gates[pid].acquire()

        try:
            setting = audit.Setting(Link(self.kernel, pid, turn=turn), WANTED)
            for _ in range(2):
                turn()
                if self.kernel.settings()["enabled"] != 1:
                    self.wrong.append(f"{pid} sees nothing: {self.kernel.settings()}")
            setting.undo()
        except BaseException as error:
            self.wrong.append(f"{pid}: {error!r}")
        self.kernel.alive.discard(pid)
        self._left.remove(pid)
        self._came.release()

    def go(self, whose):
        for pid in self.PIDS:
            threading.Thread(target=self._trace, args=(pid,), daemon=True).start()
            self._came.acquire()
        for turn in (*whose, *range(1000)):
            if self._left:
                self._gates[self._left[turn % len(self._left)]].release()
                self._came.acquire()
        assert not self._left


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=120))
def test_traces_that_begin_and_end_at_once_see_all_and_restore(whose):
    with pytest.MonkeyPatch.context() as patch:
        turns = Turns()
        patch.setattr(os, "getpid", turns.getpid)
        patch.setattr(marks.procfs, "start_of", turns.start_of)
        patch.setattr(audit.time, "sleep", lambda _seconds: None)
        patch.setattr(audit.time, "monotonic", lambda: 0.0)
        turns.go(whose)
        assert not turns.wrong
        assert turns.kernel.is_as_found(), turns.kernel.settings()


@pytest.mark.parametrize(
    ("come", "stays"),
    [
        ({"pid": 77, "backlog_limit": 8192}, {"enabled": 1, "backlog_limit": 8192}),
        ({"pid": 77}, {"enabled": 1, "backlog_limit": 64}),
        ({"raws": [THEIRS]}, {"enabled": 1, "backlog_limit": 64}),
        ({"backlog_limit": 500}, {"enabled": 0, "backlog_limit": 500}),
        ({}, {"enabled": 0, "backlog_limit": 64}),
    ],
)
@pytest.mark.parametrize("killed", [False, True])
def test_what_others_have_set_meanwhile_stays(come, stays, killed, process):
    kernel = Kernel()
    process(kernel, 10)
    setting = audit.Setting(Link(kernel, 10), WANTED)
    kernel.raws = [*kernel.raws, *come.get("raws", [])]
    kernel.state = kernel.state._replace(**{k: v for k, v in come.items() if k != "raws"})
    if killed:
        kernel.alive.discard(10)
        process(kernel, 20)
        assert audit.remove_orphans(Link(kernel, 20))
    else:
        setting.undo()
    assert kernel.settings() == {**AS_FOUND, **stays}
    assert kernel.ours() == []


def test_an_auditd_that_was_there_with_auditing_off_keeps_it_off(run):
    kernel = Kernel(pid=77)
    kernel.raws = [THEIRS]
    run(kernel, 10)
    assert kernel.is_as_found()


def test_beside_an_auditd_nobody_waits_less(process):
    kernel = Kernel(pid=77)
    process(kernel, 10)
    audit.Setting(Link(kernel, 10), WANTED)
    assert kernel.settings()["wait_time"] == AS_FOUND["wait_time"]


def test_no_limit_is_not_made_one(process):
    kernel = Kernel(backlog_limit=0)
    process(kernel, 10)
    audit.Setting(Link(kernel, 10), WANTED).undo()
    assert kernel.settings()["backlog_limit"] == 0


@pytest.mark.parametrize("takes_away", ["rules", "auditing", "both"])
def test_what_is_taken_away_is_put_back_and_undone(takes_away, process):
    kernel = Kernel(enabled=1)
    process(kernel, 10)
    setting = audit.Setting(Link(kernel, 10), WANTED)
    assert not setting.is_broken(put_back=True)
    there = len(kernel.ours())
    if takes_away != "auditing":
        kernel.raws = []
    if takes_away != "rules":
        kernel.state = kernel.state._replace(enabled=0)
    assert setting.is_broken(put_back=True)
    assert not setting.is_broken(put_back=True)
    assert (kernel.state.enabled, len(kernel.ours())) == (1, there)
    setting.undo()
    assert kernel.settings() == {**AS_FOUND, "enabled": int(takes_away == "rules")}
    assert kernel.ours() == []


def test_locked_under_it_nothing_is_tried(process):
    kernel = Kernel()
    process(kernel, 10)
    setting = audit.Setting(Link(kernel, 10), WANTED)
    kernel.state = kernel.state._replace(enabled=audit.LOCKED)
    before = list(kernel.raws)
    setting.undo()
    assert kernel.raws == before
