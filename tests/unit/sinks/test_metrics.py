"""Metrics: what is counted, that labels have an end, the file and the port; promtool(1) reads them where it is."""

from __future__ import annotations

import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.unit.sinks.test_journal import NOON, death
from tracer.model.errors import Problem
from tracer.model.event import Earlier, Loss, Oom, Process, Series
from tracer.model.frozen import replace
from tracer.sinks.metrics import OTHER, UNITS, Metrics
from tracer.sinks.publish import EVERY, Port, TextFile
from tracer.why.sentence import verdict_on


def counted(*events):
    metrics = Metrics(verdict_on)
    for event in events:
        metrics.write(event)
    return metrics.text()


def rows(text):
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


def checked(text):
    """What promtool says of it, with names and types; None where there is none."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here: Debian package prometheus")
    run = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def some():
    sent, end = death()
    oom, _ = death(origin="oom", sender=None, oom=Oom("cgroup"))
    again, _ = death(escalates=Earlier("x", 15, 1000))
    same = Series(sent, [NOON + 1, NOON + 2])
    series = Series(sent, [NOON + 1])
    folded = replace(sent, count=40)
    return (sent, end, oom, again, same, series, folded, Loss(NOON, "l", "core", 7, "ring"))


def test_everything_is_counted_once():
    found = rows(counted(*some()))
    unit = 'unit="nginx.service"'
    assert found == {
        f'sigtrace_signals_total{{signal="SIGKILL",origin="kill",{unit}}}': "47",
        f'sigtrace_signals_total{{signal="SIGKILL",origin="oom",{unit}}}': "1",
        f'sigtrace_deaths_total{{signal="SIGKILL",cause="killed",{unit}}}': "1",
        f'sigtrace_oom_kills_total{{scope="cgroup",{unit}}}': "1",
        f"sigtrace_escalations_total{{{unit}}}": "1",
        'sigtrace_lost_total{where="ring"}': "7",
        f"sigtrace_last_death_timestamp_seconds{{{unit}}}": "1764000000.0",
    }


def test_promtool_has_nothing_against_it():
    hostile = death(process=Process(1, 1, b"x", unit=b'a"b\\c\nd\xff.service'))
    assert checked(counted(*some(), *hostile)) == (0, "")


def test_units_have_an_end():
    events = [
        death(process=Process(n, n, b"x", unit=b"u%d.service" % n))[0] for n in range(UNITS + 50)
    ]
    found = rows(counted(*events))
    assert len(found) == UNITS + 1
    assert found[f'sigtrace_signals_total{{signal="SIGKILL",origin="kill",unit="{OTHER}"}}'] == "50"


@pytest.mark.parametrize(
    ("unit", "label"),
    [
        (b"session-12.scope", "session-*.scope"),
        (b"session-c3.scope", "session-*.scope"),
        (b"run-u812.service", "run-*.service"),
        (b"docker-0123456789abcdef0123.scope", "docker-*.scope"),
        (b"nginx.service", "nginx.service"),
        (b"postgresql@15-main.service", "postgresql@15-main.service"),
        (b"user@1000.service", "user@1000.service"),
    ],
)
def test_units_made_by_the_thousand_are_one(unit, label):
    text = counted(death(process=Process(1, 1, b"x", unit=unit))[0])
    assert f'unit="{label}"' in text


def test_no_pid_and_no_name_is_a_label():
    text = counted(*some())
    assert "812" not in text.replace("1764", "")
    assert "pkill" not in text


def test_the_file_is_moved_into_place(tmp_path):
    path = tmp_path / "sigtrace.prom"
    now = [0.0]
    metrics = Metrics(verdict_on, [TextFile(str(path), pytest.fail, lambda: now[0])])
    metrics.start()
    before = path.stat().st_ino
    metrics.write(death()[0])
    metrics.flush()
    assert path.stat().st_ino == before
    assert metrics.due() == EVERY
    now[0] = EVERY
    metrics.flush()
    assert path.stat().st_ino != before
    assert rows(path.read_text())
    metrics.close()
    assert [one.name for one in tmp_path.iterdir()] == ["sigtrace.prom"]


def test_a_folder_that_is_gone_is_told_once_and_ends_nothing(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    said, now = [], [0.0]
    metrics = Metrics(verdict_on, [TextFile(str(folder / "m.prom"), said.append, lambda: now[0])])
    metrics.start()
    (folder / "m.prom").unlink()
    folder.rmdir()
    for now[0] in (EVERY, 2 * EVERY):
        metrics.flush()
    metrics.close()
    assert len(said) == 1
    with pytest.raises(Problem, match="cannot write"):
        metrics.start()


def test_the_port_answers_one_path():
    port = Port("0")
    metrics = Metrics(verdict_on, [port])
    metrics.start()
    metrics.write(death()[0])
    with urllib.request.urlopen(f"http://127.0.0.1:{port.port}/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert answer.read().decode() == metrics.text()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{port.port}/")
    taken = f"127.0.0.1:{port.port}"
    with pytest.raises(Problem, match="cannot listen"):
        Port(taken)
    metrics.close()


@pytest.mark.parametrize("address", ["x", "", "1:2:x", "99999", "host:-1"])
def test_addresses_that_are_none(address):
    with pytest.raises(Problem, match="--metrics-listen"):
        Port(address)
