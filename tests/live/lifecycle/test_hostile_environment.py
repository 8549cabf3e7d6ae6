"""The installed command, given an environment and a folder that would have it run what is not ours."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from harness import PATIENCE, ROOT, SUMMARY

PYTHONS = {"PYTHONSTARTUP": "start.py", "PYTHONPATH": "", "PYTHONHOME": "", "PYTHONUSERBASE": ""}
MODULES = (
    "tracer",
    "re",
    "json",
    "select",
    "ctypes",
    "subprocess",
    "bcc",
    "sitecustomize",
    "start",
)
PROGRAMS = ("python3", "sh", "gcc", "cc", "ld", "ldconfig", "objdump", "uname", "auditctl")


@pytest.fixture
def decoys(tmp_path):
    """A folder of modules and one of programs, each of which leaves a mark when it runs."""
    (tmp_path / "bin").mkdir()
    for name in PROGRAMS:
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n: > {tmp_path}/RAN-{name}\n")
        program.chmod(0o755)
    for name in MODULES:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'RAN-')!r} + {name!r}, 'w')\n")
    return tmp_path


@pytest.mark.parametrize("variable", [*PYTHONS, "PYTHONINSPECT", "PATH"])
@pytest.mark.sources("core", "bcc", "audit")
def test_nothing_of_it_runs(source, variable, decoys):
    launcher = decoys / "sigtrace"
    writer = ROOT / "packaging" / "write_launcher.py"
    subprocess.run([sys.executable, writer, launcher], check=True)
    value = {"PYTHONINSPECT": "1", "PATH": decoys / "bin"}.get(variable)
    value = decoys / PYTHONS[variable] if value is None else value
    run = subprocess.run(
        [launcher, "--source", source, "--signal", "64", "--duration", "0.1s"],
        cwd=decoys,
        env={**os.environ, variable: str(value)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert SUMMARY.fullmatch(run.stderr.splitlines()[-1]), run.stderr
    assert not list(decoys.glob("RAN-*"))
    assert not list(decoys.glob("__pycache__"))
