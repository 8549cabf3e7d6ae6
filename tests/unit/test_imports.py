"""The architecture's arrows, and what must not be loaded at start-up."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TRACER = ROOT / "tracer"

# From what a room may take: source → event → filter → join → sink. Each room may also import itself.
MAY_IMPORT = {
    "model": set(),
    "flow": {"model"},
    "sinks": {"model", "recording"},
    "libbpf": {"model"},
    "terminal": {"model", "sinks", "host"},
    "host": {"model"},
    "recording": {"model"},
    "lines": {"model"},
    "audit": {"model", "lines"},
    "statements": {"model", "lines"},
    "sources": {"model", "flow", "host", "libbpf", "lines", "audit", "recording", "statements"},
    "why": {"model", "sinks", "host", "lines", "terminal"},
    "fleet": {"model", "sinks", "host", "sources", "recording", "terminal", "why"},
    "report": {"model", "flow", "sinks", "why"},
    "options": {"model", "flow", "sources", "recording"},
    "doctor": {"model", "flow", "host", "libbpf", "audit", "sources", "recording"},
    "commands": {
        *("model", "flow", "sinks", "terminal", "host", "lines", "audit", "sources"),
        *("options", "doctor", "session", "tracing", "recorder", "recording", "why", "fleet"),
        *("report",),
    },
}
WINGS = ("accounting", "audit", "bcc", "core", "journal", "logs", "wire")


def imported(path):
    """The parts of tracer that a file imports, also lazily; imports for types alone do not count."""
    tree = ast.parse(path.read_text())
    for block in ast.walk(tree):
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test):
            block.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tracer":
            rest = node.module.split(".")[1:]
            yield from [rest[0]] if rest else [alias.name for alias in node.names]


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_arrows(part):
    files = sorted((TRACER / part).rglob("*.py"))
    assert files
    for path in files:
        extra = set(imported(path)) - MAY_IMPORT[part] - {part, "__version__"}
        assert not extra, f"{path.relative_to(ROOT)} imports {extra}"


def test_every_room_is_guarded():
    rooms = {path.parent.name for path in TRACER.glob("*/__init__.py")}
    assert rooms == set(MAY_IMPORT)


def test_the_arrows_make_no_circle():
    below = {part: set(others) & set(MAY_IMPORT) for part, others in MAY_IMPORT.items()}
    while below:
        free = {part for part, others in below.items() if not others}
        assert free, f"a circle of {sorted(below)}"
        below = {part: others - free for part, others in below.items() if part not in free}


def test_nothing_imports_commands_but_the_command_line():
    for path in TRACER.rglob("*.py"):
        if path.name != "cli.py" and path.parent.name != "commands":
            assert "commands" not in set(imported(path)) - {"options"}, path


def test_the_hall_is_small():
    assert len(list(TRACER.glob("*.py"))) <= 6


@pytest.mark.parametrize("wing", WINGS)
def test_no_source_imports_another_but_wire(wing):
    others = "|".join(name for name in WINGS if name not in (wing, "wire"))
    for path in sorted((TRACER / "sources" / wing).rglob("*.py")):
        found = re.findall(rf"tracer\.sources\.(?:{others})\b", path.read_text())
        assert not found, f"{path.relative_to(ROOT)} imports {found}"


# libc (capabilities, mounts, inotify), the callbacks and maps of bcc, libsystemd and libzstd.
CTYPES = {
    "host/confine.py",
    "host/inotify.py",
    "host/kernel_log.py",
    "host/privileges.py",
    "host/tracefs.py",
    "sources/bcc/buffer.py",
    "sources/bcc/births.py",
    "sources/journal/library.py",
    "sources/journal/unpack.py",
}


def test_only_libbpf_and_privileges_use_ctypes():
    users = {
        str(path.relative_to(TRACER))
        for path in TRACER.rglob("*.py")
        if "ctypes" in path.read_text() and "import ctypes" in path.read_text()
    }
    assert {name for name in users if not name.startswith("libbpf/")} <= CTYPES


def test_start_up_loads_nothing_heavy():
    """bcc, pyroute2 and tabulate cost more than the whole of a live trace's start."""
    code = "import sys, tracer.cli, tracer.commands.live; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert loaded.isdisjoint({"bcc", "pyroute2", "tabulate", "json", "subprocess"})


# Most of a start is libbpf's and the kernel's: what Python does before it tells them what is wanted is added to that.
BEFORE_THEY_ARE_TOLD = """
import sys
from tracer import cli
from tracer.sources.core import opening as bpf_object
from tracer.options.commands import choose
from tracer.options.meaning import filter_of
from tracer.commands import live
filter_of(choose(["--signal", "9"]))
print(*sys.modules)
"""
SLOW = {"re", "enum", "functools", "collections", "typing", "dataclasses", "inspect", "contextlib"}
SLOW |= {"argparse", "gettext", "pathlib", "urllib", "datetime", "importlib.util", "signal"}


def test_little_is_loaded_before_libbpf_is_told_what_is_wanted():
    # Without site: a host's sitecustomize or .pth files load what they like.
    command = [sys.executable, "-S", "-c", BEFORE_THEY_ARE_TOLD]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(run.stdout.split()).isdisjoint(SLOW)


def test_a_live_trace_needs_none_of_the_slow_ones():
    code = "import tracer.tracing, tracer.sources.core.source, tracer.sinks.table, sys; print(*sys.modules)"
    command = [sys.executable, "-S", "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(run.stdout.split()).isdisjoint(SLOW)


def test_commands_choose_and_call():
    for path in (TRACER / "commands").glob("*.py"):
        lines = len(path.read_text().splitlines())
        assert lines <= 60, f"{path.relative_to(ROOT)} has {lines} lines"


def test_no_file_is_a_god():
    for path in [*TRACER.rglob("*.py"), *(ROOT / "bpf").glob("*.[ch]")]:
        lines = len(path.read_text().splitlines())
        assert lines <= 400, f"{path.relative_to(ROOT)} has {lines} lines"


def test_no_two_tests_have_one_name():
    """Else the suite cannot be collected as a whole, though each folder can."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
