"""The tables of the program are full: what is not kept there is counted, and told as what it is."""

from __future__ import annotations

import signal

import pytest

from tracer.flow.filter import Filter
from tracer.flow.kernel_filter import pushdown
from tracer.host.processes import Processes
from tracer.model.event import Loss
from tracer.sources.core import load
from tracer.sources.core.source import BpfSource
from tracer.sources.wanted import Wanted

ROOM, PROCESSES = 16, 64


@pytest.mark.sources("core", reason="bcc and audit keep nothing of the kind")
def test_full_tables(source, everything, monkeypatch):
    """Each process is met, and its end is not kept: as many are lost as there was no room for, and no fewer."""
    entries = load.entries_of
    small = {"seen": ROOM, "argvs": ROOM}
    monkeypatch.setattr(load, "entries_of", lambda shape: {**entries(shape), **small})
    monkeypatch.setattr(load, "load_by_loader", lambda shape: None)
    traced = BpfSource(Wanted(filter=pushdown(Filter(signals=frozenset((10,))))), Processes())
    try:
        targets = [everything("ignore") for _ in range(PROCESSES)]
        for target in targets:
            target.send_signal(signal.SIGUSR1)
        losses = [event for event in traced.read(last=True) if isinstance(event, Loss)]
    finally:
        traced.close()
    lost = {loss.where.rpartition(": ")[2]: loss.count for loss in losses}
    assert lost["ends"] >= PROCESSES - ROOM
    assert lost["argvs"] >= PROCESSES - ROOM
