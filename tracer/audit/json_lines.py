"""Audit records inside JSON: the journal's (``journalctl -o json``), laurel's, and event exports.

Every form is turned into the record text that the kernel would have written, so that one reader of
fields serves all. Formats: systemd.journal-fields(7) and journald's audit transport; laurel's
json-format.md; ``{"eventid", "timestamp", "node", "items": {TYPE: [text]}}``.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable
from urllib.parse import unquote_to_bytes

from tracer.audit import record
from tracer.audit.record import Record, Stamp
from tracer.lines.dates import epoch
from tracer.model.times import SECOND

Object = dict[str, Any]
_PASSES_ON = re.compile(r"kernel|.*audi[ts].*")
# The fields that tell what a record is, and who passes it on.
READ_OF_JOURNAL = tuple(
    (name.encode(), name)
    for name in (
        *("_AUDIT_TYPE", "_AUDIT_ID", "_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP"),
        *("_TRANSPORT", "SYSLOG_IDENTIFIER", "_UID"),
    )
)
_NAME = re.compile(r"[A-Za-z_][\w-]*")
# What audit_log_untrustedstring() writes (kernel/audit.c).
_UNTRUSTED = ("comm", "ocomm", "exe", "key")
_PLAIN_TEXT = re.compile(rb"[!#-~]+")


def records(text: bytes, line_record: Callable[[bytes], Record | None]) -> list[Record] | None:
    """The records of one JSON object; None if it is no JSON object, [] if no audit is in it.

    ``line_record`` reads a text line, for journals that hold the kernel log's form.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    if "MESSAGE" in value:
        return of_journal(value, line_record)
    if "items" in value:
        return _export(value)
    return _laurel(value) if "ID" in value else []


def of_journal(value: Object, line_record: Callable[[bytes], Record | None]) -> list[Record]:
    """The record in a journal's entry, whose fields are texts; its MESSAGE may be bytes."""
    message = _message(value["MESSAGE"])
    if not isinstance(value.get("_AUDIT_TYPE"), str):
        found = line_record(message) if _may_pass_on(value) else None
        return [found] if found else []
    when = _microseconds(value.get("_SOURCE_REALTIME_TIMESTAMP")) or _microseconds(
        value.get("__REALTIME_TIMESTAMP")
    )
    number = _integer(value["_AUDIT_TYPE"])
    if when is None or number is None:
        return []
    serial = _integer(value.get("_AUDIT_ID"))
    # The first word is the type's name: journald puts it there.
    body = message.partition(b" ")[2]
    return [Record(number, Stamp(None, when, -1 if serial is None else serial), body)]


def _may_pass_on(value: Object) -> bool:
    """Whether an audit record in this entry's text is one: anybody may take any identifier (logger -t), but
    the fields that begin with _ are journald's own."""
    if value.get("_TRANSPORT") in ("kernel", "audit"):
        return True
    tag = value.get("SYSLOG_IDENTIFIER")
    if not isinstance(tag, str) or _PASSES_ON.fullmatch(tag) is None:
        return False
    return "_TRANSPORT" not in value or (tag != "kernel" and value.get("_UID") in (None, "0"))


def _message(message: object) -> bytes:
    """The text; journald writes a list of byte values where the text is not UTF-8."""
    if isinstance(message, bytes):
        return message
    if isinstance(message, list):
        return bytes(b for b in message if isinstance(b, int) and 0 <= b < 256)
    return str(message).encode("utf-8", "surrogatepass")


def _export(value: Object) -> list[Record]:
    items = value["items"]
    when = epoch(
        _bytes(value.get("timestamp")) + b"." + (_bytes(value.get("timestampfractional")) or b"0")
    )
    serial = _integer(value.get("eventid"))
    if not isinstance(items, dict) or when is None or serial is None:
        return []
    stamp = Stamp(_bytes(value.get("node")) or None, when, serial)
    return [
        Record(record.type_number(name.encode("utf-8", "replace")), stamp, _bytes(body))
        for name, bodies in items.items()
        for body in (bodies if isinstance(bodies, list) else [bodies])
    ]


def _laurel(value: Object) -> list[Record]:
    stamp = _laurel_stamp(value)
    if stamp is None:
        return []
    found = []
    for name, parts in value.items():
        number = record.type_number(name.encode("utf-8", "replace"))
        if number:
            some = parts if isinstance(parts, list) else [parts]
            found += [
                Record(number, stamp, _laurel_body(number, p)) for p in some if isinstance(p, dict)
            ]
    return found


def _laurel_stamp(value: Object) -> Stamp | None:
    when, _, serial = _bytes(value["ID"]).rpartition(b":")
    time, number = epoch(when), _integer(serial.decode("ascii", "replace"))
    if time is None or number is None:
        return None
    return Stamp(_bytes(value.get("NODE")) or None, time, number)


def _laurel_body(number: int, parts: Object) -> bytes:
    argv = parts.get("ARGV")
    words = [_unquoted(word) for word in argv] if isinstance(argv, list) else []
    fields = [
        name.encode() + b"=" + _laurel_value(value, quoted=name in _UNTRUSTED)
        for name, value in parts.items()
        if _NAME.fullmatch(name) and name != "ARGV" and not isinstance(value, (dict, list))
    ]
    if number == record.PROCTITLE:
        fields.append(b"proctitle=" + b"\0".join(words).hex().upper().encode())
    elif number == record.SYSCALL:
        fields += [b"a%d=%s" % (n, word.replace(b"0x", b"")) for n, word in enumerate(words)]
    else:
        fields += [b"a%d=%s" % (n, _written(word)) for n, word in enumerate(words)]
    return b" ".join(fields)


def _laurel_value(value: object, *, quoted: bool = False) -> bytes:
    if value is None:
        return b"(null)"
    if isinstance(value, (int, float)):
        return str(value).encode()
    text = _unquoted(value)
    if quoted:
        return _written(text)
    return text if re.fullmatch(rb"[a-z0-9_]*|0x[0-9a-f]+", text) else _written(text)


def _unquoted(value: object) -> bytes:
    """Text in laurel's percent-encoding."""
    return unquote_to_bytes(str(value).encode("utf-8", "surrogatepass"))


def _written(text: bytes) -> bytes:
    """Text as the kernel writes untrusted strings."""
    return b'"%s"' % text if _PLAIN_TEXT.fullmatch(text) else text.hex().upper().encode()


def _bytes(value: object) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""


def _integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    digits = str(value)
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 20 else None


def _microseconds(value: object) -> int | None:
    number = _integer(value)
    return None if number is None or number > 10**10 * 10**6 else number * (SECOND // 1_000_000)
