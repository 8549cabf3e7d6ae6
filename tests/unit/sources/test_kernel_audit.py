"""Audit rules: built and read back, what they show, what they hide, and whose they are."""

from __future__ import annotations

import os

import pytest

from tracer.audit.calls import CALLS
from tracer.flow.kernel_filter import KernelFilter
from tracer.host import procfs
from tracer.sources.audit import rule
from tracer.sources.audit.link import Status
from tracer.sources.audit.mark import Found, Mark, mark_of
from tracer.sources.audit.setting import Setting, orphans
from tracer.sources.audit.source import record_of
from tracer.sources.wanted import Wanted

ARCH = rule.arches()[:1]
FOUND = Found(0, 64, 60_000, 0, 0)
pytestmark = pytest.mark.skipif(not ARCH, reason="this machine's system calls are not known")


def made(signals=frozenset(range(1, 65)), missing=None, **settings):
    settings = {"refused": True, "probes": False, "key": b"k", **settings}
    missing = rule.missing_calls([]) if missing is None else missing
    return [rule.parse(raw) for raw in rule.ours(missing, signals, **settings)]


def test_nothing_shows_without_rules():
    assert set(rule.missing_calls([])) == set(rule.arches())
    assert all(tuple(calls) == CALLS for calls in rule.missing_calls([]).values())


def test_our_rules_show_every_call():
    assert rule.missing_calls(made()) == {}


def test_rules_for_one_signal_show_only_that():
    rules = made(frozenset({9}))
    assert rule.missing_calls(rules) != {}
    assert rule.narrowed(rules) == rules
    arguments = {one for made_ in rules for one in made_.conditions if 200 <= one[0] < 204}
    assert arguments == {(201, rule.EQUAL, 9), (202, rule.EQUAL, 9)}


def test_only_what_is_missing_is_added():
    (first, *_), arch = CALLS, ARCH[0]
    rules = made(missing={arch: [first]})
    assert len(rules) == 1
    assert rules[0].calls == {rule.numbers_of(arch)[first.name]}


def test_probes_need_rules_without_a_signal():
    assert not any(200 <= one[0] < 204 for made_ in made(probes=True) for one in made_.conditions)


def test_refused_are_left_out_in_the_kernel():
    success = (rule.SUCCESS, rule.EQUAL, 1)
    assert all(success in one.conditions for one in made(refused=False))
    assert not any(success in one.conditions for one in made(refused=True))


def test_key_and_mark_go_there_and_back():
    there = Mark(4711, 20_000_000, FOUND)
    for mark in (there, there.ending(), Mark(4711, 20_000_000, None)):
        for one in made(key=mark.key()):
            assert one.key == mark.key()
            assert mark_of(one) == mark


def test_other_keys_are_not_ours():
    assert [mark_of(one) for one in made(key=b"sigtrace")] == [None] * len(made())
    assert [mark_of(one) for one in made(key=b"sigtrace-12")] == [None] * len(made())


def test_orphans_are_those_whose_process_is_gone():
    me = Mark(os.getpid(), procfs.start_of(os.getpid()), FOUND)
    reused = Mark(os.getpid(), me.start + procfs.TICK, FOUND)
    assert orphans(made(key=me.key())) == []
    assert len(orphans(made(key=reused.key()))) == len(made())


def test_hiding_rules():
    raw = bytearray(made()[0].raw)
    raw[4:8] = (rule.NEVER).to_bytes(4, "little")
    assert rule.hiding([rule.parse(bytes(raw))]) == ["-a never,exit for calls that send signals"]
    raw[0:4] = (rule.TASK).to_bytes(4, "little")
    assert rule.hiding([rule.parse(bytes(raw))]) == ["-a never,task"]
    assert rule.hiding(made()) == []


@pytest.mark.parametrize(
    "text",
    [b"", b"audit(", b"audit(1.2:3): x", b"audit(1.222:): x", b"\xff\xfe", b"audit(x.123:1): "],
)
def test_what_is_no_record_is_none(text):
    assert record_of(1300, text) is None


def test_a_record_of_netlink():
    one = record_of(1318, b'audit(1795475198.550:1020): opid=11751 ocomm="bash"')
    assert (one.type, one.stamp.time, one.stamp.serial) == (1318, 1795475198550000000, 1020)
    assert one.body == b'opid=11751 ocomm="bash"'


class Kernel:
    """Stands for a kernel whose rules are locked; the only thing that cannot be made real here."""

    def __init__(self, enabled, rules):
        self.state = Status(0, enabled, 1, 0, 0, 64, 0, 0, 0, 0)
        self.there = rules

    def status(self):
        return self.state

    def rules(self):
        return self.there

    def __getattr__(self, name):
        raise AssertionError(f"{name} is tried on locked rules")


@pytest.mark.parametrize(
    ("there", "notes"),
    [
        ([], ["locked", "no rule shows every kill"]),
        (made(), ["locked"]),
        (made(frozenset({9})), ["locked", "no rule shows every", "only certain signals"]),
    ],
)
def test_locked_rules_are_used_as_they_are(there, notes):
    setting = Setting(Kernel(2, there), Wanted(KernelFilter(frozenset({9}), frozenset({0}))))
    assert len(setting.notes) == len(notes)
    for note, part in zip(setting.notes, notes):
        assert part in note
    setting.undo()


def test_orphans_under_a_lock_are_left():
    gone = Mark(1, 1, FOUND)
    there = made(key=gone.key())
    setting = Setting(Kernel(2, there), Wanted(KernelFilter(frozenset({9}), frozenset({0}))))
    assert "locked" in setting.notes[0]
