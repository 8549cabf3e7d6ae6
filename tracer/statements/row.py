"""What a table of a speaker is made of: who may say it, and a row a message.

A row is found by a journal's MESSAGE_ID or CODE_FUNC, else by its words: ``literal`` is looked for first, in whole
blocks of a log, ``pattern`` then has to fit the whole text. Its named groups say where a part goes:
``pid``, ``tid``, ``comm``, ``unit`` … to the process that is spoken of, the same after ``from_`` to who sent,
``signal`` to the number (by name or as one), every other to ``details`` under its own name.
"""

from __future__ import annotations

import re

from tracer.model.frozen import frozen
from tracer.statements.anchors import anchors_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Union

    from tracer.lines.entry import Entry

    Groups = dict[str, bytes]
    Fixed = Mapping[str, Union[str, int, bool]]

# Where a journal has the unit that a manager speaks of, and its run (systemd.journal-fields(7)).
UNIT_FIELDS = {"unit": (b"UNIT", b"USER_UNIT"), "invocation": (b"INVOCATION_ID", b"USER_INVOCATION_ID")}  # fmt: skip


@frozen
class Row:
    """One message. ``what`` is a key of WHATS, ``makes`` are keys of ``tracer.statements.make.MAKERS``, ``number`` the signal
    where the words do not name it, ``fixed`` details that the words imply. ``ids`` are MESSAGE_IDs: with one, ``fields``
    (group to journal fields, the first that is there) stand for the pattern. ``funcs`` are CODE_FUNCs: they prove the
    row where its words fit, and a row without a pattern takes what others of its function leave.
    """

    what: str
    pattern: bytes = b""
    literal: bytes = b""
    makes: tuple[str, ...] = ("says",)
    number: int | None = None
    fixed: Fixed | None = None
    ids: tuple[bytes, ...] = ()
    funcs: tuple[bytes, ...] = ()
    fields: Mapping[str, tuple[bytes, ...]] | None = None
    versions: str = ""


@frozen
class Table:
    """The rows of one speaker. ``speakers`` are its tags, None: anybody. ``proof``: what a journal's own fields must
    say of who speaks, where they say something; else the words are not believed. ``units``: who is not root must be of
    one that begins like this, for a process may name itself as it likes (prctl(2)); None: not looked at.
    ``programs``: the files' names of what may run, where the journal has it: a comm is what a process calls itself. Who is not
    root must run it from where root alone may write.
    ``untagged``: lines without a tag may be of this speaker."""

    name: str
    rows: tuple[Row, ...]
    speakers: frozenset[bytes] | None = None
    proof: Mapping[bytes, frozenset[bytes]] | None = None
    units: tuple[bytes, ...] | None = None
    programs: frozenset[bytes] = frozenset()
    untagged: bool = False

    def may_say(self, entry: Entry) -> bool:
        """Whether the entry's speaker is the one of this table, as far as the entry tells."""
        fields = entry.fields or {}
        is_root = fields.get(b"_UID", b"0") == b"0"
        exe = fields.get(b"_EXE", b"").removesuffix(b" (deleted)")
        if self.programs and exe and not (_name(exe) in self.programs and (is_root or exe.startswith(_ROOTS))):  # fmt: skip
            return False
        # A user's own manager tells of USER_UNIT (unit_log_field, src/core/manager.c).
        if not is_root and b"UNIT" in fields:
            return False
        if self.proof and not all(
            field not in fields or fields[field] in good for field, good in self.proof.items()
        ):
            return False
        if not (is_root or self.units is None) and not fields.get(b"_SYSTEMD_UNIT", b"").startswith(
            self.units or ()
        ):
            return False
        return self.is_of(entry.tag)

    def is_of(self, tag: bytes | None) -> bool:
        """Whether lines with this tag may be of this speaker."""
        if self.speakers is None:
            return True
        return self.untagged if tag is None else _name(tag) in self.speakers


# Where root alone may write, as a rule (file-hierarchy(7)), and where distributions keep their programs.
_ROOTS = tuple(b"/%s/" % one for one in (b"usr", b"bin", b"sbin", b"lib", b"opt", b"snap", b"nix/store", b"gnu/store", b"run/wrappers"))  # fmt: skip

TAGS_MAX = 512  # of which the rows are remembered


def _name(tag: bytes) -> bytes:
    """A tag without its path: /usr/sbin/cron."""
    return tag.rpartition(b"/")[2]


@frozen
class Found:
    """A row, and the parts of the message by their groups. ``rightful``: the speaker may say so."""

    row: Row
    groups: Groups
    rightful: bool = True


class Index:
    """Tables, made ready for looking up; what it remembers is which tables a tag may speak for."""

    def __init__(self, tables: tuple[Table, ...]) -> None:
        self.tables = tables
        pairs = [(table, row) for table in tables for row in table.rows]
        self._patterns: dict[int, re.Pattern[bytes]] = {}
        self._by_id = {id_: pair for pair in pairs for id_ in pair[1].ids}
        self._by_func: dict[bytes, list[tuple[Table, Row]]] = {}
        for pair in pairs:
            for func in pair[1].funcs:
                self._by_func.setdefault(func, []).append(pair)
        self._worded = [pair for pair in pairs if pair[1].pattern]
        # Few words are found missing in a sixth of the time that all of them take.
        self._anchors = anchors_of(self.literals)
        self._few = _one_of(self._anchors)
        self._any = _one_of(self.literals)
        self._of_tag: dict[bytes | None, list[tuple[Table, Row]]] = {}

    @property
    def literals(self) -> tuple[bytes, ...]:
        """A line without any of these tells nothing."""
        return tuple(dict.fromkeys(row.literal for _, row in self._worded))

    @property
    def message_ids(self) -> tuple[bytes, ...]:
        """The MESSAGE_IDs that a journal's index is asked for."""
        return tuple(self._by_id)

    @property
    def functions(self) -> tuple[bytes, ...]:
        """The CODE_FUNCs likewise."""
        return tuple(self._by_func)

    @property
    def speakers(self) -> tuple[bytes, ...]:
        """The tags that have a table of their own."""
        return tuple(
            dict.fromkeys(tag for table in self.tables for tag in sorted(table.speakers or ()))
        )

    def is_silent(self, text: bytes) -> bool:
        """Whether no row fits the words."""
        return self._few.search(text) is None or self._any.search(text) is None

    def silence_of(self, text: bytes) -> Callable[[bytes], bool]:
        """``is_silent`` for parts of this text: words are found missing in all of it in a fifth of the time that its parts
        take."""
        few = [word for word in self._anchors if word in text]
        near = [word for word in self.literals if any(one in word for one in few)]
        there = [word for word in near if word in text]
        return lambda part: not any(word in part for word in there)

    def find(self, entry: Entry) -> Found | None:
        """The row that the entry is; a speaker that may not say so is found only where no other may."""
        return self._by_fields(entry) or self._by_words(entry)

    def _by_fields(self, entry: Entry) -> Found | None:
        fields = entry.fields
        if not fields:
            return None
        table, row = self._by_id.get(fields.get(b"MESSAGE_ID", b""), (None, None))
        if table is not None and row is not None:
            return Found(row, _groups_of_fields(row, fields), table.may_say(entry))
        rows = self._by_func.get(fields.get(b"CODE_FUNC", b""), ())
        for table, row in rows:
            groups = self._fit(row, entry.text) if row.pattern else {}
            if groups is not None:
                return Found(
                    row, {**groups, **_first_of(UNIT_FIELDS, fields)}, table.may_say(entry)
                )
        return None

    def _by_words(self, entry: Entry) -> Found | None:
        text = entry.text.lstrip(b" \t")
        if self.is_silent(text):
            return None
        refused: Found | None = None
        for table, row in self._rows_for(entry.tag):
            if row.literal not in text:
                continue
            groups = self._fit(row, text)
            if groups is None:
                continue
            if table.may_say(entry):
                given = _first_of(UNIT_FIELDS, entry.fields) if entry.fields else {}
                return Found(row, {**groups, **given})
            refused = refused or Found(row, groups, rightful=False)
        return refused

    def _rows_for(self, tag: bytes | None) -> list[tuple[Table, Row]]:
        """All rows, those first that a speaker with this tag may say."""
        rows = self._of_tag.get(tag)
        if rows is None:
            if len(self._of_tag) >= TAGS_MAX:
                self._of_tag.clear()
            rows = sorted(self._worded, key=lambda pair: not pair[0].is_of(tag))
            self._of_tag[tag] = rows
        return rows

    def _fit(self, row: Row, text: bytes) -> Groups | None:
        pattern = self._patterns.get(id(row))
        if pattern is None:  # A log has few of all messages.
            pattern = re.compile(row.pattern + rb"\Z", re.DOTALL)
            self._patterns[id(row)] = pattern
        # Blanks at the end are cut off here: a pattern that passes over them looks for the end behind each of a row of them.
        match = pattern.match(text.rstrip())
        if match is None:
            return None
        return {name: part for name, part in match.groupdict().items() if part is not None}


def _one_of(words: Iterable[bytes]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(map(re.escape, words)))


def _groups_of_fields(row: Row, fields: Mapping[bytes, bytes]) -> Groups:
    return _first_of({**UNIT_FIELDS, **(row.fields or {})}, fields)


def _first_of(names: Mapping[str, tuple[bytes, ...]], fields: Mapping[bytes, bytes]) -> Groups:
    return {
        group: next(fields[name] for name in choices if name in fields)
        for group, choices in names.items()
        if any(name in fields for name in choices)
    }
