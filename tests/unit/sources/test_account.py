"""What is said after a replay: each file once, and why there are no rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

KILL = (
    "type=SYSCALL msg=audit(1700000000.100:1): arch=c000003e syscall=62 success=yes exit=0 a0=259 a1=f a2=0 a3=0 "
    "items=0 ppid=9 pid=501 auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 "
    'fsgid=1000 tty=pts0 ses=3 comm="alpha" exe="/usr/bin/alpha" key="k"\n',
    'type=OBJ_PID msg=audit(1700000000.100:1): opid=601 oauid=1000 ouid=1000 oses=3 ocomm="beta"\n',
)
FAILED = "Nov 20 07:32:05 web3 systemd[1]: web.service: Failed with result 'timeout'.\n"
QUIET = "Nov 20 07:32:05 web3 cron[77]: a day like any other\n"


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tracer", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def said(folder, text, *options):
    log = folder / "a.log"
    log.write_text(text)
    answer = run("replay", log, *options)
    assert answer.returncode == 0
    return answer.stderr.replace(f"{folder}/", "").splitlines()


def test_a_file_whose_records_were_read_is_not_said_to_have_none(tmp_path):
    numbered = "".join(f"{number}:{line}" for number, line in enumerate(KILL, 100))
    lines = said(tmp_path, numbered)
    assert any("2 records" in line and line.endswith("1 signal") for line in lines)
    assert not [line for line in lines if "no audit records" in line or "0 signals" in line]


def test_what_other_lines_tell_is_told_apart_from_the_records(tmp_path):
    records = "".join(f"Nov 20 07:32:04 web3 kernel: audit: {line}" for line in KILL)
    lines = said(tmp_path, records + FAILED, "--year", "2023")
    assert [line for line in lines if "read a.log" in line and line.endswith("1 signal")]
    assert "sigtrace: other lines of a.log: 0 signals, 1 statement" in lines


def test_a_log_that_tells_of_no_signal_is_said_to(tmp_path):
    (line,) = said(tmp_path, QUIET)
    assert line == "sigtrace: read a.log: 0 signals: no line tells of a signal or a death"


@pytest.mark.parametrize(
    ("options", "is_said"),
    [(("--to", "gamma"), True), (("--to", "beta"), False), ((), False), (("--signal", "9"), True)],
)
def test_a_filter_that_nothing_fits_is_said(tmp_path, options, is_said):
    wanted = "sigtrace: no signal is shown: 1 other did not fit the options"
    assert (wanted in said(tmp_path, "".join(KILL), *options)) is is_said


def test_a_period_without_a_moment_is_refused(tmp_path):
    log = tmp_path / "a.log"
    log.write_text("".join(KILL))
    answer = run("replay", log, "--since", "now", "--until", "yesterday")
    assert answer.returncode == 2
    assert answer.stderr.startswith("sigtrace: --until 'yesterday' lies before --since 'now'\n")


def test_the_hour_of_why_ends_with_the_time_that_was_asked_for(tmp_path):
    log = tmp_path / "a.log"
    log.write_text(
        'type=ANOM_ABEND msg=audit(1700000000.500:7): auid=0 uid=0 gid=0 ses=1 pid=55 comm="web" '
        'exe="/bin/web" sig=11 res=1\n'
    )
    assert "web" in run("why", log, "--until", "@1700000060").stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_search_for_records_in_an_endless_file_can_be_stopped(number):
    with subprocess.Popen(
        [sys.executable, "-m", "tracer", "replay", "/dev/zero"], stderr=subprocess.PIPE
    ) as replay:
        try:
            while "/dev/zero" not in _open_in(replay.pid):
                assert replay.poll() is None
            replay.send_signal(number)
            replay.wait(60)
        finally:
            replay.kill()
        assert b"Traceback" not in replay.stderr.read()


def _open_in(pid):
    names = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            names.add(os.readlink(f"/proc/{pid}/fd/{fd}") if int(fd) > 2 else "")
        except OSError:  # closed meanwhile
            continue
    return names
