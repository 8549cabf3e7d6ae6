"""Fields, names of calls, dates and lines of audit records, one trouble at a time."""

import time

import audit_logs as logs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.audit import calls, fields, record
from tracer.audit.gaps import Gap, Gaps
from tracer.audit.lines import LineReader
from tracer.audit.meaning import signal_number
from tracer.audit.rules import only_signal, recommended, rules_file
from tracer.lines import dates
from tracer.lines.dates import DateStyle
from tracer.lines.mend import is_cut, mended


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        (b'comm="bash" exe="/bin/bash"', b"exe", b'"/bin/bash"'),
        (b"a0=1 a0=2", b"a0", b"1"),
        (b'key="x"ARCH=x86_64 SYSCALL=kill', b"ARCH", b"x86_64"),
        (b'res=1AUID="unset" UID="root"', b"res", b"1"),
        (b'res=1AUID="unset" UID="root"', b"UID", b'"root"'),
        (b'ocomm="x"OAUID="a" OUID="b"', b"OUID", b'"b"'),
        (b'subj="a;pid=0;b" pid=7', b"pid", b"7"),
        (b'comm="a" exe="/usr/', b"exe", None),
        ("日uid=-1 ouid=5".encode(), b"ouid", b"5"),
        (b"pid=5\x1dUID=x", b"pid", b"5"),
    ],
)
def test_field(body, name, value):
    assert fields.parse_fields(body).get(name) == value


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (b'"bash"', b"bash"),
        (b"746D75783A", b"tmux:"),
        (b"(null)", None),
        (b'"(null)"', None),
        (b'""', None),
        (b"DEAD1", b"DEAD1"),
        (None, None),
    ],
)
def test_text(value, meant):
    assert fields.text(value) == meant


def test_interpreted_text_is_never_hex():
    assert fields.text(b"CAFE", interpreted=True) == b"CAFE"


@pytest.mark.parametrize(
    ("value", "pid"),
    [
        (b"fffee49c", -72548),
        (b"fffffffffffee49c", -72548),
        (b"0xfffee49c", -72548),
        (b"ffffffff", -1),
        (b"0", 0),
        (b"5e03", 24067),
        (b"zz", None),
        (b"", None),
        (b"1" * 30, None),
        (None, None),
    ],
)
def test_pid_argument(value, pid):
    assert fields.pid_argument(value) == pid


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (b"9", 9),
        (b"12", 18),
        (b"0xf", 15),
        (b"SIGTERM", 15),
        (b"SIG0", 0),
        (b"IGPWR", 30),
        (b"unknown-signal(0x28)", 40),
        (b"zz", None),
        (b"SIGNOPE", None),
        (None, None),
    ],
)
def test_signal_number(value, number):
    assert signal_number(value) == number


@pytest.mark.parametrize("value", [b"4294967295", b"-1", b"unset", b"root", b"", b"1e3", b"9" * 20])
def test_unset_and_absurd_numbers_are_unknown(value):
    assert fields.identity(value) is None


@pytest.mark.parametrize(
    ("arch", "number", "name"),
    [
        (b"c000003e", b"62", "kill"),
        (b"c000003e", b"129", "rt_sigqueueinfo"),
        (b"c00000b7", b"129", "kill"),
        (b"40000003", b"37", "kill"),
        (b"c00000b7", b"37", None),
        (b"c00000b7", b"200", None),
        (b"c000003e", b"1073742348", "rt_sigqueueinfo"),
        (b"x86_64", b"kill", "kill"),
        (b"deadbeef", b"62", None),
        (b"c000003e", b"9" * 40, None),
        (None, b"62", "kill"),
    ],
)
def test_call(arch, number, name):
    call = calls.call_of(arch, number)
    assert (call.name if call else None) == name


@pytest.mark.parametrize(
    ("text", "style", "iso"),
    [
        (b"12/25/2017 19:52:55.088", DateStyle(), "2017-12-25 19:52:55"),
        (b"25/12/2017 19:52:55.088", DateStyle(), "2017-12-25 19:52:55"),
        (b"04/08/2019 06:58:12.308", DateStyle(day_first=True), "2019-08-04 06:58:12"),
        (b"25.12.2017 19:52:55.088", DateStyle(), "2017-12-25 19:52:55"),
        (b"2017-12-25 19:52:55.088", DateStyle(), "2017-12-25 19:52:55"),
        (b"12/25/17 07:52:55.088 PM", DateStyle(), "2017-12-25 19:52:55"),
    ],
)
def test_local_dates(text, style, iso):
    moment = dates.local(text, style)
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment // 10**9)) == iso
    assert moment % 10**9 in (88_000_000, 308_000_000)


@pytest.mark.parametrize(
    "text", [b"13/13/2017 19:52:55.088", b"nonsense", b"99/99/9999 99:99:99.1", b""]
)
def test_no_dates(text):
    assert dates.local(text, DateStyle()) is None


def test_a_syslog_date_without_year_is_the_last_such_day():
    now = 1_700_000_000 * 10**9  # 14 November 2023
    style = DateStyle(now=now)
    assert (
        time.localtime(dates.prefix_time(b"Nov 14 01:00:00 host", style) // 10**9).tm_year == 2023
    )
    assert (
        time.localtime(dates.prefix_time(b"Dec 24 01:00:00 host", style) // 10**9).tm_year == 2022
    )


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"> > ",
        b"\xe3\x80\x80",
        b"Nov 23 01:48:24 host kernel: audit: ",
        b"Nov 23 01:48:24 host kernel: [   50.655958] audit: ",
        b"[  284.925674][   T35] audit: ",
        b"2023-11-14T22:20:00+01:00 host audispd: node=web ",
        b"<5>[ 12.5] audit: ",
    ],
)
def test_prefixes(before):
    one = LineReader(DateStyle()).record(before + b"type=1300 msg=audit(1.000:7): arch=c000003e")
    assert one is not None
    assert (one.type, one.stamp.serial, one.body) == (record.SYSCALL, 7, b"arch=c000003e")


@pytest.mark.parametrize(
    "before",
    [
        b"Nov 23 01:48:24 host bob: audit: ",
        b"Nov 23 01:48:24 host sshd[7]: error: kernel: audit: ",
        b"he wrote: ",
    ],
)
def test_other_peoples_words_are_no_records(before):
    assert (
        LineReader(DateStyle()).record(before + b"type=1300 audit(1.000:7): arch=c000003e") is None
    )


def test_wrapped_records_are_joined_and_other_lines_are_not():
    head = b"type=SYSCALL msg=audit(1.000:7): arch=c000003e sysc"
    lines = [
        head,
        b"all=62 success=yes",
        b" a0=1",
        b"Is this bad?",
        b"type=EOE msg=audit(1.000:7): ",
    ]
    got = [line for _, line in mended(enumerate(lines, 1))]
    assert got[0] == b"type=SYSCALL msg=audit(1.000:7): arch=c000003e syscall=62 success=yes a0=1"
    assert got[1] == b"Is this bad?"
    assert len(list(mended([(1, b"no record"), (2, b"a0=1")]))) == 2


@pytest.mark.parametrize("width", range(60, 140, 7))
def test_records_wrapped_inside_words_are_joined(width):
    text = logs.call(7).rstrip(b"\n")
    lines = [text[at : at + width] for at in range(0, len(text), width)]
    assert [line.split() for _, line in mended(enumerate(lines, 1))] == [text.split()]


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        (b"type=SYSCALL", b"msg=audit(1.000:7): a0=1"),
        (b"Nov 23 01:48:41 h kernel: audit: type=1701", b"audit(1.000:7): sig=11"),
        (b"> type=UNKNOWN[1423] ", b"> msg=audit(1.000:7): a0=1"),
    ],
)
def test_records_broken_before_their_stamp_are_joined(head, rest):
    (got,) = mended(enumerate([head, rest], 1))
    assert got == (1, head.rstrip() + b" " + rest.lstrip(b"> "))


@pytest.mark.parametrize(
    ("line", "cut"),
    [
        (b"type=SYSCALL msg=audit(1.000:7): arch=c000003e syscall=62", True),
        (b'type=SYSCALL msg=audit(1.000:7): exe="/bin', True),
        (b"type=SYSC", True),
        (b'type=OBJ_PID msg=audit(1.000:7): opid=5 ocomm="x"', False),
        (b"type=OBJ_PID msg=audit(1.000:7): opid=5 oauid=-1", True),
        (b"type=DAEMON_END msg=audit(1.000:7): op=terminate auid=0", True),
        (b"type=DAEMON_END msg=audit(1.000:7): op=terminate auid=0 pid=7 res=success", False),
        (b'type=ANOM_ABEND msg=audit(1.000:7): auid=0 uid=0 comm="x"', True),
        (b"the end", False),
    ],
)
def test_is_cut(line, cut):
    assert is_cut(line) is cut


def gaps_of(serials):
    gaps = Gaps()
    found = [gap for serial in serials for gap in gaps.feed(serial, serial)]
    return found + list(gaps.end())


def test_gaps():
    assert gaps_of(range(1, 100)) == []
    assert gaps_of([*range(1, 50), *range(53, 100)]) == [Gap(49, 3)]
    assert gaps_of([*range(1, 50), 52, 51, 50, *range(53, 100)]) == []
    assert gaps_of([*range(1, 50), 52, 50, *range(53, 200)]) == [Gap(50, 1)]
    assert gaps_of(range(1, 1000, 7)) == []
    assert gaps_of([*range(20_000, 20_050), *range(1, 50)]) == []


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(1, 90)), max_size=8))
def test_gaps_taken_in_runs_are_the_same(runs):
    gaps = Gaps()
    found = [
        gap
        for first, count in runs
        for gap in gaps.run(first, first + count - 1, first, first + count - 1)
    ]
    serials = [serial for first, count in runs for serial in range(first, first + count)]
    assert found + list(gaps.end()) == gaps_of(serials)


def test_rules_cover_every_call_for_both_word_sizes():
    text = "\n".join(recommended())
    for call in calls.CALLS:
        for word in ("b64", "b32"):
            assert any(
                f"arch={word}" in rule
                and call.name in rule.replace(",", " ").split()
                and f"a{call.signal}!=0" in rule
                for rule in recommended()
            ), (call.name, word)
    assert text in rules_file()
    assert [rule for rule in recommended(["tgkill"]) if "tgkill" not in rule] == []


def test_rules_narrowed_to_one_signal_are_recognised():
    assert only_signal([b"auditctl", b"-a", b"always,exit", b"-S", b"kill", b"-F", b"a1=9"]) == 9
    assert only_signal([b"auditctl", b"-S", b"kill", b"-F", b"a1!=0"]) is None
    assert only_signal([b"auditctl", b"-S", b"kill"]) is None
    for word in (b"a1=09", b"a1=" + b"9" * 4400, b"a1=0x" + b"f" * 40):
        assert only_signal([b"auditctl", b"-S", b"kill", b"-F", word]) is None
