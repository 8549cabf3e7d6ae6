"""Lines of a recording read by their parts are what the same lines are read whole."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.model.event import Ancestor, Earlier, Exec, Exit, Failed, Process, Signal
from tracer.model.spelling import from_object, to_object
from tracer.sources.recording.lines import NOT_OURS, Lines

NAMES = st.sampled_from(
    [b"web", b"a b", b'", "target": {"pid": 5}, "x": "', b'{"pid": 1}', b"\xff\\x41", b"]}", "ä\u202e".encode()]
)  # fmt: skip
STEPS = st.builds(Ancestor, st.integers(1, 3), NAMES, st.sampled_from([None, 5, 10**18]))
PROCESSES = st.builds(
    Process,
    st.integers(1, 3),
    comm=NAMES,
    argv=st.lists(NAMES, min_size=1, max_size=2).map(tuple),
    ancestors=st.lists(STEPS, max_size=2).map(tuple),
)
MAYBE = st.none() | PROCESSES
EARLIER = st.none() | st.builds(Earlier, st.just("e"), st.just(15), st.just(7), MAYBE)
EVENTS = st.one_of(
    st.builds(Signal, st.just(5), st.just("a"), st.just("core"), st.just(9), sender=MAYBE, target=MAYBE, current=MAYBE, escalates=EARLIER, count=st.none() | st.just(3)),
    st.builds(Exit, st.just(5), st.just("a"), st.just("core"), PROCESSES, answers=EARLIER),
    st.builds(Exec, st.just(5), st.just("a"), st.just("core"), PROCESSES),
    st.builds(Failed, st.just(5), st.just("a"), st.just("core"), st.just("kill"), st.just("EPERM"), sender=MAYBE, target=MAYBE),
)  # fmt: skip
# One for all, so that what it has read before is in it.
LINES = Lines()


def said(read, line: bytes):
    try:
        made = read(line)
        return None if made is None else from_object(made)
    except NOT_OURS:
        return "no event of ours"


def whole(line: bytes):
    try:
        made = json.loads(line)
    except ValueError:
        return None
    return made if isinstance(made, dict) else None


@given(EVENTS)
@settings(max_examples=300)
def test_each_event_is_what_it_is_read_whole(event):
    line = json.dumps(to_object(event)).encode()
    assert said(LINES.object_of, line) == event
    assert said(LINES.object_of, line) == event


@given(EVENTS, st.data())
@settings(max_examples=600)
def test_whatever_is_done_to_a_line(event, data):
    text = json.dumps(to_object(event))
    keys = [
        key for key in ("sender", "target", "process", "ancestors", "pid") if f'"{key}"' in text
    ]
    key = data.draw(st.sampled_from(keys or ["id"]))
    values = st.sampled_from(
        ["null", "5", "[]", "{}", '"x"', '{"pid": 2, "ancestors": []}', "[{}]"]
    )
    place = data.draw(st.integers(0, len(text)))
    text = data.draw(
        st.sampled_from(
            [
                text[:place],
                text[:place] + data.draw(st.sampled_from(' {}[],:"\\0')) + text[place:],
                text[:place] + text[place + 1 :],
                text + " ",
                text.replace(f'"{key}": ', f'"{key}": {data.draw(values)}, "{key}": ', 1),
                text.replace(f', "{key}": ', f', "{key}": {data.draw(values)}, "of tomorrow": ', 1),
                text[:-1] + f', "{key}": {data.draw(values)}}}',
                text.replace(f'"{key}"', f'"outer": {{"{key}"', 1) + "}",
            ]
        )
    )
    assert said(LINES.object_of, text.encode()) == said(whole, text.encode())


@pytest.mark.parametrize(
    ("key", "value"),
    [("origin", ["kill"]), ("outcome", {}), ("call", [1]), ("target_state", 3), ("time", 5)],
)
def test_what_is_no_word_is_no_event(key, value):
    made = {**to_object(Signal(5, "a", "core", 9)), key: value}
    with pytest.raises(NOT_OURS):
        from_object(made)
