"""The command that an install writes runs this checkout, whatever the environment says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tracer import __version__

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
