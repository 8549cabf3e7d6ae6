"""``sigtrace replay`` given what is no log, or a hostile one: said in three lines, kept, never acted upon."""

import json

import audit_logs as logs
import pytest
from audit_logs import replay, shown

from tracer.flow.source import every
from tracer.model.errors import Problem
from tracer.sources.logs.files import find_logs
from tracer.sources.logs.other_forms import looks_like


def test_errors_are_kept(log, tmp_path):
    kept = tmp_path / "kept"
    path = log(
        logs.kill(1, 801)
        + b"type=\xff\x1b[2J junk\n"
        + logs.kill(2, 802).replace(b"a1=9", b"a1=zz")
    )
    assert len(shown(path, "--errors", kept)) == 1
    text = kept.read_bytes()
    assert b"type=\xff\x1b[2J junk\n" in text
    assert b"audit.log:4: " in text
    assert b"audit.log:5: the signal's number" in text
    assert b"\x1b" not in replay(path).stderr


@pytest.mark.parametrize("words", [(), ("--wide",), ("--brief",), ("--json",)])
def test_nothing_in_a_log_or_its_name_acts_on_a_terminal(words, log):
    evil = b'\x1b[31m\x07"\xc2\x9b'
    text = logs.kill(1, 801).replace(b"auid=1000", b"auid=1000 tty=" + evil)
    text = text.replace(b'key="k"', b'key="k"\x1dUID="%s"' % evil)
    text += logs.target(2).replace(b"opid=801", b"opid=" + evil)
    text += b"node=" + evil + b" " + logs.kill(3, 801, comm=evil[:9])
    text += (
        b"type=SYSCALL msg=audit(12/25/2017 19:52:55.088:1) : arch=x86_64 syscall=kill success=no "
    )
    text += b"exit=EPERM a0=1 a1=SIGTERM ppid=1 pid=2 uid=%s comm=%s exe=/x key=(null)\n" % (
        evil,
        evil,
    )
    done = replay(*words, log(text, "audit\x1b[31m.log"))
    none = replay(*words, log(b"hello", "none\x1b[31m.log"))
    assert (done.returncode, none.returncode) == (0, 2)
    told = (done.stdout + done.stderr + none.stderr).decode()
    assert [letter for letter in told if not letter.isprintable() and letter != "\n"] == []
    if words == ("--json",):
        assert len([json.loads(line) for line in done.stdout.splitlines()]) > 3


@pytest.mark.parametrize(
    ("text", "like"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\x7fELF\0\0", "program"),
        (b'\n{"v": 1, "event": "signal"}\n', "sigtrace's own JSON"),
        (bytes(range(256)), "binary"),
        (b"LPKSHHRH\0", "journal"),
        (b"hello\n", "text"),
        (b"\xff\xfet\0", "UTF-16"),
    ],
)
def test_a_file_without_records_says_what_it_looks_like(text, like, log):
    path = log(text)
    done = replay(path)
    assert done.returncode == 2
    assert done.stdout == b""
    said = done.stderr.decode().splitlines()
    assert len(said) == 3
    assert like in said[1]
    assert like in looks_like(str(path), anything=True)


@pytest.mark.parametrize(("text", "why"), [(b"", "is empty"), (b"hello\n", "holds something else")])
def test_a_pipe_without_records_says_whether_anything_came(text, why):
    """ausearch that finds nothing writes nothing."""
    done = replay("-", input=text)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines()[1] == f"  why: standard input {why}"


def test_a_folder_without_records_names_its_files(log, tmp_path):
    log(b"hello", "notes.txt")
    said = replay(tmp_path).stderr.decode().splitlines()
    assert said[1].endswith("notes.txt looks like some other text")


def test_missing_and_unreadable_files(tmp_path):
    done = replay(tmp_path / "none.log")
    assert done.returncode == 2
    assert "no such file" in done.stderr.decode()
    with pytest.raises(Problem):
        find_logs([str(tmp_path)])


def test_of_two_calls_of_one_event_the_one_that_can_be_read(log):
    """Damage has made another of the first."""
    good = logs.kill(1, 801)
    for damaged in (b"arch=c000003 ", b"arch="):
        bad = logs.call(1).replace(b"arch=c000003e ", damaged).replace(b"syscall=62", b"syscal")
        (told,) = logs.signals(logs.events(log(bad + good)))
        assert told.target.pid == 801


def test_a_call_that_cannot_be_told_is_a_line_that_is_not_understood(log):
    source = logs.source(log(logs.kill(1, 801).replace(b" syscall=62", b"")))
    assert not logs.signals(every(source))
    assert source.tallies[0].bad == 1
