"""What may not be read is named, with what to type."""

from __future__ import annotations

import os

import pytest

from tracer.sources.reading import Reading


def notes(*closed):
    return Reading(None, (), (), (), closed).notes(follow=False)


@pytest.mark.parametrize(("uid", "why", "told"), [(1000, "permission denied", True), (0, "permission denied", False), (1000, "it is empty", False)])  # fmt: skip
def test_who_is_not_root_is_told_that_root_may(uid, why, told, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    first, *rest = notes(("/var/log/audit/audit.log", why))
    assert first == f"cannot read /var/log/audit/audit.log: {why}"
    assert rest == (["what is denied here root may read: the same after sudo"] if told else [])


def test_nothing_closed_nothing_said():
    assert notes() == []
