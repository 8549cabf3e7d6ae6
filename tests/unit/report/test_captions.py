"""Captions of a lane: none stands on another, none leaves the picture."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tracer.report.timeline import AIR, CAPITAL, LEFT, SMALL, WIDTH, captions_of

WORDS = st.sampled_from(
    ["KILL", "status 1", "SEGV, 6×, every 16 min 54 s", "OOM: held 398 MB of 401 MB"]
)


def room(text, made):
    """The row that a caption stands in, and from where to where."""
    x, how = re.match(r'<text x="(\d+)"(?: class="([a-z ]+)")?>', made).groups()
    width = AIR + sum(CAPITAL if letter.isupper() else SMALL for letter in text)
    left = int(x) - width if "end" in (how or "") else int(x)
    return "low" in (how or ""), left, left + width


@given(st.lists(st.tuples(WORDS, st.integers(LEFT, WIDTH)), max_size=40))
def test_none_stands_on_another(wanted):
    made = captions_of(wanted)
    rooms = [room(text, one) for (text, _), one in zip(wanted, made) if one]
    assert all(left >= LEFT and right <= WIDTH for _, left, right in rooms)
    for row in (False, True):
        mine = sorted(one[1:] for one in rooms if one[0] is row)
        assert all(before[1] <= after[0] for before, after in zip(mine, mine[1:]))
    assert not wanted or any(made)


def test_the_last_has_room_before_others_and_each_of_four_sides_is_tried():
    made = captions_of([("KILL", 500)] * 5)
    assert [bool(one) for one in made].count(True) == 4
    late, early = captions_of([("status 1", 560), ("KILL, 40×, every 5.1 s", 500)])
    assert (late, "low" in early) == ('<text x="560">status 1</text>', False)
