"""Physical lines → logical lines: what pasting, mailing and quoting do to a log is undone.

Only what can be told is mended: carriage returns, a byte order mark, quoting marks, markdown's
backslashes, and records wrapped over several lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

Numbered = tuple[int, bytes]

# Marks of quoting (mail, diff, markdown), also the wide and the hard blank.
QUOTE = rb"(?:[\s>|+*#`]|\xe3\x80\x80|\xc2\xa0)*"
_QUOTED = re.compile(QUOTE)
_BOM = b"\xef\xbb\xbf"
_WIDE_BLANK = b"\xe3\x80\x80"
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


def mended(lines: Iterable[Numbered]) -> Iterator[Numbered]:
    """Logical lines, each with the number of its first physical line."""
    held: Numbered | None = None
    for number, raw in lines:
        line = clean(raw)
        if held is not None and len(held[1]) < _LINE_MAX and continues(held[1], line):
            held = held[0], joined(held[1], line)
            continue
        if held is not None:
            yield held
        held = number, line
    if held is not None:
        yield held


def clean(raw: bytes) -> bytes:
    """One physical line without line end, byte order mark, markdown's backslashes and wide blanks."""
    # A host that crashed leaves zeros where a block of its log was not written.
    line = raw.rstrip(b"\r\n").lstrip(b"\0")
    if line.startswith(_BOM):
        line = line[3:]
    if _WIDE_BLANK in line and b"audit" not in line.partition(_WIDE_BLANK)[0]:
        line = line.replace(_WIDE_BLANK, b"")
    if b'\\"' in line and not re.search(rb'(?<!\\)"', line):
        line = line.replace(b'\\"', b'"')
    return line[:-1] if line.endswith(b"\\") and b"audit(" in line else line


def continues(record: bytes, line: bytes) -> bool:
    """Whether ``line`` can only be the rest of ``record``: fields without a header of their own."""
    if not line or _RECORD.search(line, 0, 400):
        return False
    if not _RECORD.search(record, 0, 400):
        # Broken before the stamp.
        return _TYPE_ENDS.search(record) is not None and _STAMP.match(unquoted(line)) is not None
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
        bool(rest) or is_open(record) or record.endswith(b"=") or _is_hex(first)
    )


def _is_hex(word: bytes) -> bool:
    return re.fullmatch(rb"[0-9A-F]+", word) is not None


def is_open(record: bytes) -> bool:
    """Whether the last token is only begun: no ``=`` in it yet, or a quote that is not closed."""
    last = record.rsplit(None, 1)[-1] if record.strip() else b""
    return b"=" not in last or last.count(b'"') == 1


def joined(record: bytes, line: bytes) -> bytes:
    """The record with the line behind it: with a blank unless the break fell inside a token."""
    text = unquoted(line)
    begins = _TOKEN.match(text) or _STAMP.match(text)
    if line[:1] in b" \t" or (begins and not is_open(record)):
        return record.rstrip() + b" " + text
    return record + text


def is_cut(line: bytes) -> bool:
    """Whether a log's last line, which has no line end, is only part of a record.

    Told by the fields that a record has near its end: they are the same in all versions.
    """
    if line.startswith(b"{"):
        return b"audit" in line.lower() and not line.rstrip().endswith(b"}")
    if not (line.startswith((b"type=", b"node=")) or _RECORD.search(line, 0, 400)):
        return False
    whole = b"): " in line and line.count(b'"') % 2 == 0
    return not whole or any(
        kind.search(line, 0, 400) and last not in line for kind, last in _LAST_FIELDS
    )


def without_cut_field(line: bytes) -> bytes:
    """A cut record without its last field, of which nobody knows how much is missing."""
    head, end, fields = line.partition(b"): ")
    return head + end + fields.rpartition(b" ")[0]


def unquoted(line: bytes) -> bytes:
    """The line without the marks that mail, diffs and markdown put before it."""
    match = _QUOTED.match(line)
    return line[match.end() :] if match else line
