"""The command line: what is wrong with it is said in three lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tracer import cli
from tracer.flow.pipeline import Totals
from tracer.model.errors import AS_ROOT, Problem
from tracer.model.signals import EVERY, names_of
from tracer.options import commands, early, meaning
from tracer.options.live import wanted_of
from tracer.options.option import names_of as options_named
from tracer.options.option import read_plain
from tracer.options.table import Live
from tracer.sources.ladder import NoSource
from tracer.sources.shape import Shape
from tracer.sources.wanted import shape_of
from tracer.terminal.output import summary, wants_colour


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--signal", "99"], "--signal '99'"),
        (["--signal", "BOGUS"], "--signal 'BOGUS'"),
        (["--duration", "x"], "--duration 'x'"),
        (["--duration", "0"], "--duration '0'"),
        (["--count", "0"], "--count '0'"),
        (["--count", "0"], "from 1 on"),
        (["--pid", "-1"], "--pid '-1' is no pid"),
        (["--user", "no-such-user"], "sigtrace: 'no-such-user' is no user of this host"),
        (["--user", "\udcff"], "is no user of this host"),
        (["--uid", "4294967295"], "--uid '4294967295'"),
        (["--children-of", "0"], "--children-of '0'"),
        (["--children-of", "4194305"], "from 1 to 4194304"),
        (["--ready-fd", "1"], "--ready-fd '1'"),
        (["--ready-fd", "987"], "Bad file descriptor"),
        (["--count", "many"], "--count 'many'"),
        (["--buffer", "1"], "--buffer '1'"),
        (["--buffer", "2T"], "--buffer '2T'"),
        (["--from", ""], "--from ''"),
        (["--uid", "no-such-user"], "sigtrace: 'no-such-user' is no user"),
        (["--outcome", "gone"], "--outcome 'gone'"),
        (["--origin", "gone"], "--origin 'gone'"),
        (["--ready-fd", "x"], "--ready-fd 'x'"),
        (["--bogus"], "--bogus"),
        (["--bare", "--children-of", "1"], "--children-of cannot be decided with --bare"),
        (["--unit", "nginx", "--bare"], "--unit cannot be decided with --bare"),
        (["--to", "a,/usr/bin/x", "--bare"], "/usr/bin/x' cannot be decided with --bare"),
        (["--source", "magic"], "--source"),
        (["kill"], "'kill' is no command"),
        (["wyh", "nginx"], "try: sigtrace why nginx"),
        (["repaly"], "try: sigtrace replay"),
        (["help", "repaly"], "try: sigtrace replay"),
        (["top", "nginx", "--died"], "try: sigtrace top --to nginx --died"),
        (["record", "-d", "5", "nginx"], "try: sigtrace record -d 5 --to nginx"),
        (["record", "--max-size", "5"], "it is no size from 1M on"),
        (
            ["replay", "--since", "5 min ago", "--until", "1 h ago"],
            "--since '1 h ago' --until '5 min ago'",
        ),
        (
            ["why", "--since", "5 min ago", "--until", "1 h ago"],
            "--since '1 h ago' --until '5 min ago'",
        ),
        (["nginx"], "try: sigtrace why nginx for what ended it, sigtrace --to nginx"),
        (["9"], "try: sigtrace --signal 9, or sigtrace why 9"),
        (["--signal", "TREM"], "near: TERM"),
        (["--outcome", "survivd"], "near: survived"),
        (["--origin", "parent-deaht"], "near: parent-death"),
        (["--source", "cor"], "try: sigtrace --source core"),
        (["replay", "--", "-x"], "try: sigtrace replay --help"),
        (["why", "/etc/passwd"], "try: sigtrace why /"),
        (["why", sys.executable], f"try: sigtrace why {Path(sys.executable).name}, for"),
    ],
)
def test_bad_arguments(words, named, capsys):
    assert cli.main(words) == 2
    error = capsys.readouterr().err
    assert named in error
    assert [line.split(":")[0].strip() for line in error.splitlines()] == ["sigtrace", "why", "try"]
    assert "Traceback" not in error


@pytest.mark.parametrize("words", ["why x -", "report - -o page.html"])
def test_what_is_broken_off_is_no_answer(words, tmp_path):
    """Status 0 is a certain answer of why, and a written page of report."""
    # A shell that runs this beside others has SIGINT ignored, and Python then leaves it so.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tracer import cli; cli.main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", code, *words.split()],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=environment,
    ) as run:  # fmt: skip
        wait_until_it_reads(run.pid)
        run.send_signal(signal.SIGINT)
        assert run.wait(30) == -signal.SIGINT
        assert run.stderr.read() == b"sigtrace: broken off\n"
    assert not (tmp_path / "page.html").exists()


def wait_until_it_reads(pid):
    """Until it is in read(2) of its standard input: proc_pid_syscall(5); 0 on x86-64, 63 on arm64."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            call = Path(f"/proc/{pid}/syscall").read_text().split()
        except OSError:
            call = []
        if call[1:2] == ["0x0"] and call[0] in ("0", "63"):
            return
        time.sleep(0.01)
    pytest.skip("it cannot be seen what a process waits for: /proc/PID/syscall")


def test_what_needs_root_is_told_as_it_was_typed(monkeypatch, capsys):
    """Also where several sources say so: each line can be pasted."""
    refused = Problem("cannot trace", "this needs CAP_BPF", AS_ROOT)

    def refuse(_words):
        raise NoSource({"core": refused, "bcc": refused})

    monkeypatch.setattr(cli, "_run", refuse)
    assert cli.main(["--to", "a b"]) == 2
    tries = [line for line in capsys.readouterr().err.splitlines() if "try:" in line]
    assert tries == ["    try: sudo sigtrace --to 'a b'"] * 2


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (None, 8 << 20),
        ("4096", 4096),
        ("64k", 65536),
        ("8M", 8 << 20),
        ("5MiB", 8 << 20),
        ("1G", 1 << 30),
    ],
)
def test_buffer_sizes(text, size):
    assert meaning.buffer_of(text) == size


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["-s", "9", "--signal", "TERM"], {9, 15}),
        (["-s", "!CHLD", "-s", "!9"], EVERY - {9, 17}),
        (["-s", "1-3,!2", "-s", "9"], {1, 3, 9}),
    ],
)
def test_a_list_given_again_goes_on(words, wanted):
    parsed = commands.parse(commands.live_parser(), Live, words)
    assert meaning.filter_of(parsed).signals == wanted


def test_outcomes_and_origins_given_again_are_alternatives():
    words = ["--outcome", "ignored", "--outcome", "blocked", "--origin", "tty", "--origin", "oom"]
    chosen = meaning.filter_of(commands.parse(commands.live_parser(), Live, words))
    assert (chosen.outcomes, chosen.origins) == ({"ignored", "blocked"}, {"tty", "oom"})


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({9}, "SIGKILL"),
        ({1, 2, 9}, "SIGHUP, SIGINT, SIGKILL"),
        ({9, *range(34, 65)}, "SIGKILL, SIGRTMIN..SIGRTMAX"),
        (EVERY, "SIGHUP..SIGRTMAX"),
        (set(), "nothing"),
    ],
)
def test_names_of_signals(numbers, words):
    assert names_of(frozenset(numbers)) == words


@pytest.mark.parametrize(("size", "words"), [(4096, "4K"), (65536, "64K"), (8 << 20, "8M")])
def test_the_summary_names_the_buffer_as_it_is_typed(size, words):
    assert f"--buffer (now {words})" in summary(Totals(1, 0, 2, 3.0), size)
    assert meaning.buffer_of(words) == size


def test_the_summary_counts_attempts_apart():
    assert summary(Totals(3, 2, 0, 1.0)).startswith("1 signal and 2 attempts shown, 0 lost")


@pytest.mark.parametrize(
    ("lost", "things", "told"),
    [
        (0, (), "0 lost"),
        (None, (("signal", 5),), "some lost"),
        (1, (("signal", 1),), "1 signal lost"),
        (
            10_152,
            (("description", 5081), ("signal", 5071)),
            "5,071 signals and 5,081 descriptions lost",
        ),
        (
            6,
            (("signal", 1), ("death", 2), ("audit event", 3)),
            "1 signal, 2 deaths and 3 audit events lost",
        ),
    ],
)
def test_what_is_lost_is_not_added_up(lost, things, told):
    assert f"shown, {told}, 1.0 s" in summary(Totals(3, 0, lost, 1.0, things=things))


@pytest.mark.parametrize("term", ["", "dumb", None])
def test_a_terminal_that_can_do_nothing_gets_no_colour(term, monkeypatch):
    monkeypatch.setattr("sys.stdout", type("Tty", (), {"isatty": lambda _: True})())
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert wants_colour()
    monkeypatch.delenv("TERM") if term is None else monkeypatch.setenv("TERM", term)
    assert not wants_colour()


def test_help_names_every_option_and_command(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for command in commands.COMMANDS:
        assert f"  {command}" in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_mistake_of_ours_is_no_traceback(monkeypatch, capsys):
    monkeypatch.setattr(commands, "read_plain", None)
    assert cli.main([]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert cli.main(["-vv"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["why", "report", "replay"])
def test_a_mistake_of_any_command_is_shown_with_vv(name, monkeypatch, capsys):
    monkeypatch.setattr(f"{commands.COMMANDS[name].module}.run", None)
    assert cli.main([name, "/nonexistent/x"]) == 2
    told = capsys.readouterr().err
    assert "the same with -vv" in told
    assert "Traceback" not in told
    assert cli.main([name, "/nonexistent/x", "-vv"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["why", "report", "replay"])
def test_a_missing_file_is_answered_with_the_same_command(name, capsys):
    assert cli.main([name, "/nonexistent/x"]) == 2
    told = capsys.readouterr().err
    assert "cannot read '/nonexistent/x'" in told
    assert told.endswith(f"  try: sigtrace {name} /var/log/audit/audit.log\n")


def test_problems_are_three_lines():
    assert str(Problem("a", "b", "c")).splitlines() == ["sigtrace: a", "  why: b", "  try: c"]


# Values that mean something, for options for which "1" does not.
VALUES = {"--buffer": "64K", "--source": "core", "--outcome": "died", "--origin": "kill"}
NAMED = [
    "--to nginx",
    "--to=nginx",
    "--to 1,2",
    "--not-to 1",
    "--pid 7",
    "--pid 7,x",
    "--uid root",
    "--uid 0,33",
    "--from !7",
]


def shape_for(words):
    plain = read_plain(Live, words) or read_plain(Live, [*words, "1"])
    assert plain is not None
    return shape_of(wanted_of(plain, meaning.filter_of(plain)))


@pytest.mark.parametrize("typed", [*NAMED, "--to nginx --failed", "--bare --to nginx"])
def test_a_start_knows_whether_words_are_asked_of_ends(typed):
    """What serves a trace of words serves one without, and takes longer to load."""
    words = typed.split()
    guessed = Shape(**early.looks_like(words))
    assert guessed.serves(shape_for(words))
    assert typed == "--not-to 1" or guessed == shape_for(words)


def test_a_shape_serves_itself_and_less_that_is_asked():
    plain, judged = Shape(), Shape(judged=True)
    assert plain.serves(plain)
    assert judged.serves(plain)
    assert not plain.serves(judged)
    assert not judged.serves(Shape(refused=True))


@pytest.mark.parametrize("name", sorted({*options_named(Live), *early.HELP, *early.VERSION}))
def test_a_start_knows_the_shape_of_its_programs_where_a_word_tells_it(name):
    """What a start goes by before it reads the options: the shape that each of them asks for."""
    words = [name, *([VALUES[name]] if name in VALUES else [])]
    if name in (*early.HELP, *early.VERSION):
        assert early.looks_like(words) is None
        return
    takes_one = name not in VALUES and read_plain(Live, words) is None
    differs = early.looks_like([*words, "1"] if takes_one else words)
    if differs is None:
        assert name == "--buffer"
    else:
        assert Shape(**differs).serves(shape_for(words))
        assert name == "--not-to" or Shape(**differs) == shape_for(words)
    assert early.looks_best(words) == (name != "--source")


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_a_command_is_a_row_and_a_module(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([name, "--help"])
    assert stopped.value.code == 0
    assert commands.COMMANDS[name].help in " ".join(capsys.readouterr().out.split())


def test_nobody_reads_what_is_said_and_the_status_is_what_it_is(tmp_path):
    """``sigtrace … 2>&1 | head -1``: Python would make 120 of it."""
    record = (
        "type=SYSCALL msg=audit(1700000000.100:1): arch=c000003e syscall=62 success=yes exit=0 a0=259 a1=f "
        'a2=0 a3=0 items=0 ppid=1 pid=501 auid=1000 uid=0 comm="alpha" exe="/bin/alpha"\n'
    )
    log = tmp_path / "audit.log"
    log.write_text(record)
    reading, writing = os.pipe()
    os.close(reading)
    # As packaging/write_launcher.py starts it.
    root = str(Path(__file__).parents[2])
    code = f"import sys; sys.path.append({root!r}); from tracer import __main__"
    command = [sys.executable, "-IS", "-c", code, "replay", "--json", str(log)]
    done = subprocess.run(command, stdout=writing, stderr=writing, stdin=subprocess.DEVNULL)
    os.close(writing)
    assert done.returncode == 0


@pytest.mark.parametrize("words", ["help", "--version", "why --help", "doctor", "audit-rules"])
def test_what_finds_no_room_is_told_in_three_lines(words):
    """Of a text that fits a buffer, too: that is written when Python ends, which has no words for it."""
    command = [sys.executable, "-m", "tracer", *words.split()]
    with open("/dev/full", "w") as full:
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.splitlines() == [
        "sigtrace: cannot write to standard output",
        "  why: no space left on device",
        "  try: make room, and start again",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["why"], ["why", "--json"], ["why", "app"], ["replay"], ["replay", "-w"], ["replay", "--json"], ["replay", "--summary"],
        ["report", "--markdown"], ["doctor"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_closed_standard_output_is_said(tmp_path, words):
    """What is opened next would have its number; sys.stdout is None then."""
    log = tmp_path / "kern.log"
    log.write_text("Nov 27 12:00:00 web3 kernel: app[12]: segfault at 0 ip 7f sp 7f error 4\n")
    files = [] if words == ["doctor"] else [str(log)]
    line = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "tracer", *words, *files]
    done = subprocess.run(line, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "standard output is closed" in done.stderr
    assert "mistake" not in done.stderr


def test_a_closed_standard_error_is_nowhere(monkeypatch, capsys):
    """The BPF compiler of bcc is overheard there, and its messages would go into whatever was opened next."""
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.main(["why", ""]) == 2
    assert sys.stderr.name == "/dev/null"
    sys.stderr.close()
