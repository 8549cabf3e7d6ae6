"""The fields of a journal's entries (systemd.journal-fields(7)) in journalctl's JSON, export and verbose forms.

Fields whose names begin with ``_`` are journald's own words: nobody else can write them. All others are the sender's.
"""

from __future__ import annotations

import json
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Fields = dict[bytes, bytes]

_FIELD = re.compile(rb"    ([A-Z_][A-Z0-9_]*)=(.*)", re.DOTALL)


def fields_of_json(line: bytes) -> Fields | None:
    """The fields of an object of ``journalctl -o json``; None if it is no such object."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or "MESSAGE" not in value:
        return None
    return fields_of_object(value)


def fields_of_object(value: dict[str, Any]) -> Fields:
    """The fields of a parsed object: texts; lists of byte values where a text is not UTF-8."""
    made = {}
    for name, one in value.items():
        written = _bytes(one)
        if written is not None:
            made[name.encode("utf-8", "surrogatepass")] = written
    return made


def _bytes(value: Any) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return str(value).encode()
    if isinstance(value, list):
        if all(isinstance(b, int) and 0 <= b < 256 for b in value):
            return bytes(value)
        # A field that an entry has several times.
        return next((found for found in map(_bytes, value) if found is not None), None)
    return None


def fields_of_verbose(lines: Iterable[bytes]) -> Fields:
    """The fields of an entry of ``journalctl -o verbose``: its first line has time and cursor."""
    made: Fields = {}
    name = b""
    for line in list(lines)[1:]:
        found = _FIELD.match(line)
        if found is not None:
            name = found[1]
            made.setdefault(name, found[2])
        elif name:
            made[name] += b"\n" + line.strip()
    return made


# coredumpctl info, print_info(), src/coredump/coredumpctl.c: what stands behind a label, as fields.
_OF_A_CORE = {
    b"PID": re.compile(rb"(?P<COREDUMP_PID>\d+) \((?P<COREDUMP_COMM>.*)\)"),
    b"UID": re.compile(rb"(?P<COREDUMP_UID>\d+)"),
    b"Signal": re.compile(rb"(?P<COREDUMP_SIGNAL>\d+)"),
    b"Command Line": re.compile(rb"(?P<COREDUMP_CMDLINE>.+)"),
    b"Executable": re.compile(rb"(?P<COREDUMP_EXE>.+)"),
    b"Control Group": re.compile(rb"(?P<COREDUMP_CGROUP>.+)"),
    b"Unit": re.compile(rb"(?P<COREDUMP_UNIT>.+)"),
    b"User Unit": re.compile(rb"(?P<COREDUMP_USER_UNIT>.+)"),
    b"Hostname": re.compile(rb"(?P<_HOSTNAME>.+)"),
    b"Message": re.compile(rb"(?P<MESSAGE>.+)"),
}
_CORE_ID = b"fc2e22bc6ee647b6b90729ab34a250b1"


def fields_of_core(lines: Iterable[bytes]) -> tuple[Fields, bytes | None]:
    """The fields of what ``coredumpctl info`` shows of a core dump, and its date, local as that prints it."""
    made: Fields = {b"MESSAGE_ID": _CORE_ID, b"SYSLOG_IDENTIFIER": b"systemd-coredump"}
    date = None
    for line in lines:
        label, _, rest = line.strip().partition(b": ")
        if label == b"Timestamp":
            date = rest.partition(b" (")[0]
        found = _OF_A_CORE[label].match(rest.strip()) if label in _OF_A_CORE else None
        if found is not None:
            made.update((name.encode(), part) for name, part in found.groupdict().items())
    if b"COREDUMP_USER_UNIT" in made:  # Its Unit is the user's manager.
        made[b"COREDUMP_UNIT"] = made[b"COREDUMP_USER_UNIT"]
    return made, date


def fields_of_export(lines: Iterable[bytes]) -> Fields:
    """The fields of an entry of ``journalctl -o export``; those written in binary are left out."""
    pairs = [line.partition(b"=") for line in lines]
    return {name: value for name, equals, value in reversed(pairs) if equals}
