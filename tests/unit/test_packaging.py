"""What is installed: man page, completions, the one file."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import zipfile
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
    assert ".B sigtrace why\n[options] [WHAT|FILE ...]" in text
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
        ("sigtrace --signal TERM,K", "TERM,KILL"),
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


@pytest.fixture
def named():
    """A process that runs on until the test ends, by the name that it has given itself; it says when it has it."""
    script = """import ctypes, sys
ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)  # PR_SET_NAME, linux/prctl.h
print(flush=True)
sys.stdin.read()
"""
    running = []

    def start(name):
        command = [sys.executable, "-c", script, name]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        running.append(process)

    yield start
    for process in running:
        process.communicate()


@pytest.mark.parametrize(
    ("shell", "ask"),
    [
        (
            "bash",
            '. {made}; COMP_WORDS=(sigtrace --to {typed}); COMP_CWORD=2; _sigtrace; printf "%s\\n" "${{COMPREPLY[@]}}"',
        ),
        ("fish", "source {made}; complete -C 'sigtrace --to {typed}'"),
    ],
)
def test_a_name_is_offered_and_never_run(made, named, tmp_path, shell, ask):
    """A process chooses its name, and root presses TAB."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    named("nc-harmless")
    named("$(>nc-ran)")
    named("nc`>nc-ran`")
    named("nc\x1b[2J")

    def offered(typed):
        script = ask.format(made=made[f"sigtrace.{shell}"], typed=typed)
        command = [shell, "-c", script]
        run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        return [line.split("\t")[0] for line in run.stdout.split("\n") if line]

    assert offered("nc") == ["nc-harmless"]
    assert "nc-harmless" in offered('""')
    assert not list(tmp_path.iterdir())


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
    # -I -S: nothing but what python3 and the file have.
    summary = [
        sys.executable,
        "-IS",
        target,
        "replay",
        "--summary",
        ROOT / "tests/data/audit/calls-ppc64le.log",
    ]
    run = subprocess.run(summary, capture_output=True, text=True, cwd="/")
    assert "COUNT" in run.stdout, run.stderr
    # The python3 of Ubuntu 20.04 is 3.8, of RHEL 8 3.6: they read its first file alone.
    code = f"import runpy, sys; sys.version_info = (3, 6, 8); runpy.run_path({str(target)!r}, run_name='__main__')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/")
    assert run.returncode == 2
    assert run.stderr.startswith(
        f"sigtrace: this Python is too old\n  why: it is {sys.version.split()[0]}, and"
    )
    ast.parse(zipfile.ZipFile(target).read("__main__.py"), feature_version=(3, 4))


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


def stand_ins(folder, **scripts):
    """Programs that stand before the real ones on PATH."""
    for name, script in scripts.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize(("old", "status"), [("", 0), ("fail", 1)])
def test_where_libbpf_is_old_the_object_is_empty(tmp_path, old, status):
    if not Path("/usr/include/bpf/bpf_helpers.h").exists():
        pytest.skip("needs libbpf-dev")
    environment = stand_ins(tmp_path, clang="exit 1")
    target = tmp_path / "made.o"
    run = subprocess.run(
        [ROOT / "packaging/compile.sh", target, "clang", "-c", "x.c"],
        env={**environment, "OLD": old},
        capture_output=True,
        text=True,
    )
    assert run.returncode == status
    assert "libbpf here is older than 1.0" in run.stdout
    assert target.exists() is (status == 0)


APT_GET = """
echo "$*" >> "$log"
case "$*" in *--print-uris*) echo "The following NEW packages will be installed:
  clang libllvm
0 upgraded
Need to get 70 MB of archives.
After this operation, 300 MB of additional disk space will be used." ;;
install*) printf 'Unpacking %s\\nSetting up %s\\n' clang clang libllvm libllvm ;; esac
"""


def test_setup_says_what_it_loads_and_goes_on_without_what_cannot_be_had(tmp_path):
    log = tmp_path / "log"
    environment = stand_ins(
        tmp_path,
        dpkg_query='case "$*" in *clang|*libbpf1) ;; *) echo installed ;; esac',
        apt_cache='case "$2" in libbpf1) echo "  Candidate: (none)" ;; *) echo "  Candidate: 1" ;; esac',
        apt_get=APT_GET,
        sudo='exec "$@"',
    )
    command = [ROOT / "packaging/install-packages.sh", "run"]
    run = subprocess.run(
        command, env={**environment, "log": str(log)}, capture_output=True, text=True, check=True
    )
    assert [line.split(None, 1)[1] for line in run.stdout.splitlines()] == [
        "update",
        "libbpf1 cannot be had here: kernels before 6.4 are traced through bcc, else audit",
        "to install: clang",
        "to load: 70 MB of archives.",
        "on the disk: 300 MB of additional disk space will be used.",
        "4 of 4 steps",
        "to take it away again: apt-get purge clang libllvm",
    ]
    installs = [line for line in log.read_text().splitlines() if "install" in line]
    assert ["--print-uris" in line for line in installs] == [True, False]
    assert all("libbpf1" not in line for line in installs)
