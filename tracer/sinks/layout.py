"""The columns of the table, for every width of a terminal, and what stands in them."""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.model.text import columns, cut
from tracer.sinks import ends, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.model.event import Exit, Failed, Probe, Signal

    Row = Signal | Failed | Probe
    # The forms of a text, the longest first: the first that fits is taken.
    Forms = Sequence[str]

PIPED_WIDTH = 132
NARROWEST = 60
_SIGNAL, _OUTCOME, _NAME = 9, 11, 24  # SIGWINCH; died 812 µs; comm and the longest pid


@frozen
class Column:
    """``whole``: what is too long for it is never cut, and takes its room from the next one."""

    name: str
    width: int
    forms: Callable[[Row, Exit | None, ends.Users], Forms]
    whole: bool = False


@frozen
class Layout:
    """``time`` is how many letters of the time are shown, ``last`` how wide the last column is; None: it is not cut."""

    width: int
    time: int
    columns: tuple[Column, ...]

    @property
    def indent(self) -> str:
        return " " * (self.time + 1)

    def cells(
        self, row: Row, end: Exit | None, users: ends.Users, *, cut_last: bool
    ) -> list[tuple[str, str]]:
        """The name of each column, and its text, padded; an ``end`` stands in OUTCOME."""
        made = []
        missing = 0
        for column in self.columns:
            is_last = column is self.columns[-1]
            room = column.width - missing
            forms = column.forms(row, end, users)
            text = forms[0]
            if (cut_last or not is_last) and not column.whole:
                text = fitting(forms, room)
            missing = max(0, columns(text) - room)
            padding = "" if is_last else " " * (room - columns(text))
            made.append((column.name, text + padding))
        return made


def _user(row: Row, users: ends.Users) -> Forms:
    own = words.user(row.sender)
    person = None if row.sender is None else ends.behind(row.sender, users)
    return (own,) if person is None else (person, own)


_COLUMNS: dict[str, Callable[[Row, Exit | None, ends.Users], Forms]] = {
    "SIGNAL": lambda row, _end, _users: (words.signal_name(row),),
    "FROM": lambda row, _end, _users: (words.sender(row),),
    "USER": lambda row, _end, users: _user(row, users),
    "TO": lambda row, _end, _users: (words.name(row.target),),
    "VIA": lambda row, _end, _users: (words.via(row),),
    "OUTCOME": lambda row, end, _users: (words.outcome(row),) if end is None else words.died(end),
}
_WHOLE = frozenset(("SIGNAL", "VIA"))


def layout_of(width: int | None) -> Layout:
    """Names get what the other columns leave, up to what they can fill. None: not a terminal."""
    width = max(width or PIPED_WIDTH, NARROWEST)
    time = 12 if width >= 80 else 8
    fixed = {
        "SIGNAL": _SIGNAL,
        "USER": 0 if width < 80 else 8 if width < 120 else 14,  # deploy as root
        "VIA": 12 if width >= 100 else 0,
    }
    taken = time + sum(size + 1 for size in fixed.values() if size) + 1
    name = min(_NAME if width < 160 else 2 * _NAME, (width - taken - _OUTCOME - 2) // 2)
    sizes = {**fixed, "FROM": name, "TO": name, "OUTCOME": width - taken - 2 * (name + 1)}
    return Layout(
        width,
        time,
        tuple(
            Column(title, sizes[title], forms, title in _WHOLE)
            for title, forms in _COLUMNS.items()
            if sizes[title]
        ),
    )


def fitting(forms: Forms, width: int) -> str:
    """The longest form that fits, or the last one cut: the [pid] at the end stays, a remark in parentheses goes first."""
    for form in forms:
        if columns(form) <= width:
            return form
    text = forms[-1]
    word, parenthesis, _ = text.partition(" (")
    if parenthesis and text.endswith(")"):
        return cut(word, width)
    _, bracket, pid = text.rpartition("[")
    end = bracket + pid if pid.endswith("]") and bracket else ""
    return cut(text[: len(text) - len(end)], width - len(end)) + end
