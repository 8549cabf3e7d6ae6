"""OTLP: each field against the published shape, what it says, and what becomes of it when nobody takes it."""

from __future__ import annotations

import json
import time

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sinks.otlp_schema import PUBLISHED
from tests.unit.sinks.receiver import Receiver, plain
from tests.unit.sinks.test_journal import NOON, death
from tracer.model.errors import Problem
from tracer.model.event import Failed, Loss, Process, Series, Signal, Statement
from tracer.sinks.aside import Aside
from tracer.sinks.hide import Hiding
from tracer.sinks.otlp import ERROR, INFO, WARN, Host, Otlp, record_of, severity_of
from tracer.sinks.post import GIVE_UP, Lines, Post, settings_of
from tracer.why.sentence import verdict_on

HERE = Host("web1", "ab" * 16, "6.1.0", "2.0")


class Taken:
    """A way that takes all, or nothing."""

    def __init__(self, missing=0):
        self.payloads, self.missing = [], missing

    def start(self):
        pass

    def deliver(self, payload, records):
        self.payloads.append(json.loads(payload))
        missing, self.missing = min(self.missing, records), 0
        return missing

    def hurry(self):
        pass

    def close(self):
        pass


def told(*events, whole=False, here=HERE, way=None):
    way = way or Taken()
    sink = Otlp(way, here, verdict_on, whole=whole)
    front = sink if whole else Hiding(sink)
    for event in events:
        front.write(event)
    front.close()
    for payload in way.payloads:
        jsonschema.validate(payload, PUBLISHED)
        _as_protobuf(payload)
    return [
        (plain(one["resource"]["attributes"]), record, plain(record["attributes"]))
        for payload in way.payloads
        for one in payload["resourceLogs"]
        for scope in one["scopeLogs"]
        for record in scope["logRecords"]
    ]


def _as_protobuf(payload):
    """The published schema itself, where it is installed (pip install opentelemetry-proto)."""
    try:
        from google.protobuf import json_format
        from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
    except ImportError:
        return
    json_format.ParseDict(payload, logs_service_pb2.ExportLogsServiceRequest())


def test_a_death_is_three_events():
    sent, end = death()
    signal, exit_, verdict = told(sent, end)
    assert [record["eventName"] for _, record, _ in (signal, exit_, verdict)] == [
        "process.signal",
        "process.exit",
        "sigtrace.verdict",
    ]
    assert signal[0] == {
        "service.name": "sigtrace",
        "service.version": "2.0",
        "host.name": "web1",
        "host.id": "ab" * 16,
        "os.type": "linux",
        "os.version": "6.1.0",
    }
    _, record, attributes = signal
    assert record["timeUnixNano"] == str(NOON)
    assert {name: attributes[name] for name in attributes if "sender" not in name} == {
        "event.name": "process.signal",
        "sigtrace.id": "s1",
        "sigtrace.source": "core",
        "sigtrace.signal.number": "9",
        "sigtrace.signal.name": "SIGKILL",
        "sigtrace.signal.origin": "kill",
        "sigtrace.signal.outcome": "delivered",
        "process.pid": "812",
        "sigtrace.process.comm": "nginx",
        "process.real_user.id": "0",
        "process.creation.time": "2025-11-24T15:59:51.000000000Z",
        "process.command_args": ["nginx"],
        "sigtrace.process.argv_cut": True,
        "process.linux.cgroup": "/system.slice/nginx.service",
        "sigtrace.unit": "nginx.service",
        "sigtrace.invocation": "f" * 32,
    }
    assert attributes["sigtrace.sender.pid"] == "991"
    assert attributes["sigtrace.sender.user.name"] == "root"
    assert attributes["sigtrace.sender.command_args"] == ["pkill"]
    assert attributes["sigtrace.sender.ancestors"] == [
        "deploy.sh[990]",
        "sshd[985]",
        "systemd[1]",
    ]
    assert exit_[2]["process.exit.time"].startswith("2025-11-24T16:00:00.0000010")
    assert verdict[2]["sigtrace.verdict"] == "killed"
    assert verdict[2]["sigtrace.confidence"] == "yes"
    assert verdict[2]["sigtrace.sender.pid"] == "991"


def test_arguments_leave_only_when_they_are_asked_for():
    secret = Statement(NOON, "t", "syslog", "command asked", text=b"COMMAND=x secret", details={"command": "x secret"})  # fmt: skip
    assert "secret" not in str(told(*death(), secret))
    assert str(told(*death(), secret, whole=True)).count("secret") >= 3


def test_an_exit_by_itself_has_its_code_and_a_signal_has_none():
    _, end = death()
    assert "process.exit.code" not in told(end)[0][2]
    by_itself = told(ended_with(3))
    assert by_itself[0][2]["process.exit.code"] == "3"


def ended_with(status):
    from tracer.model.event import Exit

    return Exit(NOON, "e2", "core", Process(5, 5, b"x"), status=status)


@pytest.mark.parametrize(
    ("event", "severity"),
    [
        (death(9)[1], WARN),
        (death(11)[1], ERROR),
        (death(15)[1], INFO),
        (death(11)[0], INFO),  # It may be handled.
        (ended_with(1), INFO),
        (Loss(NOON, "l", "core", 5, "ring"), WARN),
        (Failed(NOON, "f", "core", "kill", "EPERM", 9), INFO),
    ],
)
def test_severities(event, severity):
    assert severity_of(event) == severity
    assert record_of(event)["severityNumber"] == severity


def test_another_hosts_events_are_another_resource():
    sent, _ = death(host="db7")
    ((resource, _, _),) = told(sent)
    assert resource["host.name"] == "db7"
    assert "host.id" not in resource


def test_the_names_user_is_the_effective_one():
    same = death(process=Process(4, 4, b"a", uid=7, euid=7, user="ann"))[0]
    other = death(process=Process(4, 4, b"su", uid=7, euid=0, user="ann"))[0]
    assert told(same)[0][2]["process.user.name"] == "ann"
    attributes = told(other)[0][2]
    assert (attributes["process.user.id"], attributes["process.real_user.name"]) == ("0", "ann")
    assert "process.user.name" not in attributes


@settings(max_examples=30, deadline=None)
@given(
    st.binary(max_size=15),
    st.lists(st.binary(max_size=9), max_size=3),
    st.binary(max_size=40),
    st.integers(0, 2**64 - 1),
)
def test_any_name_is_of_the_published_shape(comm, argv, unit, address):
    process = Process(1, 2, comm, argv=tuple(argv), unit=unit, ns_pid=2**32 - 1, cgroup_id=address)
    told(Signal(NOON, "s", "core", 11, target=process, address=address), whole=True)


def test_what_was_not_taken_is_told_when_somebody_takes_again():
    way = Taken(missing=1)
    told(death()[0], way=way)
    assert [len(payload["resourceLogs"]) for payload in way.payloads] == [1]
    sink = Otlp(way := Taken(missing=2), HERE, verdict_on)
    sink.write(death()[0])
    sink.write(death()[0])
    sink._send()
    sink.close()
    last = way.payloads[-1]["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    assert last["eventName"] == "sigtrace.loss"
    assert plain(last["attributes"])["sigtrace.loss.count"] == "2"


def sent_to(receiver, events, environment=(), steady=time.monotonic, **facts):
    said = []
    post = Post(settings_of(receiver.url, dict(environment)), said.append, steady)
    aside = Aside(Otlp(post, HERE, verdict_on), "otlp", said.append, **facts)
    aside.start()
    for event in events:
        aside.write(event)
    aside.close()
    return said


def test_a_receiver_gets_it_zipped_with_the_headers_of_the_environment():
    environment = {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc,x-scope=1"}
    with Receiver() as receiver:
        assert sent_to(receiver, death(), environment) == []
    (_, body), *rest = receiver.got
    jsonschema.validate(body, PUBLISHED)
    assert rest == []
    assert receiver.paths == ["/v1/logs"]
    assert receiver.headers[0]["authorization"] == "Bearer abc"
    assert receiver.headers[0]["Content-Encoding"] == "gzip"
    assert receiver.headers[0]["Content-Type"] == "application/json"
    assert len(receiver.records()) == 3


def test_it_is_tried_again_while_the_collector_says_so():
    busy = (503, b"", {"Retry-After": "0"})
    with Receiver(busy, busy) as receiver:
        said = sent_to(receiver, death(), waits=True)
    assert [status for status, _ in receiver.got] == [503, 503, 200]
    assert len(receiver.records()) == 3
    (only,) = said
    assert "answers 503; tried again" in only


def test_what_is_refused_for_good_is_lost_and_told():
    with Receiver(*[(400, b"bad \x1b[2J", {})] * 9) as receiver:
        said = sent_to(receiver, death(), waits=True)
    assert "answers 400: bad \\x1b[2J; the records are given up" in said[0]
    assert "lost to it" in said[-1]


def test_what_the_collector_does_not_take_of_a_request_is_lost():
    answer = json.dumps({"partialSuccess": {"rejectedLogRecords": "2", "errorMessage": "old"}})
    with Receiver((200, answer.encode(), {})) as receiver:
        said = sent_to(receiver, death(), waits=True)
    assert "takes 2 of 3 records not: old" in said[0]


def test_nobody_there_the_loop_never_waits_and_the_end_is_soon():
    with Receiver() as gone:
        url = gone.url
    said = []
    aside = Aside(Otlp(Post(settings_of(url, {}), said.append), HERE, verdict_on), "otlp", said.append, room=10)  # fmt: skip
    aside.start()
    signals = [death()[0]] * 500
    for signal in signals:
        aside.write(signal)
    aside.write(Series(signals[0], [NOON + 1] * 4))
    aside.close()
    assert "connection refused" in said[0]
    (lost,) = [int(line.split()[1].replace(",", "")) for line in said if "lost to it" in line]
    # All of them, and a Loss that was to tell of it.
    assert 505 <= lost <= 520


def test_after_five_minutes_a_batch_is_given_up():
    with Receiver() as gone:
        url = gone.url
    clock = iter([0.0, GIVE_UP, GIVE_UP + 1])
    post = Post(settings_of(url, {}), lambda _words: None, lambda: next(clock))
    assert post.deliver(b"{}", 7) == 7


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("localhost:4318", "no address"),
        ("grpc://x:4317", "no address"),
        ("http://", "no address"),
        ("http://x:99999", "range"),
        ("https://me:secret@x/", "public"),
        ("https://x/?key=secret", "public"),
    ],
)
def test_addresses_that_are_none(url, why):
    with pytest.raises(Problem) as found:
        settings_of(url, {})
    assert why in found.value.why.lower()


@pytest.mark.parametrize("headers", ["abc", "a b=c", "a=%0d%0aX: y"])
def test_headers_that_are_none_are_not_shown(headers):
    with pytest.raises(Problem) as found:
        settings_of("http://x", {"OTEL_EXPORTER_OTLP_HEADERS": headers})
    assert headers not in str(found.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://x:4318", "http://x:4318/v1/logs"),
        ("http://x/otlp/", "http://x:80/otlp/v1/logs"),
        ("https://x/v1/logs", "https://x:443/v1/logs"),
    ],
)
def test_where_it_goes(url, words):
    assert settings_of(url, {}).words == words


def test_own_settings_go_before_those_of_all():
    both = {
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1000",
        "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "2000",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
    }
    settings = settings_of("http://x", both)
    assert (settings.timeout, settings.zipped) == (2.0, False)


def test_a_certificate_that_is_not_there_is_told():
    with pytest.raises(Problem, match="certificates"):
        settings_of("https://x", {"OTEL_EXPORTER_OTLP_CERTIFICATE": "/nowhere.pem"})


def test_lines_of_a_file_are_requests_and_a_rotated_file_is_left_alone(tmp_path):
    path = tmp_path / "signals.jsonl"
    lines = Lines(str(path))
    sink = Otlp(lines, HERE, verdict_on)
    sink.start()
    sink.write(death()[0])
    sink._send()
    path.rename(tmp_path / "old")
    sink.write(death()[1])
    sink.close()
    made = [
        json.loads(line)
        for one in (tmp_path / "old", path)
        for line in one.read_text().splitlines()
    ]
    assert len(made) == 2
    for one in made:
        jsonschema.validate(one, PUBLISHED)


def test_a_file_that_cannot_be_written_is_told_before_anything_is_traced(tmp_path):
    with pytest.raises(Problem, match="cannot write"):
        Lines(str(tmp_path / "no" / "file")).start()
