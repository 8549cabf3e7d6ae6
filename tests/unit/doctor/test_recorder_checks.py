"""What doctor says of a recorder, from its folder alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracer.doctor import recorder_checks
from tracer.doctor.finding import MISSING, OK
from tracer.doctor.recorder_checks import holds, lost, recorder
from tracer.model.event import Process, Signal
from tracer.model.event import lost as loss
from tracer.model.times import SECOND
from tracer.recording.store import Limits, Store
from tracer.sinks.recorder import Recorder

NOON = 1_764_000_000 * SECOND


@pytest.fixture
def at_work(tmp_path: Path):
    store = Store(str(tmp_path), "web", "ab" * 16, Limits(free_share=0))

    def opened():
        store.open()
        return {"before": "none"}

    about = {"source": "bcc", "kinds": ["sends"]}
    made = Recorder(store, "web", lambda: about, opened, lambda: NOON, lambda: NOON)
    made.start()
    yield made
    made.close()


def test_no_recorder(tmp_path: Path):
    for found in (recorder(str(tmp_path)), holds(str(tmp_path)), lost(str(tmp_path))):
        assert found.state == MISSING
        assert "sigtrace record" in (found.try_ or "")
    assert recorder(str(tmp_path / "missing")).state == MISSING


def test_a_recorder_at_work(at_work: Recorder, tmp_path: Path):
    found = recorder(str(tmp_path))
    assert found.state == OK
    assert found.text == (
        f"pid {os.getpid()}, source bcc; it sees no commands; this file since 2025-11-24T16:00:00Z; "
        f"in {tmp_path}: sigtrace why NAME {tmp_path} reads it"
    )
    assert "1 file since 2025-11-24T16:00:00Z" in holds(str(tmp_path)).text
    assert lost(str(tmp_path)).text == "nothing by the last count"


def test_what_it_has_lost(at_work: Recorder, tmp_path: Path):
    at_work.write(Signal(NOON, "s", "core", 9, target=Process(2)))
    at_work.write(loss(NOON, "core", 7, "ring buffer"))
    at_work.flush()
    assert lost(str(tmp_path)).text == "7 by the last count"
    at_work.close()
    assert lost(str(tmp_path)).text == "7 by the last count"
    found = recorder(str(tmp_path))
    assert found.state == MISSING
    assert "it recorded until 2025-11-24T16:00:00Z" in found.text


def test_a_service_that_is_not_installed_is_not_to_be_enabled(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(recorder_checks, "UNITS", (str(tmp_path),))
    told = recorder(str(tmp_path / "kept")).try_
    assert told is not None
    assert "systemctl" not in told
    assert told.startswith("sudo sigtrace record")
    (tmp_path / "sigtrace-record.service").write_text("")
    assert recorder(str(tmp_path / "kept")).try_ == "sudo systemctl enable --now sigtrace-record"
