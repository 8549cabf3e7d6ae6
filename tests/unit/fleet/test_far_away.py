"""What a command tells elsewhere, from its options on."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.unit.sinks.receiver import Receiver, plain
from tests.unit.sinks.test_journal import death
from tracer import cli
from tracer.model.frozen import replace
from tracer.model.spelling import to_object


@pytest.fixture
def trace(tmp_path):
    """What --json printed of a death, and a storm."""
    path = tmp_path / "trace.json"
    events = [replace(event, host="web7") for event in death()]
    path.write_text("".join(json.dumps(to_object(event)) + "\n" for event in events))
    return path


def test_a_replay_tells_all_ways_at_once(trace, tmp_path):
    lines, prom = tmp_path / "out.jsonl", tmp_path / "out.prom"
    with Receiver() as receiver:
        words = ["--otlp", receiver.url, "--otlp-file", str(lines), "--metrics", str(prom)]
        assert cli.main(["replay", str(trace), "--json", *words]) == 0
    by_net = receiver.resources_and_records()
    assert [record["eventName"] for _, record in by_net] == [
        "process.signal",
        "process.exit",
        "sigtrace.verdict",
    ]
    assert plain(by_net[0][0]["attributes"])["host.name"] == "web7"
    (line,) = lines.read_text().splitlines()
    assert json.loads(line)["resourceLogs"][0]["scopeLogs"][0]["scope"]["name"] == "sigtrace"
    assert "secret" not in lines.read_text()
    assert 'sigtrace_deaths_total{signal="SIGKILL",cause="killed",unit="nginx.service"} 1' in (
        prom.read_text()
    )


def test_arguments_are_told_when_asked_for(trace, tmp_path):
    lines = tmp_path / "out.jsonl"
    words = ["--otlp-file", str(lines), "--arguments"]
    assert cli.main(["replay", str(trace), "--json", *words]) == 0
    assert "secret" in lines.read_text()


def test_a_collector_that_is_away_does_not_fail_the_command(trace, capfd, monkeypatch):
    monkeypatch.setattr("tracer.sinks.post.GIVE_UP", 0.1)
    with Receiver() as gone:
        url = gone.url
    assert cli.main(["replay", str(trace), "--json", "--otlp", url]) == 0
    error = capfd.readouterr().err
    assert "connection refused; tried again" in error
    assert "otlp: 4 events found no way out" in error or "otlp: 3 events found no way out" in error


def test_nothing_of_it_is_loaded_unless_asked_for():
    code = "import sys, tracer.cli, tracer.commands.live, tracer.commands.record, tracer.commands.recorded, tracer.commands.logs; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert loaded.isdisjoint({"http.client", "ssl", "gzip", "socketserver", "duckdb", "tabulate"})
    assert not [name for name in loaded if name in ("tracer.sinks.otlp", "tracer.fleet.away")]


@pytest.mark.parametrize("option", ["--otlp", "--otlp-file", "--metrics", "--metrics-listen"])
def test_an_empty_word_is_no_way_out(trace, option, capfd):
    """--otlp "$URL", where nobody has set it: nothing was told anywhere, and nothing said."""
    assert cli.main(["replay", str(trace), "--json", option, ""]) == 2
    assert option in capfd.readouterr().err
