"""@frozen makes what dataclasses.dataclass(frozen=True, slots=True) would."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from tracer.model.event import Ancestor, Process, Signal
from tracer.model.frozen import frozen, replace


@frozen
class Point:
    """A place."""

    x: int
    y: int = 2
    names: tuple[str, ...] = ()

    @property
    def sum(self) -> int:
        return self.x + self.y


Twin = dataclasses.make_dataclass(
    "Point", [("x", int), ("y", int, 2), ("names", tuple, ())], frozen=True
)


@pytest.mark.parametrize("given", [(1,), (1, 3), (1, 3, ("a",))])
def test_it_looks_like_a_dataclass(given):
    one, twin = Point(*given), Twin(*given)
    assert dataclasses.asdict(one) == dataclasses.asdict(twin)
    assert repr(one) == repr(twin)
    assert hash(one) == hash(twin)
    assert one == Point(*given)
    assert one != Point(9)
    assert one != twin
    assert one.sum == one.x + one.y
    assert Point.__doc__ == "A place."
    for copied in (copy.copy(one), pickle.loads(pickle.dumps(one)), replace(one), Point(*given)):
        assert copied == one


def test_it_is_frozen_and_has_no_room_for_more():
    one = Point(1)
    for name in ("x", "z"):
        with pytest.raises(AttributeError):
            setattr(one, name, 3)
    with pytest.raises(AttributeError):
        del one.x
    assert not hasattr(one, "__dict__")


def test_replace_changes_only_what_it_is_told():
    one = Process(1, comm=b"init", ancestors=(Ancestor(2),))
    changed = replace(one, uid=3)
    assert changed == dataclasses.replace(one, uid=3)
    assert (changed.pid, changed.uid, changed.ancestors) == (1, 3, one.ancestors)
    with pytest.raises(TypeError):
        replace(one, colour="red")


def test_what_is_missing_and_what_is_too_much():
    with pytest.raises(TypeError):
        Signal()
    with pytest.raises(TypeError):
        Point(1, 2, (), 4)
    assert [field.name for field in dataclasses.fields(Signal)][:3] == ["time", "id", "source"]
