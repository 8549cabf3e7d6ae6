"""Records of fixed places, declared once: the annotations of a class are a table of names and letters (struct), from
which its ``Struct``, its reader and the place of every field follow."""

from __future__ import annotations

from struct import Struct

from tracer.model.frozen import names_of_class
from tracer.model.memo import memo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Generic, TypeVar

    T = TypeVar("T")
else:  # typing is not worth its time before the first row of a trace.
    T = "T"

    class Generic:
        def __class_getitem__(cls, _item):
            return cls


# What the annotations are, to whoever reads the values.
U8 = int
U16 = int
U32 = int
S32 = int
U64 = int
Chars = bytes
_ARRAYS = 256
_LETTERS = {"U8": "B", "U16": "H", "U32": "I", "S32": "i", "U64": "Q", "Chars": "16s"}


class Layout(Generic[T]):
    """The places of a class's fields, without gaps; ``of`` are the layouts that annotations name, ``times`` how often
    those come that are arrays. ``at`` has the place of each field, of nested ones by "sender.pid". Equal arrays
    are one object."""

    def __init__(
        self, cls: type[T], of: dict[str, Layout[Any]] | None = None, times: int = 1
    ) -> None:
        self.cls = cls
        self.plain = ""
        self.cells = 0
        self.at: dict[str, int] = {}
        self.letters: dict[str, str] = {}
        self._nested: list[tuple[int, int, Callable[[tuple[Any, ...]], Any]]] = []
        at = 0
        for name in names_of_class(cls):
            kind = cls.__annotations__[name]
            nested = (of or {}).get(kind)
            self.at[name] = at
            if nested is None:
                self.letters[name] = _LETTERS[kind]
                self._add(_LETTERS[kind], 1)
            else:
                for within, place in nested.at.items():
                    self.at[f"{name}.{within}"] = at + place
                    self.letters[f"{name}.{within}"] = nested.letters[within]
                many = times if kind == "Many" else 1
                made = memo(_ARRAYS)(nested.array_of) if many > 1 else nested.made_of
                self._nested.append((self.cells, self.cells + many * nested.cells, made))
                self._add(many * nested.plain, many * nested.cells)
            at = Struct("=" + self.plain).size
        self.struct = Struct("=" + self.plain)
        self.size = at

    def _add(self, letters: str, cells: int) -> None:
        self.plain += letters
        self.cells += cells

    def read(self, taken: bytes | bytearray, at: int = 0) -> T:
        """The record at this place."""
        return self.made_of(self.struct.unpack_from(taken, at))

    def made_of(self, values: tuple[Any, ...]) -> T:
        if not self._nested:
            return self.cls(*values)
        parts: list[Any] = []
        done = 0
        for first, end, made in self._nested:
            parts += values[done:first]
            parts.append(made(values[first:end]))
            done = end
        return self.cls(*parts, *values[done:])

    def array_of(self, values: tuple[Any, ...]) -> tuple[T, ...]:
        """As many records as these are the values of."""
        ends = range(self.cells, len(values) + 1, self.cells)
        return tuple([self.made_of(values[end - self.cells : end]) for end in ends])

    def write(self, record: T) -> bytes:
        """The bytes of a record that holds no other."""
        return self.struct.pack(*[getattr(record, name) for name in self.letters])

    def get(self, taken: bytes | bytearray, at: int, name: str) -> Any:
        """One field of the record at this place."""
        return self._one(name).unpack_from(taken, at + self.at[name])[0]

    def put(self, taken: bytearray, at: int, name: str, value: Any) -> None:
        """Change one field of the record at this place."""
        self._one(name).pack_into(taken, at + self.at[name], value)

    def _one(self, name: str) -> Struct:
        return Struct("=" + self.letters[name])
