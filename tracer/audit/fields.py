"""The ``name=value`` fields of a record's body, and what their values mean.

Kernel rules (audit_log_untrustedstring(), kernel/audit.c): text that a user can choose is written in
double quotes, or as upper-case hex without quotes when it holds a quote, a blank or a byte outside
0x21..0x7e.
"""

from __future__ import annotations

import errno
import re

from tracer.model.names import COMM_MAX

Fields = dict[bytes, bytes]

# A name that damage has touched is none: what is left of ``ppid`` must not be taken for ``pid``.
_FIELD = re.compile(rb"""(?<![^\s\x1d"'])([A-Za-z_][\w.-]*)=("[^"]*"?|'[^']*'?|[^\s\x1d]*)""")
# In ENRICHED records the translated fields (upper case) follow a \x1d, which copies lose.
_GLUED = re.compile(rb"^(.*?)((?:ARCH|SYSCALL|O?AUID|O?UID|O?GID|SADDR|ID)=.*)$", re.DOTALL)
_DOUBLE = re.compile(rb"""=[^\s\x1d"'][^\s\x1d]*=""")
# ausearch -i takes the quotes away: a value ends where the next name begins.
_NAMED = re.compile(rb"(?:^|[\s\x1d])([A-Za-z_][\w.-]*)=")
_BLANKS = b" \t\r\n\x1d"
_EXE_ENDS = re.compile(rb" (?:subj|key|sig|hostname)=")
_HEX = re.compile(rb"[0-9A-F]+")
_UNNAMED = re.compile(rb"unknown(?:-[a-z-]+)?\((\w+)\)")
_EXIT_NAME = re.compile(rb"E[A-Z0-9]+")
_UNKNOWN = frozenset((b"", b"(null)"))
UNSET = 0xFFFFFFFF  # (uid_t) -1; OBJ_PID writes it signed, as -1


def parse_fields(body: bytes) -> Fields:
    """The fields of a raw record; of a field that comes twice the first counts.

    A value cut inside its quotes (the log ended there) is left out: part of it is not known.
    """
    found = _FIELD.findall(body)
    if found and _is_cut(found[-1][1]):  # what has no second quote goes on to the end
        found.pop()
    if _DOUBLE.search(body):
        found = [pair for name, value in found for pair in _unglued(name, value)]
    return dict(reversed(found))


def _is_cut(value: bytes) -> bool:
    return value[:1] in (b'"', b"'") and (len(value) == 1 or value[-1] != value[0])


def _unglued(name: bytes, value: bytes) -> list[tuple[bytes, bytes]]:
    glued = None if value[:1] in (b'"', b"'") else _GLUED.match(value)
    return [(name, value)] if glued is None else [(name, glued[1]), *_FIELD.findall(glued[2])]


def parse_interpreted(body: bytes) -> Fields:
    """The fields of an ``ausearch -i`` record, whose values have no quotes and may hold blanks."""
    _, *parts = _NAMED.split(body)
    values = [value.strip(_BLANKS) for value in parts[1::2]]
    fields = dict(zip(reversed(parts[::2]), reversed(values)))
    return _with_whole_comm(fields, body)


def _with_whole_comm(fields: Fields, body: bytes) -> Fields:
    """A comm may look like fields itself: it is the longest text before `` exe=`` that can be one."""
    start = body.find(b" comm=")
    if start < 0:
        return fields
    end = body.rfind(b" exe=", start, start + 6 + COMM_MAX + 5)
    if end > start:
        fields[b"comm"] = body[start + 6 : end]
        fields[b"exe"] = _EXE_ENDS.split(body[end + 5 :], maxsplit=1)[0].strip()
    return fields


def text(value: bytes | None, interpreted: bool = False) -> bytes | None:
    """The bytes that a value stands for: unquoted, or decoded from hex; None where the log has none."""
    if value is None or value in _UNKNOWN:
        return None
    if interpreted:
        return value
    if value[:1] in b"\"'":
        inner = value[1:-1]
        return None if inner in _UNKNOWN else inner
    if len(value) % 2 == 0 and _HEX.fullmatch(value):
        return bytes.fromhex(value.decode("ascii"))
    return value


def decimal(value: bytes | None) -> int | None:
    """A decimal number that fits 64 bits, None for anything else."""
    if value is None or not value or len(value) > 20:
        return None
    digits = value[1:] if value[:1] == b"-" else value
    return int(value) if digits.isdigit() else None


def hexadecimal(value: bytes | None) -> int | None:
    """A register as the kernel (``ffffd0e6``) or ausearch -i (``0xffffd0e6``) writes it."""
    if value is None:
        return None
    digits = value[2:] if value[:2] in (b"0x", b"0X") else value
    if not 0 < len(digits) <= 16:
        return None
    try:
        return int(digits, 16)
    except ValueError:
        return None


def pid_argument(value: bytes | None) -> int | None:
    """A pid_t as the call reads its register."""
    number = hexadecimal(value)
    return None if number is None else as_pid(number)


def as_pid(register: int) -> int:
    """The low 32 bits of a register, signed (kill(2) takes an int)."""
    number = register & 0xFFFFFFFF
    return number - 0x1_0000_0000 if number >= 0x8000_0000 else number


def unnamed(value: bytes) -> bytes:
    """What stands in the parentheses of ausearch's ``unknown(…)`` and ``unknown-syscall(…)``, or else the value."""
    unknown = _UNNAMED.fullmatch(value)
    return unknown[1] if unknown else value


def errno_name(value: bytes) -> str:
    """The name of the errno in ``exit=``: a number below 0, or what ausearch -i makes of it."""
    name = _EXIT_NAME.match(value)
    if name:
        return name[0].decode("ascii")
    digits = value[1:] if value[:1] == b"-" else b""
    code = int(digits) if digits.isdigit() and len(digits) < 6 else 0
    return errno.errorcode.get(code, f"errno {code}" if code else "unknown")


def identity(value: bytes | None) -> int | None:
    """A uid, login uid, session or pid; None where it is unset, a name, or no 32-bit number.

    ausearch -i writes ``unknown(3010)`` for a user that its own host does not have.
    """
    if value is None:
        return None
    number = int(value) if value.isdigit() and len(value) <= 10 else decimal(unnamed(value))
    return number if number is not None and 0 <= number < UNSET else None
