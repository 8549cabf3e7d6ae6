"""What a run came to: every signal in one row, every death with the signal it is of."""

from __future__ import annotations

import io
import json

import pytest
from fakes import signal
from hypothesis import given
from hypothesis import strategies as st

from tracer.model.event import Ancestor, Exit, Failed, Oom, Process, Series, lost
from tracer.sinks.summary import open_summary
from tracer.sinks.tally import Row, Tally, again, key_of

SECOND = 10**9
CRON = (Ancestor(702, b"cron"), Ancestor(1, b"systemd"))
PKILL = (b"pkill", b"-9", b"-x", b"orders-api")
ORDERS = (b"/usr/bin/python3", b"/srv/orders-api", b"100000")


def kill(at, pid, sender=None, **fields):
    """One of many alike, each by another process of another."""
    sender = sender or Process(9000 + at, comm=b"pkill", argv=PKILL, ancestors=CRON)
    target = Process(pid, comm=b"python3", argv=ORDERS, unit=b"orders.service")
    return signal(at * SECOND, 9, id=f"{at}", sender=sender, target=target, origin="kill", **fields)


def end_of(one, **fields):
    return Exit(
        one.time + 1000,
        f"x{one.id}",
        "fake",
        one.target,
        number=9,
        cause=one.id,
        after_ns=1000,
        **fields,
    )


def drill():
    """Three kills, a crash loop, an OOM kill, noise."""
    for n in range(3):
        one = kill(100 + 20 * n, 50 + n)
        yield one
        yield end_of(one)
    for n in range(5):
        crashed = Process(70 + n, comm=b"python3", argv=(b"python3", b"crashy.py"))
        one = signal((100 + 3 * n) * SECOND, 11, id=f"c{n}", origin="fault", target=crashed)
        yield one
        yield Exit(one.time, f"cx{n}", "fake", crashed, number=11, cause=one.id)
    yield signal(
        130 * SECOND,
        9,
        id="oom",
        origin="oom",
        oom=Oom("cgroup", b"/system.slice/billing.service"),
        target=Process(99, comm=b"billing"),
    )
    noise = signal(100 * SECOND, 10, id="64-n", sender=Process(5, comm=b"noise"))
    yield Series(noise, [101 * SECOND, 107 * SECOND])


def summary(*events, as_json=False, width=None):
    stream = io.StringIO()
    sink = open_summary(stream, as_json, width)
    sink.start()
    for event in events:
        sink.write(event)
    sink.flush()
    assert stream.getvalue() == ""
    sink.close()
    return stream.getvalue()


def test_an_outage_at_a_glance():
    lines = summary(*drill()).splitlines()
    table = [" ".join(line.split()) for line in lines[2:8]]
    assert table == [
        "COUNT EVERY SIGNAL FROM TO DIED SINCE",
        f"5 3 s SIGSEGV own fault crashy.py 5 {since(lines, 'SIGSEGV')}",
        f"3 20 s SIGKILL pkill -9 -x orders-api ← cron orders-api 100000 3 {since(lines, 'pkill')}",
        f"3 SIGUSR1 noise app {since(lines, 'SIGUSR1')}",
        f"1 SIGKILL OOM killer (billing.service) billing {since(lines, 'OOM')}",
        "",
    ]
    assert "12 signals, 8 deaths" in lines[0]
    assert lines[8].startswith("top senders: own fault 5, ")
    assert lines[9] == "top units: orders.service 3"


@pytest.mark.parametrize("width", [60, 66, 80, 100, 200])
def test_no_row_is_wider_than_the_terminal(width):
    lines = summary(*drill(), width=width).splitlines()
    assert max(map(len, lines)) <= width
    titles = next(line for line in lines if "COUNT" in line).split()
    assert titles == [
        *["COUNT", "EVERY", "SIGNAL", "FROM", "TO", "DIED"],
        *["SINCE"] * (width >= 70),
    ]
    assert all(f" {word}" in "\n".join(lines) for word in ("pkill", "own", "OOM", "noise"))


def since(lines, word):
    return next(line for line in lines if word in line).split()[-1]


def test_the_same_as_an_object():
    told = json.loads(summary(*drill(), as_json=True))
    assert (told["event"], told["signals"], told["deaths"], told["lost"]) == ("summary", 12, 8, 0)
    assert sum(row["count"] for row in told["rows"]) == 12
    by_pkill = next(row for row in told["rows"] if row["sender"].startswith("pkill"))
    assert (by_pkill["every_ns"], by_pkill["died"]) == (20 * SECOND, 3)
    assert by_pkill["first"] == "1970-01-01T00:01:40.000000000Z"


def test_nothing_happened():
    assert summary() == "no signals and no deaths\n"
    assert json.loads(summary(as_json=True))["rows"] == []


def test_the_number_that_a_command_names_is_no_difference():
    keys = set()
    for pid in (31, 32):
        sender = Process(7, comm=b"kill", argv=(b"kill", b"-9", b"%d" % pid))
        keys.add(key_of(kill(1, pid, sender)))
    assert keys == {("SIGKILL", "kill -9 PID", "orders-api 100000")}
    within = Process(7, comm=b"sh", argv=(b"sh", b"-c", b"kill -9 31; kill 314 -31"))
    assert key_of(kill(1, 31, within))[1] == "sh -c 'kill -9 PID; kill 314 -PID'"


def test_a_refused_send_is_no_signal():
    refused = Failed(5, "f", "fake", "kill", "EPERM", 9, Process(5, comm=b"x"), Process(6))
    told = json.loads(summary(refused, as_json=True))
    assert told["signals"] == 0
    assert [row["signal"] for row in told["rows"]] == ["SIGKILL EPERM"]


def test_a_death_of_which_nobody_knows_the_sender():
    end = Exit(5, "x", "fake", Process(6, comm=b"y"), number=9)
    told = json.loads(summary(end, lost(6, "fake", None, "ring"), as_json=True))
    assert [(row["sender"], row["died"]) for row in told["rows"]] == [("-", 1)]
    assert "lost" not in told


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([0, 20, 40, 60], "again, 3 times, every 20 s"),
        ([0, 19, 41, 60], "again, 3 times, every 20 s"),
        ([0, 20], "again, once"),
        ([0, 1, 59, 60], "again, 3 times"),
        ([5, 5, 5], "again, 2 times"),
    ],
)
def test_how_often(times, words):
    row = Row(("", "", ""), None)
    row.add(at * SECOND for at in times)
    assert again(row) == words


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.booleans(), st.booleans()), max_size=60
    )
)
def test_each_signal_and_each_death_is_counted_once(sent):
    tally, deaths = Tally(), 0
    for at, (by, pid, dies, twice) in enumerate(sent, 1):
        one = kill(at, pid, Process(by, comm=b"by%d" % by))
        tally.add(Series(one, [one.time + 1]) if twice else one)
        if dies:
            deaths += 1
            tally.add(end_of(one))
    assert sum(row.count for row in tally.rows.values()) == tally.signals
    assert tally.signals == len(sent) + sum(twice for *_, twice in sent)
    assert sum(row.died for row in tally.rows.values()) == tally.deaths == deaths
    assert sum(tally.senders.values()) == sum(tally.origins.values()) == tally.signals
