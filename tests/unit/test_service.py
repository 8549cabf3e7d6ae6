"""The recorder's service as it is installed: into a folder in the host's place."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tracer.options.commands import choose_for
from tracer.options.record import EPILOG, FOLDER, Record
from tracer.sinks.journal import IDS, TOO_MANY, Journal

PACKAGING = Path(__file__).parents[2] / "packaging"


@pytest.fixture
def host(tmp_path: Path) -> Path:
    install(tmp_path, "/opt/sigtrace/bin/sigtrace")
    return tmp_path


def install(host: Path, word: str) -> None:
    script = PACKAGING / "install-service.sh"
    subprocess.run(
        [script, word],
        env={**os.environ, "DESTDIR": str(host)},
        check=True,
        capture_output=True,
    )


def test_without_systemd_nothing_is_installed(tmp_path: Path) -> None:
    """It had put files and a user on the host before systemctl said that it cannot operate."""
    options = Path("/etc/default/sigtrace-record")
    before = options.exists()
    run = subprocess.run(
        [PACKAGING / "install-service.sh", "/opt/sigtrace/bin/sigtrace"],
        env={**os.environ, "DESTDIR": "", "SYSTEMD_RUN": str(tmp_path / "none")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2
    assert "nothing is installed" in run.stderr
    assert "sudo /opt/sigtrace/bin/sigtrace record" in run.stderr
    assert options.exists() is before


def files_of(host: Path) -> set[str]:
    return {path.name for path in host.rglob("*") if path.is_file()}


def test_the_unit_runs_the_installed_program(host: Path) -> None:
    unit = (host / "etc/systemd/system/sigtrace-record.service").read_text()
    assert "ExecStart=/opt/sigtrace/bin/sigtrace record $SIGTRACE_OPTIONS\n" in unit
    assert "@SIGTRACE@" not in unit
    assert f"/var/lib/{re.search('StateDirectory=(.*)', unit)[1]}" == FOLDER


def test_the_options_of_the_service_are_options(host: Path) -> None:
    text = (host / "etc/default/sigtrace-record").read_text()
    words = re.search('^SIGTRACE_OPTIONS="(.*)"$', text, re.MULTILINE)[1].split()
    assert choose_for("record", Record, EPILOG, words).max_size == "256M"


def test_options_that_were_changed_stay_and_the_rest_goes(host: Path) -> None:
    options = host / "etc/default/sigtrace-record"
    options.write_text("mine")
    install(host, "/usr/bin/sigtrace")
    assert options.read_text() == "mine"
    install(host, "--remove")
    assert files_of(host) == {"sigtrace-record"}


def test_the_catalog_explains_every_entry(host: Path) -> None:
    text = (host / "usr/local/lib/systemd/catalog/sigtrace.catalog").read_text()
    assert tuple(re.findall("^-- ([0-9a-f]{32})$", text, re.MULTILINE)) == IDS
    asked = set(re.findall("@([A-Z_]+)@", text))
    sent: list[dict[str, str]] = []
    now = [0.0]
    journal = Journal(sent.append, lambda end, near: "", lambda: now[0])
    journal._untold, now[0] = 1, 60.0
    journal.flush()
    assert sent[0]["MESSAGE_ID"] == TOO_MANY
    known = {*sent[0], "OBJECT_SYSTEMD_UNIT", "SIGTRACE_SIGNAL", "SIGTRACE_COMM", "SIGTRACE_PID"}
    assert asked <= known


def test_systemd_understands_the_unit_and_calls_it_safe(host: Path, cannot_run) -> None:
    if not shutil.which("systemd-analyze"):
        cannot_run("systemd-analyze is not installed")
    install(host, "/bin/true")
    unit = host / "etc/systemd/system/sigtrace-record.service"
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "unrecognized option" in done.stderr:
        cannot_run("this systemd-analyze knows no --offline")
    assert not done.stderr, done.stderr
    assert float(re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)[1]) < 5.0
