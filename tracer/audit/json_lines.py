"""Audit records inside JSON: the journal's (``journalctl -o json``), laurel's, and event exports.

Every form is turned into the record text that the kernel would have written, so that one reader of
fields serves all. Formats: systemd.journal-fields(7) and journald's audit transport; laurel's
json-format.md; ``{"eventid", "timestamp", "node", "items": {TYPE: [text]}}``.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable

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
    if "ID" not in value:
        return []
    from tracer.audit import laurel

    return laurel.records(value)


def of_journal(value: Object, line_record: Callable[[bytes], Record | None]) -> list[Record]:
    """The record in a journal's entry, whose fields are texts; its MESSAGE may be bytes."""
    message = _message(value["MESSAGE"])
    if not isinstance(value.get("_AUDIT_TYPE"), str):
        found = line_record(message) if _may_pass_on(value) else None
        return [found] if found else []
    when = microseconds(value.get("_SOURCE_REALTIME_TIMESTAMP")) or microseconds(
        value.get("__REALTIME_TIMESTAMP")
    )
    number = integer(value["_AUDIT_TYPE"])
    if when is None or number is None:
        return []
    serial = integer(value.get("_AUDIT_ID"))
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
        bytes_of(value.get("timestamp"))
        + b"."
        + (bytes_of(value.get("timestampfractional")) or b"0")
    )
    serial = integer(value.get("eventid"))
    if not isinstance(items, dict) or when is None or serial is None:
        return []
    stamp = Stamp(bytes_of(value.get("node")) or None, when, serial)
    return [
        Record(record.type_number(name.encode("utf-8", "replace")), stamp, bytes_of(body))
        for name, bodies in items.items()
        for body in (bodies if isinstance(bodies, list) else [bodies])
    ]


def bytes_of(value: object) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""


def integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    digits = str(value)
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 20 else None


def microseconds(value: object) -> int | None:
    number = integer(value)
    return None if number is None or number > 10**10 * 10**6 else number * (SECOND // 1_000_000)
