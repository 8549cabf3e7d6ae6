"""systemd's line on an end has no pid: who asks for one finds the run of the unit that the pid wrote lines of."""

from __future__ import annotations

import json

import pytest

from tests.unit.sources.journal import journals
from tracer import cli

RUN, OTHER = b"ab" * 16, b"cd" * 16
pytestmark = pytest.mark.skipif(journals.TOOL is None, reason=journals.WHY)


def said(run=RUN, pid=b"8120", comm=b"node", unit=b"report-job.service"):
    return {
        "MESSAGE": b"hello", "_HOSTNAME": b"web3", "_TRANSPORT": b"stdout", "_PID": pid, "_COMM": comm,
        "_SYSTEMD_UNIT": unit, "_SYSTEMD_INVOCATION_ID": run,
    }  # fmt: skip


def ended(run=RUN, status=b"1"):
    return {
        "_HOSTNAME": b"web3", "_COMM": b"systemd", "_PID": b"1", "SYSLOG_IDENTIFIER": b"systemd", "_UID": b"0",
        "MESSAGE_ID": journals.EXITED, "UNIT": b"report-job.service", "_TRANSPORT": b"journal",
        "EXIT_CODE": b"exited", "EXIT_STATUS": status, "INVOCATION_ID": run,
        "MESSAGE": b"report-job.service: Main process exited, code=exited, status=%b/FAILURE" % status,
    }  # fmt: skip


def asked(capsys, tmp_path, what, *entries):
    path = journals.build(
        tmp_path / "system.journal",
        journals.export(*[list(one.items()) for one in entries], step=200_000),
    )
    status = cli.main(["why", "--json", what, str(path)])
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("what", ["8120", "node"])
def test_the_run_that_it_wrote_lines_of(capsys, tmp_path, what):
    status, (verdict,) = asked(
        capsys, tmp_path, what, said(), ended(), said(OTHER, b"8131", b"java"), ended(OTHER, b"3")
    )
    assert (status, verdict["status"], verdict["unit"]) == (0, 1, "report-job.service")
    assert verdict["confidence"] == "likely"
    assert "wrote lines of that run of the unit" in verdict["doubts"][0]


@pytest.mark.parametrize(
    "entries",
    [
        (said(pid=b"77", comm=b"java"), ended()),
        (said(OTHER), ended()),
        (said(unit=b"other.service"), ended()),
    ],
    ids=["another process", "another run", "another unit"],
)
def test_another_end_is_not_its(capsys, tmp_path, entries):
    assert asked(capsys, tmp_path, "8120", *entries) == (3, [])
