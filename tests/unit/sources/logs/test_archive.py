"""An archive's events are held to be put in order: no more of them than it is said, whatever one file in it has."""

from __future__ import annotations

import io
import itertools
import tarfile

import pytest

from tracer.audit.entries import AuditTeller
from tracer.model.event import Exit, Loss, Process
from tracer.sources.logs import archive
from tracer.statements.tables import index
from tracer.statements.teller import Teller

MOST = 100
LINE = b"Nov 27 12:00:00 web3 systemd[1]: a%d.service: Failed with result 'timeout'.\n"


def archived(path, **members):
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo("sos/" + name.replace("__", "/"))
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    tables = index()
    return lambda accounting: archive.Archive(
        str(path),
        lambda: Teller(tables),
        AuditTeller,
        tables.literals,
        year=2026,
        accounting=accounting,
    )


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(archive, "EVENTS_MAX", MOST)


def test_a_file_of_accounting_is_read_no_further(few, tmp_path):
    made = 0

    def accounting(files):
        nonlocal made
        for made in itertools.count(1):
            yield Exit(made, f"{made}-exit", "accounting", Process(made), number=9)
            assert made <= MOST

    opened = archived(tmp_path / "sos.tar", var__account__pacct=b"\3" * 64)(accounting)
    told = list(opened.read(last=True))
    assert made == MOST + 1
    assert "more events than can be put in order" in told[0].where
    assert [type(one) for one in told[1:]] == [Exit] * (MOST + 1)


def test_a_log_is_read_no_further(few, tmp_path):
    lines = b"".join(LINE % at for at in range(9 * MOST))
    opened = archived(tmp_path / "sos.tar", var__log__messages=lines)(lambda _: iter(()))
    told = list(opened.read(last=True))
    assert [type(one) for one in told].count(Loss) == 1
    assert len(told) == MOST + 2
