"""Words of a replay's filter that fitted nobody, and the names nearest to them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tracer import cli
from tracer.flow.ends import parse_terms, parse_values
from tracer.flow.filter import Filter
from tracer.flow.unfit import Unfit
from tracer.model.event import Process, Series, Signal, lost

NGINX = Process(20, 20, b"nginx", uid=33, user="www-data", unit=b"nginx.service")
KILL = Process(7, 7, b"kill", uid=0, user="root", argv=(b"kill", b"20"))
SENT = Signal(1, "1", "test", number=15, sender=KILL, target=NGINX)


def told(events, **words):
    unfit = Unfit(Filter(**words))
    for event in events:
        unfit.note(event)
    return list(unfit.words())


def sentence(option, word, near=""):
    return f"--{option} {word} fits nobody in what was read{near}"


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ({"target": parse_terms("ngix,kill", "--to")}, [sentence("to", "ngix", "; near: nginx")]),
        ({"sender": parse_terms("4711", "--from")}, [sentence("from", "4711")]),
        ({"either": parse_terms("nginx", "--pid")}, []),
        ({"target": parse_terms("!ngix", "--to")}, []),
        ({"values": parse_values("uid", "rot")}, [sentence("user", "rot", "; near: root")]),
        ({"values": parse_values("user", "root")}, []),
        ({"values": parse_values("unit", "ngin")}, [sentence("unit", "ngin", "; near: nginx.service")]),
        ({}, []),
    ],
)  # fmt: skip
def test_each_word_that_fits_nobody_is_named(words, lines):
    for events in ([SENT], [Series(SENT, [2, 3])], [lost(1, "test", 3, "ring"), SENT]):
        assert told(events, **words) == lines


@pytest.fixture
def log(tmp_path):
    line = (
        "type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=62 success=yes exit=0 a0=14 a1=f "
        'ppid=1 pid=7 auid=0 uid=0 gid=0 euid=0 comm="kill" exe="/bin/kill" key="sigtrace" UID="root"\n'
        'type=OBJ_PID msg=audit(1364481363.243:24287): opid=20 oauid=-1 ouid=33 oses=-1 ocomm="nginx"\n'
        "type=EOE msg=audit(1364481363.243:24287):\n"
    )
    file = tmp_path / "audit.log"
    file.write_text(line)
    return file


def test_a_replay_that_shows_nothing_names_them(log, capfd):
    assert cli.main(["replay", "--to", "ngnix", str(log)]) == 0
    said = capfd.readouterr().err
    assert "no signal is shown: 1 other did not fit" in said
    assert sentence("to", "ngnix", "; near: nginx") in said
    assert cli.main(["replay", "--to", "nginx", str(log)]) == 0
    assert "fits nobody" not in capfd.readouterr().err


def test_what_lies_in_the_past_is_not_followed(log):
    """It ends by itself: whoever waits for it would wait for ever."""
    command = [sys.executable, "-m", "tracer", "replay", "-f", str(log), "--until", "2020-01-01"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "not followed: --until lies in the past" in run.stderr
    assert "read " in run.stderr


def test_a_standard_input_that_cannot_be_read_is_not_called_empty(tmp_path):
    with open(tmp_path / "out", "wb") as write_only:
        command = [sys.executable, "-m", "tracer", "replay", "-"]
        run = subprocess.run(command, stdin=write_only, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "cannot read standard input" in run.stderr
    assert "open for writing alone" in run.stderr


def test_standard_input_goes_by_its_name(log):
    with open(log, "rb") as file:
        command = [sys.executable, "-m", "tracer", "replay", "-"]
        run = subprocess.run(command, stdin=file, capture_output=True, text=True, check=True)
    assert "read standard input: 3 records" in run.stderr
