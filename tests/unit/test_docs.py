"""What the documents say is true."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import pytest

from bench import report
from tracer.model.origin import ORIGINS
from tracer.model.outcome import OUTCOMES
from tracer.options.commands import COMMANDS, command_parser, live_parser, parse
from tracer.options.meaning import filter_of
from tracer.options.table import Live

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
GUIDES = [ROOT / "CONTRIBUTING.md", ROOT / "tests/README.md", ROOT / "docs/architecture.md"]
DOCUMENTS = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *GUIDES})


def commands(text):
    """Every ``sigtrace --…`` that a document shows; a bare option stands for the command before it."""
    for line in re.findall(
        r"`(sigtrace[^`]*)`|^\s*(?:\$ )?(?:sudo )?(sigtrace --.*)$", text, re.MULTILINE
    ):
        yield next(filter(None, line)).partition(" | ")[0].partition("  #")[0]


LIVE = sorted(
    {
        command
        for document in DOCUMENTS
        for command in commands(document.read_text())
        if "…" not in command and command.split()[1:2] and command.split()[1].startswith("-")
    }
)


@pytest.mark.parametrize("command", LIVE)
def test_commands_in_documents_are_understood(command):
    filter_of(parse(live_parser(), Live, shlex.split(command)[1:]))


def of_commands():
    """Every command line of another command that a document shows, in words or in a block."""
    shown = r"`(?:sudo )?(sigtrace (?:%s)\b[^`]*)`|^\s*(?:\$ )?(?:sudo )?(sigtrace (?:%s)\b.*)$"
    names = "|".join(COMMANDS)
    for document in DOCUMENTS:
        for found in re.findall(shown % (names, names), document.read_text(), re.MULTILINE):
            line = re.split(r" \| |\s+#|  \(| > |;", next(filter(None, found)))[0]
            if not re.search(r"--help|…|\.\.\.|\[|[A-Z]{3,}|<", line):
                yield line.strip()


@pytest.mark.parametrize("command", sorted(set(of_commands())))
def test_other_commands_in_documents_are_understood(command):
    _, name, *words = shlex.split(command)
    module = importlib.import_module(COMMANDS[name].module)
    parse(command_parser(name, module.Options, ""), module.Options, words)


def test_every_command_is_told_in_a_document():
    told = "".join(
        document.read_text() for document in DOCUMENTS if document.name != "CHANGELOG.md"
    )
    assert [name for name in COMMANDS if f"sigtrace {name}" not in told] == []


def test_there_are_commands_to_check():
    assert "sigtrace --signal 9" in LIVE
    assert len(LIVE) > 8


def test_every_option_is_in_its_help_once():
    text = live_parser().format_help()
    for option in ("--from", "--to", "--pid", "--uid", "--json", "--failed"):
        assert (
            text.count(f"  {option} ") + text.count(f" {option},") + text.count(f", {option} ") >= 1
        )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / link).exists(), f"{document.name} links to {link}"


def test_origins_and_outcomes_are_all_told():
    text = (ROOT / "docs/origins.md").read_text()
    for name, meaning in {**ORIGINS, **OUTCOMES}.items():
        assert f"| `{name}` | {meaning} |" in text


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_files_named_in_guides_exist(guide):
    names = re.findall(r"`((?:tracer|bpf|tests|docs|packaging)/[^`<*… ]*)`", guide.read_text())
    for name in names:
        assert (ROOT / name).exists(), name
    assert names or guide.name == "README.md"


def test_make_targets_of_guides_exist():
    makefile = (ROOT / "Makefile").read_text()
    for guide in GUIDES:
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", guide.read_text(), re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`?make ([a-z-]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("name", report.BLOCKS)
def test_speed_in_documents_is_what_was_measured(name):
    results = report.Results.read(ROOT / "bench/results/results.json")
    block = report.between_markers((ROOT / name).read_text())[1]
    assert block == report.BLOCKS[name](results)


def test_the_readme_has_what_users_care_for():
    rows = report.between_markers(README)[1].splitlines()[6:]
    assert 4 <= len(rows) <= 5


def test_what_is_easily_mistaken_is_tried():
    """docs/origins.md: each row names a live test that there is."""
    rows = re.findall(
        r"^\|.*\| `(test_\w+)` \|$", (ROOT / "docs/origins.md").read_text(), re.MULTILINE
    )
    written = "".join(path.read_text() for path in (ROOT / "tests/live").glob("*/test_*.py"))
    assert len(rows) > 20
    assert [name for name in rows if f"def {name}(" not in written] == []
