"""Logs of programs and systems of many kinds, as people paste them: what is read, and what must not be said of them."""

from __future__ import annotations

import pytest

from tracer import cli


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def why(tmp_path, capsys, log, *words):
    """The exit status and what is said, lines unfolded."""
    path = tmp_path / "pasted.log"
    path.write_text(log)
    status = cli.main(["why", "--year", "2025", *words, str(path)])
    told = capsys.readouterr()
    return status, " ".join((told.out + told.err).split())


SURVIVED = """\
Mar 24 10:28:22 board systemd[1]: camd.service: State 'stop-sigterm' timed out. Killing.
Mar 24 10:28:22 board systemd[1]: camd.service: Killing process 475 (camd) with signal SIGKILL.
Mar 24 10:29:52 board systemd[1]: camd.service: Processes still around after SIGKILL. Ignoring.
Mar 24 10:31:23 board systemd[1]: camd.service: State 'final-sigterm' timed out. Killing.
Mar 24 10:31:23 board systemd[1]: camd.service: Killing process 475 (camd) with signal SIGKILL.
"""
LIVED_ON = """\
Mar 24 10:32:53 board systemd[1]: camd.service: Unit process 475 (camd) remains running after unit stopped.
"""
JVM_STOPPED = """\
Aug 31 14:31:31 box systemd: Stopping Billing backend service...
Aug 31 14:31:33 box systemd: billing-api.service: main process exited, code=exited, status=143/n/a
"""
OTHER_STOPPED = """\
Aug 31 14:31:31 box systemd: Stopping Print Spooler...
Aug 31 14:31:33 box systemd: billing-api.service: main process exited, code=exited, status=143/n/a
"""


@pytest.mark.parametrize(
    ("log", "what", "status", "said", "unsaid"),
    [
        (SURVIVED, "475", 0, ["camd[475] on board was killed by systemd: it did not stop"], ["2nd time", "more death"]),
        (SURVIVED + LIVED_ON, "475", 3, ["nothing called 475 has died"], ["was killed"]),
        (JVM_STOPPED, "billing-api", 0, ["most likely stopped by systemd", "'Billing backend service': joined by"], ["sure yes"]),
        (OTHER_STOPPED, "billing-api", 0, ["most likely ended by itself with status 143", "was not watched"], ["stopped by", "sure yes"]),
    ],
)  # fmt: skip
def test_what_is_read_of_a_paste(tmp_path, capsys, log, what, status, said, unsaid):
    told, words = why(tmp_path, capsys, log, what)
    assert (told, [one for one in said if one not in words]) == (status, []), words
    assert [one for one in unsaid if one in words] == [], words
