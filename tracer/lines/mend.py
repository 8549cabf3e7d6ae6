"""Physical lines → logical lines: what pasting, mailing and quoting do to a log is undone.

Only what can be told is mended: carriage returns, a byte order mark, quoting marks, markdown's
backslashes, and records wrapped over several lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, Generic, TypeVar

Numbered = tuple[int, bytes]
K = TypeVar("K")

# Marks of quoting (mail, diff, markdown), also the wide and the hard blank, and the frame of a terminal's pane.
QUOTE = rb"(?:[\s>|+*#`]|\xe3\x80\x80|\xc2\xa0|\xe2\x94\x82)*"
_QUOTED = re.compile(QUOTE)
_BOM = b"\xef\xbb\xbf"
# U+3000 and U+00A0, as word processors and web pages have them.
_WIDE_BLANKS = re.compile(rb"\xe3\x80\x80|\xc2\xa0")
_HARD_BLANK = b"\xc2\xa0"
# SGR and EL (ECMA-48), as grep --color and journalctl write them.
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*[mK]")
# grep -n, with -H the file, too, or the file alone. What follows must be the beginning of a line that logs have.
_GREP = re.compile(
    rb"(?:(?:[\w./~+-]+[:-])??\d{1,9}[:-]|[\w./~+-]+:)(?=type=|node=|<\d|\[ *\d|[A-Z]\w\w [ \d]\d \d\d:|\d{4}-\d\d-)"
)
# What no name of a file and no number begins with.
_UNNAMED = frozenset((b"", b" ", b"\t", b"<", b"[", b"{", b">", b"-", b"#", *(bytes([letter]) for letter in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")))  # fmt: skip
_STARTS = re.compile(rb"(?:node=|type=|time-\\?>|----|\{|<no matches>|\[|#)")
_TOKEN = re.compile(rb"""[A-Za-z_][\w-]*=(?:"[^"]*"?|\S*)""")
_PIECE = re.compile(rb"""[\w"'./:,=()-]*""")
_RECORD = re.compile(rb"type=\S+ +(?:msg=)?audit\(|audit(?:\[\d+\])?: [A-Z_]{3,} ")
_TYPE_ENDS = re.compile(rb"type=[\w\[\]]+ *$")
_STAMP = re.compile(rb"(?:msg=)?audit\(")
# audit_log_exit(), audit_log_pid_context(), audit_seccomp(), audit_core_dumps() in kernel/auditsc.c;
# auditd's own records in audit-userspace src/auditd.c.
_LAST_FIELDS = (
    (re.compile(rb"type=(?:SYSCALL|1300) "), b" key="),
    (re.compile(rb"type=(?:OBJ_PID|1318) "), b" ocomm="),
    (re.compile(rb"type=(?:SECCOMP|1326) "), b" code="),
    (re.compile(rb"type=(?:ANOM_ABEND|1701) "), b" sig="),
    (re.compile(rb"type=DAEMON_"), b" pid="),
)
_LINE_MAX = 1 << 20
_HEAD = 400  # bytes of a line in which its record begins


def lines_in(stream: IO[bytes]) -> Iterator[bytes]:
    """Each without its end; of one that is longer than a megabyte its beginning. Raises EOFError where the stream is damaged:
    what unpacks it has exceptions of its own without a common parent (zlib.error, lzma.LZMAError)."""
    head, is_open = b"", False
    while True:
        try:
            part = stream.readline(_LINE_MAX)
        except Exception as error:
            raise EOFError(str(error)) from error
        if not is_open:
            head = part
        is_open = bool(part) and not part.endswith(b"\n")
        if not is_open and head:
            yield head.rstrip(b"\r\n")
        if not part:
            return


def numbered(lines: Iterable[bytes], first: int = 1) -> Iterator[Numbered]:
    """Lines as they were before they were printed, pasted and mailed, each with its number."""
    return ((number, clean(line)) for number, line in enumerate(lines, first))


class Mender(Generic[K]):
    """Physical lines in, logical lines out, each with the key of its first physical line; ``add`` takes clean lines."""

    def __init__(self) -> None:
        self._held: _Wrapped | None = None
        self._key: K | None = None
        self._object: list[bytes] = []
        self._object_size = 0

    def add(self, key: K, line: bytes) -> list[tuple[K, bytes]]:
        """Take the next line; the logical line that ends before it, if one does."""
        held = self._held
        if self._object:
            return self._add_to_object(line)
        if held is not None and held.size < _LINE_MAX and held.goes_on(line):
            held.add(held.joint(line))
            return []
        ended = self.end()
        if line.rstrip() == b"{":  # JSON that somebody has spread over several lines
            self._object, self._object_size = [line], len(line)
        else:
            self._held = _Wrapped(line)
        self._key = key
        return ended

    def is_within(self) -> bool:
        """Whether what comes next is part of an object over several lines."""
        return bool(self._object)

    def held(self) -> bytes | None:
        """What may go on in the next line."""
        return self._held.whole() if self._held is not None else None

    def end(self) -> list[tuple[K, bytes]]:
        """The line that is held: nothing of it follows."""
        held = self._held.whole() if self._held is not None else b"\n".join(self._object)
        key, self._held, self._object = self._key, None, []
        return [(key, held)] if key is not None and held else []

    def _add_to_object(self, line: bytes) -> list[tuple[K, bytes]]:
        self._object.append(line)
        self._object_size += len(line)
        ends = line.rstrip() == b"}" or self._object_size > _LINE_MAX
        return self.end() if ends else []


def mended(lines: Iterable[Numbered]) -> Iterator[Numbered]:
    """Logical lines, each with the number of its first physical line; ``lines`` are clean."""
    mender: Mender[int] = Mender()
    for number, line in lines:
        yield from mender.add(number, line)
    yield from mender.end()


class _Wrapped:
    """A record that may go on in the next line. Its parts are joined at its end: there may be thousands."""

    def __init__(self, line: bytes) -> None:
        self.size = 0
        self._parts: list[bytes] = []
        self._head = b""
        self._equals, self._quotes = False, 0  # in its last word
        self.add(line)

    def whole(self) -> bytes:
        """The record so far, in one piece."""
        return b"".join(self._parts)

    def add(self, text: bytes) -> None:
        """What comes next in it."""
        words = text.split()
        if words and (len(words) > 1 or text[:1].isspace() or self._ends_word()):
            self._equals, self._quotes = False, 0
        if words:
            self._equals = self._equals or b"=" in words[-1]
            self._quotes += words[-1].count(b'"')
        self._parts.append(text)
        self.size += len(text)
        if len(self._head) < _HEAD:
            self._head += text[:_HEAD]

    def _ends_word(self) -> bool:
        return bool(self._parts) and self._parts[-1][-1:].isspace()

    def _is_open(self) -> bool:
        """Whether the last word is only begun: no ``=`` in it yet, or a quote that is not closed."""
        return not self._equals or self._quotes == 1

    def joint(self, line: bytes) -> bytes:
        """What of a line belongs to the record: with a blank before it unless the break fell inside a word."""
        text = unquoted(line)
        begins = _TOKEN.match(text) or _STAMP.match(text)
        apart = line[:1] in b" \t" or (begins and not self._is_open())
        return b" " + text if apart and not self._ends_word() else text

    def goes_on(self, line: bytes) -> bool:
        """Whether ``line`` can only be the rest of the record: fields without a header of their own."""
        if not line or _RECORD.search(line, 0, _HEAD):
            return False
        if not _RECORD.search(self._head, 0, _HEAD):
            # Broken before the stamp.
            begun = len(self._parts) == 1 and _TYPE_ENDS.search(self._head) is not None
            return begun and _STAMP.match(unquoted(line)) is not None
        text = unquoted(line)
        if not text or _STARTS.match(text):
            return False
        tokens = text.split()
        first, rest = tokens[0], tokens[1:]
        if not all(_TOKEN.match(token) for token in rest[:-1]):
            return False
        # The last one may be broken off, too, where others stand before it.
        if rest and not (_TOKEN.match(rest[-1]) or (rest[1:] and _PIECE.fullmatch(rest[-1]))):
            return False
        if _TOKEN.match(first):
            return True
        # Half a token: what follows it, or where it breaks off, tells it from somebody's words.
        return bool(_PIECE.fullmatch(first)) and (
            bool(rest) or self._is_open() or self._parts[-1].endswith(b"=") or _is_hex(first)
        )


def clean(raw: bytes) -> bytes:
    """One physical line without line end, byte order mark, colours, markdown's backslashes and wide blanks."""
    # A host that crashed leaves zeros where a block of its log was not written.
    line = raw.rstrip(b"\r\n").lstrip(b"\0")
    if line.startswith(_BOM):
        line = line[3:]
    if b"\x1b" in line:
        line = _COLOUR.sub(b"", line)
    if b"\xa0" in line or b"\xe3" in line:
        line = _without_wide_blanks(line)
    if line[:1] not in _UNNAMED and not line.startswith((b"type=", b"node=")):
        line = line[_end(_GREP.match(line)) :]
    if b'\\"' in line and not re.search(rb'(?<!\\)"', line):
        line = line.replace(b'\\"', b'"')
    if line.endswith(b"\\") and (b"audit(" in line or _TOKEN.match(line.strip())):
        return line[:-1]
    return line


def _end(match: re.Match[bytes] | None) -> int:
    return 0 if match is None else match.end()


def _without_wide_blanks(line: bytes) -> bytes:
    """Hard blanks were blanks before somebody pasted the line; wide ones are marks of quoting before a record."""
    if b"audit(" in line or line.lstrip().startswith((b"type=", b"node=")):
        line = line.replace(_HARD_BLANK, b" ")
    if b"audit" not in _WIDE_BLANKS.split(line, 1)[0]:
        line = line.replace(b"\xe3\x80\x80", b"")
    return line


def _is_hex(word: bytes) -> bool:
    return re.fullmatch(rb"[0-9A-F]+", word) is not None


def is_cut(line: bytes) -> bool:
    """Whether a log's last line, which has no line end, is only part of a record.

    Told by the fields that a record has near its end: they are the same in all versions.
    """
    if line.startswith(b"{"):
        return b"audit" in line.lower() and not line.rstrip().endswith(b"}")
    if not (line.startswith((b"type=", b"node=")) or _RECORD.search(line, 0, _HEAD)):
        return False
    whole = b"): " in line and line.count(b'"') % 2 == 0
    return not whole or any(
        kind.search(line, 0, _HEAD) and last not in line for kind, last in _LAST_FIELDS
    )


def without_cut_field(line: bytes) -> bytes:
    """A cut record without its last field, of which nobody knows how much is missing."""
    head, end, fields = line.partition(b"): ")
    return head + end + fields.rpartition(b" ")[0]


def unquoted(line: bytes) -> bytes:
    """The line without the marks that mail, diffs and markdown put before it."""
    match = _QUOTED.match(line)
    return line[match.end() :] if match else line
