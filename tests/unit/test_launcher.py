"""The command that an install writes runs this checkout, whatever the environment says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracer import __version__

SIGNAL = '{"v": 1, "event": "signal", "id": "1", "time": "2026-11-27T15:06:18.108397023Z", "source": "core", "signal": {"number": 9, "name": "SIGKILL"}, "target": {"pid": 7}}\n'
WRITER = Path(__file__).parents[2] / "packaging/write_launcher.py"


def test_the_launcher_runs_this_checkout(tmp_path):
    decoy = tmp_path / "tracer"
    decoy.mkdir()
    (decoy / "__init__.py").write_text("raise SystemExit('the wrong one')")
    launcher = tmp_path / "sigtrace"
    launcher.write_text("what pip has made\n")
    subprocess.run([sys.executable, WRITER, launcher], check=True)
    run = subprocess.run(
        [launcher, "--version"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.startswith(f"sigtrace {__version__}")
    assert run.stderr == ""
    assert launcher.read_text().splitlines()[0].endswith(" -IS")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sigtrace", "tracer"]


def test_the_launcher_finds_what_pip_has_installed(tmp_path):
    """It begins without looking for packages: who needs DuckDB looks for them first."""
    pytest.importorskip("duckdb", reason="pip install duckdb tabulate")
    pytest.importorskip("tabulate", reason="pip install duckdb tabulate")
    launcher = tmp_path / "sigtrace"
    subprocess.run([sys.executable, WRITER, launcher], check=True)
    recording = tmp_path / "recording.jsonl"
    recording.write_text(SIGNAL)
    for words in (["export", "--parquet", "out", recording], ["fleet", "deaths", "out"]):
        command = [launcher, *words]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
