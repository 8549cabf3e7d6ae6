"""Whether tracefs can be mounted for this process alone is tried in a child; the doctor says what came of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracer.doctor import checks
from tracer.doctor.finding import MISSING, REFUSED
from tracer.host import tracefs


def test_it_is_tried_in_a_child_alone(monkeypatch):
    before = os.readlink("/proc/self/ns/mnt")
    tracefs.can_be_mounted()
    assert os.readlink("/proc/self/ns/mnt") == before
    monkeypatch.setattr(tracefs, "place", lambda: Path("/sys/kernel/tracing"))
    for answer in (True, False):
        monkeypatch.setattr(tracefs, "mount_for_us", lambda answer=answer: answer)
        assert tracefs.can_be_mounted() is answer


@pytest.mark.skipif(os.geteuid() != 0, reason="chroot(2) needs root")
def test_a_chroot_whose_root_is_no_mount_point_refuses(tmp_path):
    (tmp_path / "sys/kernel/tracing").mkdir(parents=True)
    child = os.fork()
    if not child:
        try:
            os.chroot(tmp_path)
            os._exit(int(tracefs.can_be_mounted()))
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    ("can", "state", "says"), [(True, MISSING, "mounts it for itself"), (False, REFUSED, "refused")]
)
def test_the_doctor_says_what_came_of_it(monkeypatch, can, state, says):
    monkeypatch.setattr(tracefs, "place", lambda: None)
    monkeypatch.setattr(tracefs, "can_be_mounted", lambda: can)
    monkeypatch.setattr(checks, "has_capability", lambda name: True)
    monkeypatch.setattr(checks, "in_first_namespace", lambda kind: True)
    found = checks.tracefs_place()
    assert found.state == state
    assert says in found.text
