"""What is installed: man page, completions, the one file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tracer.options.commands import COMMANDS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What write_docs.py writes, by name."""
    folder = tmp_path_factory.mktemp("docs")
    subprocess.run([sys.executable, ROOT / "packaging/write_docs.py", folder], check=True)
    return {path.name: path for path in folder.iterdir()}


def test_the_man_page_has_every_command_and_option(made):
    text = made["sigtrace.1"].read_text().replace("\\-", "-")
    assert all(name in text for name in COMMANDS)
    for option in ("--signal", "--to", "--children-of", "--died", "--follow"):
        assert option in text


@pytest.mark.parametrize(
    ("shell", "name"), [("bash", "sigtrace.bash"), ("zsh", "_sigtrace"), ("fish", "sigtrace.fish")]
)
def test_the_shell_takes_the_completions(made, shell, name):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    subprocess.run([shell, "-n", made[name]], check=True)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sigtrace rep", "replay"),
        ("sigtrace --sig", "--signal"),
        ("sigtrace --signal SIGK", "SIGKILL"),
        ("sigtrace --signal SIGTERM,SIGK", "SIGTERM,SIGKILL"),
        ("sigtrace --outcome d", "died"),
        ("sigtrace replay --fol", "--follow"),
    ],
)
def test_what_bash_offers(made, typed, offered):
    script = f"""
        . {made["sigtrace.bash"]}
        COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _sigtrace; printf "%s\\n" "${{COMPREPLY[@]}}"
    """
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert offered in run.stdout.split()


def test_installed_below_a_prefix_it_runs(tmp_path, made):
    environment = {
        **os.environ,
        "DESTDIR": str(tmp_path),
        "PREFIX": "/usr",
        "PYTHON": sys.executable,
    }
    command = [ROOT / "packaging/install-files.sh", "install", made["sigtrace.1"].parent]
    subprocess.run(command, check=True, env=environment)
    library = tmp_path / "usr/lib/sigtrace"
    code = f"import sys; sys.path.insert(0, {str(library)!r}); from tracer import cli; cli.main(['--version'])"
    run = subprocess.run(
        [sys.executable, "-IS", "-c", code], capture_output=True, text=True, cwd="/"
    )
    assert run.stdout.startswith("sigtrace "), run.stderr
    subprocess.run([command[0], "uninstall"], check=True, env=environment)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")}
    assert left == {"usr", "usr/bin", "usr/lib", "usr/share", "usr/share/man"}


def test_the_one_file_runs(tmp_path):
    target = tmp_path / "sigtrace"
    subprocess.run(
        [ROOT / "packaging/write-zipapp.sh", target], check=True, stdout=subprocess.DEVNULL
    )
    run = subprocess.run([target, "doctor"], capture_output=True, text=True, cwd="/")
    assert "core" in run.stdout, run.stderr


@pytest.mark.parametrize("page", ["sigtrace.1", "sigtrace-recording.5", "sigtrace-record.8"])
def test_groff_takes_the_man_page(made, page):
    if shutil.which("groff") is None:
        pytest.skip("groff is not here")
    command = ["groff", "-man", "-Tutf8", "-ww", "-k", made[page]]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stderr == ""


@pytest.mark.parametrize(
    ("markdown", "made_of_it"),
    [
        ("see [the format](a.md) of `x-y`", ".PP\nsee the format of \\fBx\\-y\\fR"),
        ("| a | b |\n|---|---|\n| `c` | d |", ".TP\na\nb\n.TP\n\\fBc\\fR\nd"),
        ("```sh\n.so x\n```", ".PP\n.nf\n.RS 4\n\\&.so x\n.RE\n.fi"),
        ("- one", '.IP "\\(bu" 2\none'),
        ("## Who's `it`", '.SH "WHO\\(aqS IT"'),
    ],
)
def test_markdown_as_a_man_page(monkeypatch, markdown, made_of_it):
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    from man_of_markdown import body

    assert body(f"# Title\n{markdown}\n") == made_of_it + "\n"


def test_a_launcher_lies_where_it_likes(tmp_path):
    """A path with blanks, or a long one, is none that a first line may name."""
    for place in ("with blanks 'and' \"quotes\" $HOME", "long" * 30):
        folder = tmp_path / place
        folder.mkdir()
        python = folder / "python"
        python.symlink_to(sys.executable)
        launcher = folder / "sigtrace"
        command = [sys.executable, ROOT / "packaging/write_launcher.py", launcher, ROOT, python]
        subprocess.run(command, check=True)
        run = subprocess.run([launcher, "--version"], capture_output=True, text=True)
        assert run.stdout.startswith("sigtrace "), run.stderr
