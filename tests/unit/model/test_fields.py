"""One table of fields: it names every field of every event, and JSON made by it is read back as what it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tracer.audit.record import Stamp
from tracer.model import signals
from tracer.model.event import MARKS, TARGET_STATES, Exit, Process, Signal, exit_id, lost
from tracer.model.fields import PROCESS, SIGNAL, names_of
from tracer.model.frozen import bare_of, names_of_class, replace
from tracer.model.origin import ORIGINS
from tracer.model.outcome import OUTCOMES
from tracer.model.spelling import (
    CALLS,
    EVENTS,
    KINDS,
    NESTED,
    POLICIES,
    fields_to_object,
    from_object,
    to_object,
    to_schema,
)
from tracer.model.text import plain, unplain
from tracer.model.verdict import CAUSES, CONFIDENCES, VIAS
from tracer.model.written import text_of
from tracer.sinks.remembered import Remembered

jsonschema = pytest.importorskip("jsonschema")
SCHEMA = Path(__file__).parents[3] / "docs/sigtrace.schema.json"

TIMES = st.integers(0, 4_000_000_000_000_000_000)
RAW = st.one_of(
    st.binary(min_size=1, max_size=12),
    st.lists(st.sampled_from([b"\\", b"x", b"ff", b"\xff", b"\xc3\xa4", b"a0", b"\n"]), min_size=1)
    .map(b"".join)
)  # fmt: skip
PLAIN = st.one_of(st.integers(), st.text("xyz"), st.booleans())
VALUES = {
    "word": st.sampled_from(["audit log", "EPERM"]),
    "text": st.text(st.characters(codec="ascii"), min_size=1, max_size=9),
    "id": st.from_regex(r"[0-9a-f]{1,16}-[0-9a-f]{1,8}", fullmatch=True),
    "bytes": RAW,
    "words": st.lists(RAW, min_size=1, max_size=3).map(tuple),
    "strings": st.lists(st.text("abc", min_size=1), min_size=1, max_size=2).map(tuple),
    "cause": st.sampled_from(list(CAUSES)),
    "confidence": st.sampled_from(CONFIDENCES),
    "via": st.sampled_from(VIAS),
    "int": st.integers(-(1 << 31), 1 << 63),
    "count": st.integers(0, 1 << 40),
    "least_1": st.integers(1, 1 << 40),
    "status": st.integers(0, 255),
    "pid": st.integers(0, (1 << 32) - 1),
    "bool": st.booleans(),
    "flag": st.just(True),
    "hex": st.integers(0, (1 << 64) - 1),
    "time": TIMES,
    "signal": st.integers(1, 64),
    "asked_signal": st.integers(1, 64),
    "code": st.sampled_from([0, 128, -1, -6, -60, 1, 2, 99]),
    "details": st.dictionaries(st.text("abc", min_size=1), st.one_of(PLAIN, st.lists(PLAIN)), min_size=1),
    "of line": st.dictionaries(st.text("abc", min_size=1), PLAIN, min_size=1),
    "origin": st.sampled_from(list(ORIGINS)),
    "outcome": st.sampled_from(list(OUTCOMES)),
    "call": st.sampled_from(CALLS),
    "policy": st.sampled_from(POLICIES),
    "target_state": st.sampled_from(TARGET_STATES),
    "mark": st.sampled_from(MARKS),
}  # fmt: skip


def built(cls, fields):
    """Any event of that class; an object of which nothing is known is not told, and so left out here."""
    bare = bare_of(cls)

    def values(field):
        kind = field.kind
        if kind in NESTED:
            value = built(*NESTED[kind][:2]).filter(lambda it: to_fields(it, NESTED[kind][1]))
        elif kind[0] == "[":
            inner = kind[1:-1]
            one = built(*NESTED[inner][:2]) if inner in NESTED else VALUES[inner]
            value = st.lists(one, min_size=1, max_size=2).map(tuple)
        else:
            value = VALUES[kind]
        if field.needed:
            return value
        absent = () if kind[0] == "[" or kind == "strings" else False if kind == "flag" else None
        return st.one_of(st.just(absent), value)

    return st.fixed_dictionaries({field.name: values(field) for field in fields}).map(
        lambda it: cls(**{**dict.fromkeys(bare), **it})
    )


def to_fields(it, fields):
    from tracer.model.spelling import fields_to_object

    return fields_to_object(it, fields)


def events():
    return st.one_of([built(cls, fields) for cls, fields, _ in EVENTS.values()])


@pytest.mark.parametrize("word", [*EVENTS, *NESTED])
def test_the_table_names_every_field_once(word):
    cls, fields, _ = {**EVENTS, **NESTED}[word]
    assert sorted(field.name for field in fields) == sorted(names_of_class(cls))


def test_every_kind_is_known():
    for _, fields, _ in [*EVENTS.values(), *NESTED.values()]:
        for field in fields:
            assert field.kind.strip("[]") in (*KINDS, *NESTED)
    assert set(VALUES) == set(KINDS)


@given(events())
@settings(max_examples=400)
def test_what_is_written_is_read_back(event):
    line = json.dumps(to_object(event))
    assert from_object(json.loads(line)) == event


@given(built(Process, PROCESS))
def test_a_process_is_written_as_by_its_object(process):
    assert f"{{{text_of(PROCESS)(process)}}}" == json.dumps(fields_to_object(process, PROCESS))


@given(events())
def test_the_schema_knows_all_of_it(event):
    jsonschema.Draft202012Validator(to_schema()).validate(to_object(event))


def test_the_schema_in_docs_is_the_tables():
    assert json.loads(SCHEMA.read_text()) == to_schema()


def test_what_is_not_known_here_is_passed_over():
    assert from_object({"v": 1, "event": "of tomorrow", "x": 1}) is None
    known = Signal(1, "a", "core", 9)
    assert from_object({**to_object(known), "of tomorrow": {"x": 1}}) == known


@given(RAW)
def test_text_is_turned_back(raw):
    assert unplain(plain(raw)) == raw


@given(st.integers(1, 64), st.integers(-70, 140), st.booleans())
@example(31, 3, True)
def test_codes_are_turned_back(number, code, of_child):
    name = signals.code_name(number, code, of_child=of_child)
    assert signals.code_of(number, name) == code


@pytest.mark.parametrize("name", names_of(SIGNAL, nested=False) + names_of(SIGNAL, nested=True))
def test_signals_that_differ_in_one_field_are_remembered_apart(name):
    """Else the second is told with the text of the first."""
    plain_one = Signal(1, "a", "core", 9)
    other = replace(plain_one, **{name: Process(7)})
    texts = Remembered(lambda signal: repr(getattr(signal, name)))
    assert texts.of(plain_one) != texts.of(other)


FOREIGN = [
    *("x\x1b]0;t\x07", 'x\n{"v": 1}', '"', "\\", "ä", "\x7f", "", "a" * 301, 5, ["a"]),
]
SIGNAL_OF = to_object(Signal(1, "a", "core", 9))
END = to_object(Exit(1, "a", "core", Process(7), number=9))


@pytest.mark.parametrize("id_", FOREIGN)
@pytest.mark.parametrize(
    "made",
    [
        lambda id_: {**SIGNAL_OF, "id": id_},
        lambda id_: {
            **SIGNAL_OF,
            "escalates": {"id": id_, "signal": {"number": 15}, "after_ns": 1},
        },
        lambda id_: {**END, "cause": id_},
        lambda id_: {**END, "causes": ["a", id_]},
        lambda id_: {**END, "handled": id_},
    ],
    ids=["own", "escalates", "cause", "causes", "handled"],
)
def test_an_id_that_would_need_an_escape_is_none_of_ours(made, id_):
    """It is written as it is."""
    assert from_object(made("n1/1700000000.100:1")) is not None
    with pytest.raises(ValueError, match="is no id"):
        from_object(made(id_))


HOSTILE = st.binary(min_size=1, max_size=400)


@given(HOSTILE, st.integers(0, 1 << 63), st.integers(-(1 << 63), 1 << 63))
@example(b"n1", 1_700_000_000_100_000_000, 1)
@example(b"\x1b" * 400, (1 << 63) - 1, -(1 << 63))
def test_ids_of_ours_are_taken_whatever_the_names_in_them(name, time, serial):
    text = name.decode("utf-8", "surrogateescape")
    ids = [
        str(Stamp(name, time, serial)),
        f"{Stamp(name, time, serial)}-refused-4096",
        exit_id(time, 601),
        lost(time, "audit log", 1, text).id,
        lost(None, "journal", None, text.encode("utf-8", "replace").decode()).id,
    ]
    for id_ in ids:
        assert from_object({**SIGNAL_OF, "id": id_}).id == id_
    assert len({str(Stamp(name + end, time, serial)) for end in (b"a", b"b")}) == 2
