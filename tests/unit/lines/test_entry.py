"""Lines of every form → entries: when, on which host, by whom, what; and who is believed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.lines.dates import DateStyle
from tracer.lines.entry import EntryReader, entries_of, of_journal
from tracer.lines.mend import mended, numbered
from tracer.lines.months import month_of

NOW = 1_764_000_000 * 10**9  # 2025-11-24T16:00:00Z
AT = 1_763_158_400 * 10**9  # 2025-11-14T22:13:20Z
STYLE = DateStyle(now=NOW)


def read(text, style=STYLE):
    return list(entries_of(numbered(text.encode().splitlines()), style, "a.log"))


# line, time, since boot, host, tag, pid, text
LINES = [
    ("Nov 14 22:13:20 web1 nginx[812]: bye", AT, None, b"web1", b"nginx", 812, b"bye"),
    ("<30>Nov 14 22:13:20.25 web1 nginx[812]: bye", AT + 250_000_000, None, b"web1", b"nginx", 812, b"bye"),
    ("Nov 14 22:13:20 nginx[812]: bye", AT, None, None, b"nginx", 812, b"bye"),
    ("Nov 14 22:13:20 web1 kernel: [ 12.500000] oops", AT, 12_500_000_000, b"web1", b"kernel", None, b"oops"),
    ("2025-11-14T23:13:20+01:00 web1 cron[1]: x: y", AT, None, b"web1", b"cron", 1, b"x: y"),
    ("2025-11-14T22:13:20.000001+0000 web1 (sd-pam)[9]: x", AT + 1000, None, b"web1", b"(sd-pam)", 9, b"x"),
    ("Fri 2025-11-14 22:13:20 UTC web1 a.service[4]: x", AT, None, b"web1", b"a.service", 4, b"x"),
    ("1763158400.000001 web1 a[4]: x", AT + 1000, None, b"web1", b"a", 4, b"x"),
    ("22:13:20 web1 a[4]: x", 1_763_936_000 * 10**9, None, b"web1", b"a", 4, b"x"),
    ("<34>1 2025-11-14T22:13:20Z web1 su 77 ID1 [o@1 n=\"a]b\\\"\"][p@1] x", AT, None, b"web1", b"su", 77, b"x"),
    ("<34>1 - - su - - - x", None, None, None, b"su", None, b"x"),
    ("[  834.411251] init[1]: segfault at 0", None, 834_411_251_000, None, b"kernel", None, b"init[1]: segfault at 0"),
    ("<6>[    1.5][    T9] usb 1-1: new", None, 1_500_000_000, None, b"kernel", None, b"usb 1-1: new"),
    ("kern  :info  : [ 1.5] usb", None, 1_500_000_000, None, b"kernel", None, b"usb"),
    ("[ 2.0] systemd[1]: Stopping", None, 2 * 10**9, None, b"systemd", 1, b"Stopping"),
    ("[ 2.0] systemd[1]: segfault at 0", None, 2 * 10**9, None, b"kernel", None, b"systemd[1]: segfault at 0"),
    ("[ 2.0] web1 kernel: usb", None, 2 * 10**9, b"web1", b"kernel", None, b"usb"),
    ("[ 2.0] web1 systemd[1]: x", None, 2 * 10**9, b"web1", b"systemd", 1, b"x"),
    ("[ 2.0] Web Content[7]: segfault at 0", None, 2 * 10**9, None, b"kernel", None, b"Web Content[7]: segfault at 0"),
    ("[Fri Nov 14 22:13:20 2025] usb", AT, None, None, b"kernel", None, b"usb"),
    ("[五 11月 14 22:13:20 2025] usb", AT, None, None, b"kernel", None, b"usb"),
    ("2025-11-14 22:13:20.5 +0000 UTC - systemd - Stopped a.", AT + 500_000_000, None, None, b"systemd", None, b"Stopped a."),
    ("11월 14 22:13:20 web1 a[4]: x", AT, None, b"web1", b"a", 4, b"x"),
    ("> Nov 14 22:13:20 web1 a[4]: x", AT, None, b"web1", b"a", 4, b"x"),
    ("Fri Nov 14 22:13:20 2025 kern.info kernel: [ 12.5] x", AT, 12_500_000_000, None, b"kernel", None, b"x"),
    ("Nov 14 22:13:20 ap2 daemon.err a[4]: x", AT, None, b"ap2", b"a", 4, b"x"),
    ("messages.1:Nov 14 22:13:20 web1 a[4]: x", AT, None, b"web1", b"a", 4, b"x"),
    # Programs' own logs: the form tells who speaks.
    ("[2025-11-14 23:13:20 +0100] [18] [ERROR] x", AT, None, None, b"gunicorn", 18, b"x"),
    ("2025-11-14 22:13:20 [18] [CRITICAL] x", AT, None, None, b"gunicorn", 18, b"x"),
    ("jobs_1  | [2025-11-14 22:13:20,250: ERROR/MainProcess] x", AT + 250_000_000, None, None, b"celery", None, b"x"),
    ("[14-Nov-2025 22:13:20] WARNING: x", AT, None, None, b"php-fpm", None, b"x"),
    ("[14-Nov-2025 22:13:20.250000] WARNING: pid 7, fpm_bury(), line 2: x", AT + 250_000_000, None, None, b"php-fpm", 7, b"x"),
    ("2025/11/14 22:13:20 [notice] 217#217: *3 x", AT, None, None, b"nginx", 217, b"x"),
    ("[Fri Nov 14 22:13:20.250000 2025] [core:notice] [pid 7:tid 8] x", AT + 250_000_000, None, None, b"httpd", 7, b"x"),
    ("[Fri Nov 14 22:13:20 2025] [notice] x", AT, None, None, b"httpd", None, b"x"),
    ("db_1  | 2025-11-14 22:13:20.250 UTC [7] LOG:  x", AT + 250_000_000, None, None, b"postgres", 7, b"LOG:  x"),
    ("2025-11-14 22:13:20,250 INFO exited: web (x)", AT + 250_000_000, None, None, b"supervisord", None, b"exited: web (x)"),
    ("2025-11-14 22:13:20,250 WARN received x", AT + 250_000_000, None, None, b"supervisord", None, b"received x"),
    ("Fri Nov 14 22:13:20 2025 - x", AT, None, None, b"uwsgi", None, b"x"),
    ("[7] 14 Nov 22:13:20.250 # x", AT + 250_000_000, None, None, b"redis-server", 7, b"x"),
    ("7:M 14 Nov 2025 22:13:20.250 * x", AT + 250_000_000, None, None, b"redis-server", 7, b"x"),
    ("7:signal-handler (1763158400) x", AT, None, None, b"redis-server", 7, b"x"),
    ("[UTC Nov 14 22:13:20] error    : 'a' x", AT, None, None, b"monit", None, b"'a' x"),
    ("251114 22:13:20 [ERROR] x", AT, None, None, b"mysqld", None, b"[ERROR] x"),
    ("251114  2:13:20 [ERROR] x", AT - 20 * 3600 * 10**9, None, None, b"mysqld", None, b"[ERROR] x"),
    ("2025-11-14T22:13:20: PM2 log: x", AT, None, None, b"pm2", None, b"x"),
    ("heart: Fri Nov 14 22:13:20 2025: x", AT, None, None, b"heart", None, b"x"),
    ("10.0.0.1: kern:    info: [2025-11-14T22:13:20.25Z]: x", AT + 250_000_000, None, None, b"kernel", None, b"x"),
    ("web1 kernel: x", None, None, b"web1", b"kernel", None, b"x"),
    ("kernel: x", None, None, None, b"kernel", None, b"x"),
    ("systemd[1]: x", None, None, None, b"systemd", 1, b"x"),
    ("web[7]: segfault at 0", None, None, None, None, None, b"web[7]: segfault at 0"),
    ("17:Nov 14 22:13:20 web1 a[4]: x", AT, None, b"web1", b"a", 4, b"x"),
    ("\x1b[1mNov 14 22:13:20 web1 a[4]: x\x1b[0m", AT, None, b"web1", b"a", 4, b"x"),
    ("[10.0.0.1] [stdout] Nov 14 22:13:20 info  | a[4]: x", AT, None, b"info", b"a", 4, b"x"),
    ("a.service: Main process exited", None, None, None, None, None, b"a.service: Main process exited"),
]  # fmt: skip


@pytest.mark.parametrize("row", LINES, ids=[row[0][:40] for row in LINES])
def test_every_form(row):
    line, *told = row
    (one,) = read(line)
    assert [one.time, one.since_boot, one.host, one.tag, one.pid, one.text] == told
    assert (one.place.file, one.place.line) == ("a.log", 1)


def test_a_form_is_found_again_behind_another():
    """The form of the line before is only tried first where no other fits its lines."""
    lines = [line for line, *_ in LINES if line[0] != ">"]
    alone = [read(line)[0] for line in lines]
    for text in ("\n\n".join(lines), "\n\n".join(reversed(lines))):
        together = [one for one in read(text) if one.text]
        assert sorted(repr((a.time, a.tag, a.text)) for a in alone) == sorted(
            repr((a.time, a.tag, a.text)) for a in together
        )


@pytest.mark.parametrize(
    ("word", "number"),
    [("Jan", 1), ("févr.", 2), ("Mär", 3), ("mars", 3), ("avr.", 4), ("mai", 5), ("Mai", 5), ("juin", 6), ("juil.", 7),
     ("août", 8), ("Okt", 10), ("Dez", 12), ("déc.", 12), ("ДЕК", 12), ("9월", 9), ("12月", 12), ("13月", None), ("foo", None), ("二月", None)],
)  # fmt: skip
def test_months(word, number):
    assert month_of(word.encode()) == number


def test_a_month_in_words_of_no_locale_is_no_date():
    (one,) = read("二月 12 10:00:00 web1 a: x")
    assert (one.time, one.text) == (None, b"x")


def test_a_date_without_a_year_is_the_last_one():
    (one,) = read("Dez 24 10:00:00 web1 a: x")
    assert one.time == 1_735_034_400 * 10**9  # 2024


def test_messages_of_several_lines():
    text = (
        "Nov 14 22:13:20 w a[4]: one\n                       two\nNov 14 22:13:21 w a[4]: three\n"
    )
    assert [(one.text, one.place.line) for one in read(text)] == [(b"one\ntwo", 1), (b"three", 3)]


def test_mail_wraps_lines():
    text = (
        "[480152.242529] Out of memory: Kill process 1036073 (oom02) score 755 or\nsacrifice child\n"
        "[29924.805968]\noom-kill:constraint=CONSTRAINT_NONE\nshort\n"
    )
    assert [one.text for one in read(text)] == [
        b"Out of memory: Kill process 1036073 (oom02) score 755 or sacrifice child",
        b"oom-kill:constraint=CONSTRAINT_NONE",
        b"short",
    ]


@pytest.mark.parametrize(
    ("begins", "together"),
    [(b"Nov 14 22:13:20 w a[4]: one", EntryReader(STYLE).all), (b"{", mended)],
)
def test_a_message_of_many_lines_takes_no_longer_for_each(begins, together):
    """Counted, not timed: what is looked at of the lines before it must not grow with them."""
    looks = [0, 0]
    for which, count in enumerate((200, 400)):

        class Counted(bytes):
            def __len__(self, which=which):
                looks[which] += 1
                return super().__len__()

        assert len(list(together(enumerate([begins, *[Counted(b"   at b")] * count])))) == 1
    assert looks[1] < 3 * looks[0]


FIELDS = {
    "__REALTIME_TIMESTAMP": str(AT // 1000 + 7),
    "_SOURCE_REALTIME_TIMESTAMP": str(AT // 1000),
    "__MONOTONIC_TIMESTAMP": "5",
    "_HOSTNAME": "web1",
    "_PID": "4",
    "SYSLOG_IDENTIFIER": "a",
    "MESSAGE": "x",
}


def forms(fields):
    """The same entry in each of journalctl's forms."""
    verbose = "Fri 2025-11-14 22:13:20.000007 UTC [s=0a;i=1;b=2;m=3;t=4;x=5]\n" + "".join(
        f"    {name}={value}\n" for name, value in fields.items()
    )
    export = "".join(f"{name}={value}\n" for name, value in fields.items()) + "\n"
    return {"json": json.dumps(fields) + "\n", "verbose": verbose, "export": export}


@pytest.mark.parametrize("form", ["json", "verbose", "export"])
def test_journal_forms(form):
    one, two = read(forms(FIELDS)[form] * 2)
    assert (one.time, one.since_boot, one.host, one.tag, one.pid, one.text) == (
        AT,
        5000,
        b"web1",
        b"a",
        4,
        b"x",
    )
    assert one.place.line == 1 < two.place.line


def test_a_text_that_is_not_utf8():
    (one,) = read(json.dumps({"__REALTIME_TIMESTAMP": "1", "MESSAGE": [255, 65]}))
    assert one.text == b"\xffA"


@pytest.mark.parametrize(
    ("fields", "believed"),
    [
        ({"_TRANSPORT": "kernel", "SYSLOG_IDENTIFIER": "kernel"}, True),
        ({"_TRANSPORT": "audit"}, True),
        ({"_TRANSPORT": "syslog", "SYSLOG_IDENTIFIER": "kernel", "_UID": "0"}, False),
        ({"_TRANSPORT": "stdout", "SYSLOG_IDENTIFIER": "systemd", "_UID": "1000", "_COMM": "logger"}, False),
        ({"_TRANSPORT": "journal", "SYSLOG_IDENTIFIER": "systemd", "_UID": "1000", "_COMM": "systemd"}, None),
        ({"_TRANSPORT": "journal", "SYSLOG_IDENTIFIER": "systemd", "_UID": "0", "_COMM": "systemd"}, True),
        ({"SYSLOG_IDENTIFIER": "systemd"}, None),
    ],
)  # fmt: skip
def test_who_is_believed(fields, believed):
    made = of_journal({name.encode(): value.encode() for name, value in fields.items()})
    assert made.believed is believed


def test_the_kernel_has_no_pid():
    assert [one.believed for one in read("Nov 14 22:13:20 w kernel[7]: x")] == [False]
    assert [one.believed for one in read("Nov 14 22:13:20 w kernel: x")] == [None]


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_line_stops_it(lines):
    heads = [b"Nov 14 22:13:20 ", b"[ 1.0] ", b"{", b"<1>1 ", b"__CURSOR=", b""]
    reader = EntryReader(STYLE)
    made = [head + line.replace(b"\n", b"") for head, line in zip(heads * 2, lines)]
    assert all(one.believed is not True for one in reader.all(numbered(made)) if one.fields is None)
