"""No input crashes the reading, stops it, breaks its JSON, or makes its memory grow without bound."""

import json
import pathlib

import audit_logs as logs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.audit import coalesce
from tracer.audit.coalesce import Coalescer
from tracer.audit.record import ANOM_ABEND, PATH, PROCTITLE, SYSCALL, Record, Stamp
from tracer.flow.source import every
from tracer.sources.logs.files import LINE_MAX

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = pathlib.Path(__file__).parents[3] / "docs/sigtrace.schema.json"
CHECK = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
SEEDS = sorted(pathlib.Path(__file__).parents[2].glob("data/audit/*.log"))
FOUND = sorted(pathlib.Path(__file__).parents[2].glob("fuzz/found/*"))


def read(folder, text):
    path = folder / "audit.log"
    path.write_bytes(text)
    lines = logs.lines(logs.events(path))
    for line in lines[:100]:
        CHECK.validate(json.loads(line))
    return lines


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@SETTINGS
@given(text=st.binary(max_size=2000))
def test_binary_junk(folder, text):
    read(folder, text)


PIECES = st.one_of(
    st.sampled_from(
        [
            b"type=SYSCALL ",
            b"type=OBJ_PID ",
            b"msg=audit(",
            b"1700000000.120:7",
            b"): ",
            b" a0=",
            b" a1=",
            b"\n",
            b"arch=c000003e ",
            b"syscall=62 ",
            b'"',
            b"=",
            b"\x1d",
            b"opid=",
            b"pid=",
            b"comm=",
            b"success=no ",
            b"type=1300 audit(",
            b"audit: ",
            b"node=",
            b"exit=-",
            b"ffffffff",
            b"sig=",
            b"{",
            b"}",
            b"\\",
            b"'",
            b"type=EXECVE ",
            b"argc=",
            b"type=PROCTITLE ",
            b"proctitle=",
            b"type=ANOM_ABEND ",
            b"audit[7]: SYSCALL ",
            b"12/31/2019 23:59:59.999:1",
            b'{"MESSAGE": ',
            b'{"ID": "1.0:1", "SYSCALL": {',
            b"ED\xa0\x80",
        ]
    ),
    st.binary(max_size=6),
    st.integers(-(10**30), 10**30).map(lambda number: b"%d" % number),
)


@SETTINGS
@given(pieces=st.lists(PIECES, max_size=60))
def test_pieces_of_records(folder, pieces):
    read(folder, b"".join(pieces))


@SETTINGS
@given(data=st.data())
def test_damaged_logs(folder, data):
    text = bytearray(data.draw(st.sampled_from(SEEDS)).read_bytes()[:3000])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(at, min(len(text), at + 40)))
        text[at:end] = data.draw(st.one_of(st.just(b""), PIECES))
    read(folder, bytes(text))


@SETTINGS
@given(data=st.data())
def test_events_survive_any_order_of_their_lines(folder, data):
    """Whatever the order of the lines of two events, they say the same."""
    lines = (logs.kill(1, 801, 802) + logs.kill(2, 803)).splitlines(keepends=True)
    shuffled = data.draw(st.permutations(lines))
    found = logs.signals(logs.events(_written(folder, b"".join(shuffled))))
    assert {
        (event.id.rpartition(":")[2], event.target.pid, event.sender.argv) for event in found
    } == {
        ("1", 801, (b"sender", b"-9")),
        ("1", 802, (b"sender", b"-9")),
        ("2", 803, (b"sender", b"-9")),
    }


def _written(folder, text):
    path = folder / "audit.log"
    path.write_bytes(text)
    return path


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_fuzzing_found(path):
    logs.lines(logs.events(path))


def test_absurd_numbers_are_unknown(folder):
    text = logs.kill(1, 801).replace(b" pid=701", b" pid=99999999999999999999")
    text += logs.kill(2, 802).replace(b"opid=802", b"opid=-7").replace(b"ses=4", b"ses=4294967296")
    text += b"type=DAEMON_START msg=audit(1700000000.130:3): op=start pid=-5 uid=0\n"
    text += b"type=DAEMON_END msg=audit(1700000000.140:4): op=terminate pid=77 uid=0\n"
    text += b"Nov 23 01:48:41 h kernel: audit: audit_lost=0 audit_rate_limit=0\n"
    assert len(read(folder, text)) == 3


def test_ten_thousand_targets(folder):
    text = logs.call(1, a0=0xFFFFFFFF) + b"".join(logs.target(1, pid) for pid in range(1, 10_001))
    assert len(read(folder, text)) == 10_000


def test_a_line_of_100_megabytes(folder):
    path = folder / "audit.log"
    with path.open("wb") as log:
        log.write(logs.kill(1, 801))
        for _ in range(100):
            log.write(b"x" * 1_000_000)
        log.write(b"\n" + logs.kill(2, 802))
    source = logs.source(path, sieve_min=1 << 40)
    assert len(logs.signals(every(source))) == 2
    assert source.tallies[0].bad == 1
    assert len(logs.signals(logs.events(path, sieve_min=0))) == 2
    assert LINE_MAX < 10_000_000


def test_events_that_never_end_are_given_up_and_counted():
    """All of them stand at one place: no bytes of the log have passed since."""
    coalescer = Coalescer(bytes_max=201 * 100)
    closed = 0
    for serial in range(10_000):
        one = Record(SYSCALL, Stamp(None, 10**18, serial), b"x")
        closed += len(list(coalescer.feed(one)))
    assert coalescer.given_up == closed == 9_900
    assert len(list(coalescer.flush())) == 100


def test_whole_events_are_not_given_up():
    coalescer = Coalescer(bytes_max=500)
    for serial in range(9):
        stamp = Stamp(None, 10**18, serial)
        kinds = (SYSCALL, PROCTITLE) if serial % 2 else (ANOM_ABEND,)
        for kind in kinds:
            list(coalescer.feed(Record(kind, stamp, b"x")))
    assert coalescer.given_up == 0


def test_what_is_open_is_bounded_in_bytes():
    coalescer = Coalescer(bytes_max=1_000_000)
    for serial in range(100):
        list(coalescer.feed(Record(SYSCALL, Stamp(None, 10**18, serial), b"x" * 100_000)))
    assert coalescer.given_up > 80
    assert sum(len(group.records) for group in coalescer.flush()) < 15


def test_records_of_no_interest_take_no_memory():
    coalescer = Coalescer()
    list(coalescer.feed(Record(PATH, Stamp(None, 10**18, 1), b"x" * coalesce.BYTES_MAX)))
    assert coalescer.given_up == 0


def test_lone_surrogates_and_absurd_numbers_in_json(folder):
    lines = [
        b'{"MESSAGE": "\\ud800 SYSCALL arch=c000003e", "_AUDIT_TYPE": "1300", "_AUDIT_ID": "1"}',
        b'{"ID": "1.0:99999999999999999999999", "SYSCALL": {"syscall": 1e999}}',
        b'{"ID": "1700000000.120:7", "SYSCALL": {"arch": "0xc000003e", "syscall": 62, "pid": 1e30, '
        b'"comm": "\\udcff%zz%00", "ARGV": ["0x321", "0x9", null, {}]}, "OBJ_PID": [7, {"opid": []}]}',
        b'{"items": {"SYSCALL": [5]}, "timestamp": 7, "eventid": true}',
        b'{"MESSAGE": [1, 999, "x"], "_AUDIT_TYPE": "1300", "__REALTIME_TIMESTAMP": "9e9"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ]
    assert len(read(folder, b"\n".join(lines))) == 1
