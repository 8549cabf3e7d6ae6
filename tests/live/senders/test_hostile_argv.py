"""Command lines made to do harm: they are cut, marked as cut, and shown without effect."""

from __future__ import annotations

import signal
import subprocess

import pytest
from harness import Trace
from scene import OURS, assert_death

pytestmark = pytest.mark.sources("core", reason="command lines are caught by CO-RE alone")
TERM = signal.SIGTERM
# bpf/sigtrace.h: what is kept of a sender's, and of a target's that was seen at exec.
ARGV_ROOM, EXEC_ROOM = 4096, 1024
ESCAPES = "\x1b[2J\x1b]0;pwned\x07\r\n%s%n\\x41{0}\u202e"
# MAX_ARG_STRLEN is 128 KiB (include/uapi/linux/binfmts.h): a megabyte takes several words.
MEGABYTE = ["m" * 100_000] * 10


def kill_with(target, *rest):
    """A shell whose own command line is long, and who sends with its own hand."""
    words = ["sh", "-c", f"kill -TERM {target.pid}; exit 0", *rest]
    assert subprocess.run(words, check=False, timeout=30).returncode == 0
    return words


def is_cut_from(shown, words):
    """What is shown are the first bytes of what was there, and only these."""
    whole = "\0".join(words) + "\0"
    return whole.startswith("\0".join(shown)) and len("\0".join(shown)) <= ARGV_ROOM


def test_a_megabyte(trace, victim):
    target = victim("die")
    running = trace(*OURS)
    words = kill_with(target, *MEGABYTE)
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["sender"]["argv_cut"] is True
    assert is_cut_from(event["sender"]["argv"], words)
    assert len("".join(event["sender"]["argv"])) > ARGV_ROOM * 9 // 10
    assert_death(running, event, target.wait())
    running.end()
    assert running.status == 0
    assert "Traceback" not in running.said


@pytest.mark.parametrize("spare", [-1, 0, 1])
def test_exactly_as_much_as_there_is_room_for(spare, trace, victim):
    """At the last byte that fits nothing is cut, and nothing is said to be; one more, and it is."""
    target = victim("die")
    running = trace(*OURS)
    fixed = sum(len(word) + 1 for word in ["sh", "-c", f"kill -TERM {target.pid}; exit 0"])
    words = kill_with(target, "w" * (ARGV_ROOM + spare - fixed - 1))
    assert sum(len(word) + 1 for word in words) == ARGV_ROOM + spare
    event = running.signal_to(target.pid, "SIGTERM")
    if spare <= 0:
        assert event["sender"]["argv"] == words
        assert "argv_cut" not in event["sender"]
    else:
        assert event["sender"]["argv_cut"] is True
        assert is_cut_from(event["sender"]["argv"], words)
    running.end()


def test_the_target_has_a_megabyte_and_is_gone(trace):
    """argv kept from exec on has less room; the target is dead when anybody could look."""
    running = trace(*OURS)
    words = ["sh", "-c", "kill -TERM $$", *MEGABYTE]
    target = subprocess.Popen(words)
    status = target.wait()
    assert status == -TERM
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["target"]["argv_cut"] is True
    assert is_cut_from(event["target"]["argv"], words)
    assert_death(running, event, status)
    running.end()


def test_anothers_target_is_cut_as_it_was_kept(trace, tmp_path):
    running = trace(*OURS)
    words = ["sh", "-c", "echo ready; read x", "k" * (EXEC_ROOM * 2)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as target:
        assert target.stdout.readline() == b"ready\n"
        target.terminate()
        assert target.wait() == -TERM
    event = running.signal_to(target.pid, "SIGTERM")
    argv = event["target"]["argv"]
    # Either the kernel's part alone, and it says that it is one, or all of it from /proc.
    assert argv == words or event["target"].get("argv_cut") is True
    assert is_cut_from(argv, words)
    running.end()


def test_escape_sequences(trace, victim, source):
    target = victim("ignore")
    running = trace(*OURS)
    tables = [
        Trace(source, [*map(str, OURS), *options], json_lines=False)
        for options in ((), ("--wide",), ("--brief",))
    ]
    words = kill_with(target, ESCAPES, "a\nb", "", "'; rm -rf /nowhere; '")
    event = running.signal_to(target.pid, "SIGTERM")
    # docs/json.md: a backslash that was typed before xNN is doubled.
    assert event["sender"]["argv"] == [word.replace("\\x", "\\\\x") for word in words]
    running.end()
    assert b"\x1b" not in running.text
    assert running.text.isascii()
    for table in tables:
        table.end()
        shown = table.text.decode()
        assert str(target.pid) in shown
        assert all(letter.isprintable() for letter in shown.replace("\n", ""))
        assert "Traceback" not in table.said


def test_bytes_that_are_no_text(trace, victim):
    target = victim("die")
    running = trace(*OURS)
    words = [b"sh", b"-c", f"kill -TERM {target.pid}; exit 0".encode(), b"\xff\xfe\x80", b"\xc3("]
    subprocess.run(words, check=True, timeout=30)
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["sender"]["argv"][3:] == [r"\xff\xfe\x80", r"\xc3("]
    running.end()


def test_no_nul_is_left(trace, victim, program):
    """One word without an end goes on into the environment, as a title does: what ps shows, get_mm_cmdline()."""
    target = victim("die")
    running = trace(*OURS)
    words = [program("argv"), "nonul", str(target.pid), str(int(TERM)), "secret" * 10]
    subprocess.run(words, check=True, timeout=30, env={"AFTER": "shown by ps", "NEXT": "not"})
    event = running.signal_to(target.pid, "SIGTERM")
    room = sum(len(word) + 1 for word in words)
    assert event["sender"]["argv"] == ["x" * room + "AFTER=shown by ps"]
    assert "NEXT" not in str(event)
    assert_death(running, event, target.wait())
    running.end()


def test_argv_that_changes_while_it_is_read(trace, victim, program):
    target = victim("die")
    running = trace(*OURS)
    words = [program("argv"), "rewrite", str(target.pid), str(int(TERM)), *["z" * 90] * 300]
    child = subprocess.Popen(words)
    assert child.wait() == 0
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["sender"]["pid"] == child.pid
    assert event["sender"]["argv_cut"] is True
    assert len("\0".join(event["sender"]["argv"])) <= ARGV_ROOM
    assert_death(running, event, target.wait())
    running.end()
    assert running.status == 0
    assert ", 0 lost" in running.said


def test_argv_that_is_not_in_memory(trace, victim, program, cannot_run):
    """A page that is not there cannot be read at this moment: what came before it is shown, and marked."""
    target = victim("die")
    running = trace(*OURS)
    child = subprocess.Popen([program("argv"), "absent", str(target.pid), str(int(TERM))])
    if child.wait() == 77:
        cannot_run("this kernel was built without CONFIG_CHECKPOINT_RESTORE")
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["sender"]["pid"] == child.pid
    assert event["sender"]["argv"] == ["first", "second"]
    assert event["sender"]["argv_cut"] is True
    assert_death(running, event, target.wait())
    running.end()


def test_no_argv_at_all(trace):
    """execve(2) with an empty argv: the kernel gives the program one empty word (since v5.18)."""
    running = trace(*OURS)
    code = (
        "import ctypes, os; "
        "ctypes.CDLL(None).execve(b'/bin/cat', (ctypes.c_char_p * 1)(), (ctypes.c_char_p * 1)())"
    )
    target = subprocess.Popen(
        ["/usr/bin/python3", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    target.stdin.write(b"x")
    assert target.stdout.read(1) == b"x"
    target.terminate()
    assert target.wait() == -TERM
    event = running.signal_to(target.pid, "SIGTERM")
    assert event["target"]["comm"] == "cat"
    assert event["target"].get("argv", [""]) == [""]
    assert_death(running, event, -TERM)
    running.end()
    target.communicate()
