"""A journal as a source: its entries go to who tells events of them, losses are events, coverage is data."""

from __future__ import annotations

import os
import select
import subprocess

import pytest
from journals import BEGIN, EXITED, WAYS

from tracer.flow.source import every
from tracer.model.coverage import lacking
from tracer.model.event import Loss, Mark
from tracer.sources.journal import ExportReader, JsonReader, open_journal
from tracer.sources.journal.source import JournalSource
from tracer.sources.journal.text_source import TextSource, reader_of


def told_of(entry):
    """A stand-in for tracer.statements: an event an entry."""
    yield Mark(entry.time, entry.text.decode(), "journal", "state", host=None, place=entry.place)


def words(events):
    return [event.id.split()[1] for event in events]


def test_events_of_what_fits_come_in_order(journals_of):
    path = journals_of["today's"]
    source = JournalSource(
        open_journal([str(path)]),
        told_of,
        lambda: [Mark(1, "the end", "journal", "state")],
        matches=[{"MESSAGE_ID": EXITED}],
        since=BEGIN * 1000 + 60_000_000,
    )
    events = list(every(source))
    assert words(events) == ["60", "90", "120", "150", "180", "210", "240", "270", "end"]
    assert events[0].place.cursor.startswith("s=")
    assert source.entries == 8
    assert source.counts == {"mark": 9}
    assert list(source.read(last=True)) == [], "the end is told once"
    (coverage,) = source.coverage()
    began, ended = BEGIN * 1000, BEGIN * 1000 + 299_000_000
    assert (coverage.spans[0].began, coverage.spans[0].ended) == (began, ended)
    assert lacking([coverage], "oom", began, ended) == []
    assert lacking([coverage], "oom", began, ended + 1) == ["journal ends at 2023-11-14 22:13:20"]
    assert lacking([coverage], "deaths", began, ended)
    source.close()


def test_damage_is_a_loss_event_and_a_gap(journals_of, tmp_path):
    (tmp_path / "text.journal").write_text("none")
    os.symlink(journals_of["today's"], tmp_path / "good.journal")
    source = JournalSource(open_journal([str(tmp_path)]), told_of)
    losses = [event for event in every(source) if isinstance(event, Loss)]
    assert [(loss.count, loss.where) for loss in losses] == [
        (None, f"{tmp_path}/text.journal: no journal file")
    ]
    (coverage,) = source.coverage()
    assert "text.journal" in lacking([coverage], "oom", BEGIN * 1000, BEGIN * 1000)[0]
    source.close()


def test_a_reading_is_shown_in_parts(journals_of, monkeypatch):
    monkeypatch.setattr("tracer.sources.journal.source.BATCH", 100)
    source = JournalSource(open_journal([str(journals_of["today's"])]), told_of)
    parts = []
    while not source.is_over():
        assert source.due() == 0.0
        parts.append(len(list(source.read())))
    assert parts == [100, 100, 100, 0]
    source.close()


@pytest.mark.parametrize(("output", "reader"), [("export", ExportReader), ("json", JsonReader)])
@pytest.mark.parametrize("is_pipe", [True, False])
def test_text_is_a_source_too(journals_of, tmp_path, output, reader, is_pipe):
    command = ["journalctl", "-q", "--file", journals_of["today's"], "-o", output]
    text = subprocess.run(command, capture_output=True, check=True).stdout
    (tmp_path / "text").write_bytes(text)
    assert reader_of(text[:4096]) is reader
    stream = open(tmp_path / "text", "rb")  # noqa: SIM115 - the source closes it
    begun = os.read(stream.fileno(), 1000) if is_pipe else b""
    source = TextSource(stream, reader, told_of, file="text", is_pipe=is_pipe, begun=begun)
    assert words(every(source)) == [str(number) for number in range(300)]
    (coverage,) = source.coverage()
    (why,) = lacking([coverage], "oom", BEGIN * 1000, BEGIN * 1000)
    assert why == "text may be a part of its journal"
    source.close()
    assert stream.closed


@pytest.mark.parametrize(
    "head",
    [b"", b"Nov 27 12:00:00 host a[1]: b\n", b'{"v": 1, "event": "signal"}', b"type=SYSCALL"],
)
def test_other_text_is_none(head):
    assert reader_of(head) is None


@pytest.mark.parametrize("way", WAYS)
def test_what_is_followed_is_read_on_as_long_as_there_is_more(journals_of, monkeypatch, way):
    monkeypatch.setattr("tracer.sources.journal.source.BATCH", 70)
    journal = open_journal([str(journals_of["today's"])], ways=[way])
    source = JournalSource(journal, told_of, follow=True)
    told: list[str] = []
    parts = 0
    while len(told) < 300:
        if source.due() != 0.0:
            poll = select.poll()
            for fd, events in source.descriptors():
                poll.register(fd, events)
            poll.poll(20_000 if source.due() is None else source.due() * 1000)
        told += words(source.read())
        parts += 1
    assert told == [str(number) for number in range(300)]
    assert parts >= 5
    assert not source.is_over()
    source.close()
