"""laurel's JSON, an event an object (its json-format.md) → records as the kernel writes them, or rows (``tracer.audit.usual``)."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from tracer.audit import record
from tracer.audit.argv import words_of
from tracer.audit.calls import CALLS, meant
from tracer.audit.fields import UNSET, errno_name
from tracer.audit.json_lines import Object, bytes_of, integer
from tracer.audit.record import Record, Stamp
from tracer.audit.usual import SILENT, Described, Row, Sent, Whole
from tracer.lines.dates import epoch
from tracer.model.memo import memo

_NAME = re.compile(r"[A-Za-z_][\w-]*")
# What audit_log_untrustedstring() writes (kernel/audit.c).
_UNTRUSTED = ("comm", "ocomm", "exe", "key")
_PLAIN_TEXT = re.compile(rb"[!#-~]+")
_ARCH = re.compile(r"[a-z0-9_]+")
_REGISTER = re.compile(r"0x[0-9a-f]{1,16}")
_MENDED = (b"\r", b"\0", b"\x1b", b"\xc2\xa0", b"\xe3\x80\x80")


@memo(256)
def _type_number(name: str) -> int:
    return record.type_number(name.encode("utf-8", "replace"))


class _Unusual(Exception):
    """A value is not what laurel mostly writes."""


def records(value: Object) -> list[Record]:
    """The records of one object."""
    stamp = _stamp(value)
    if stamp is None:
        return []
    found = []
    for name, parts in value.items():
        number = _type_number(name)
        if number:
            some = parts if isinstance(parts, list) else [parts]
            found += [Record(number, stamp, _body(number, p)) for p in some if isinstance(p, dict)]
    return found


def _stamp(value: Object) -> Stamp | None:
    when, _, serial = bytes_of(value["ID"]).rpartition(b":")
    time, number = epoch(when), integer(serial.decode("ascii", "replace"))
    if time is None or number is None:
        return None
    return Stamp(bytes_of(value.get("NODE")) or None, time, number)


def _body(number: int, parts: Object) -> bytes:
    argv = parts.get("ARGV")
    words = [_unquoted(word) for word in argv] if isinstance(argv, list) else []
    fields = [
        name.encode() + b"=" + _value(value, quoted=name in _UNTRUSTED)
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


def _value(value: object, *, quoted: bool = False) -> bytes:
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


def rows_of(chunk: bytes) -> list[Row] | None:
    """The events of whole lines, or lines to be read by themselves; None if one is no object of its own."""
    if any(mark in chunk for mark in _MENDED):
        return None
    rows: list[Row] = []
    for line in chunk.split(b"\n")[:-1]:
        if not (line.startswith(b'{"') and line.endswith(b"}")):
            return None
        try:
            rows.append(_whole(line))
        except (_Unusual, ValueError, KeyError, TypeError, RecursionError):
            rows.append(line)
    return rows


def _whole(line: bytes) -> Whole:
    value = json.loads(line)
    stamp = None if "MESSAGE" in value or "items" in value else _stamp(value)
    call, title = value["SYSCALL"], value["PROCTITLE"]["ARGV"]
    if stamp is None or type(call) is not dict or type(title) is not list:
        raise _Unusual
    count = 2
    for name, parts in value.items():
        if _type_number(name) and name not in ("SYSCALL", "PROCTITLE"):
            if name.encode("utf-8", "replace") not in SILENT:
                raise _Unusual
            count += sum(type(one) is dict for one in (parts if type(parts) is list else [parts]))
    objects = value.get("OBJ_PID", ())
    arch, syscall = call["arch"], call["syscall"]
    if type(arch) is not str or not _ARCH.fullmatch(arch) or type(syscall) is not int:
        raise _Unusual
    which, execs, is_known = meant(f"{arch} syscall={syscall}".encode())
    sent = None
    if which is not None:
        sent = _sent(which, call, objects, title)
        if count != 2 + len(sent[5]):
            raise _Unusual
    elif objects or not is_known:
        raise _Unusual
    pid, success = call["pid"], call["success"]
    if type(pid) is not int or not 0 <= pid < UNSET or success not in ("yes", "no"):
        raise _Unusual
    return (
        len(line) + 1,
        0,
        1,
        count,
        stamp.node,
        str(stamp._replace(node=None)),
        stamp.time,
        stamp.serial,
        pid,
        execs and success == "yes",
        sent,
    )


def _sent(which: int, call: Object, objects: Any, title: list[Any]) -> Sent:
    argv = call["ARGV"]
    if type(argv) is not list or len(argv) < 3 or "a0" in call or not all(map(_is_register, argv)):
        raise _Unusual
    registers = [int(word, 16) for word in argv[:3]]
    words = None
    cut = False
    whole = b"\0".join(map(_word, title))
    if whole:
        words, cut = words_of(whole)
    tty = _text(call.get("tty"))
    caller = (
        _id(call, "pid"), None, _text(call.get("comm")), None, _id(call, "uid"), _user(call, "UID"), _id(call, "euid"),
        _id(call, "ppid"), _text(call.get("exe")), words, cut, _id(call, "auid"), _id(call, "ses"),
        None if tty == b"(none)" else tty,
    )  # fmt: skip
    targets: dict[object, Described] = {}
    for one in objects if type(objects) is list else [objects]:
        pid = _id(one, "opid")
        if pid in targets:
            raise _Unusual
        targets[pid] = (
            pid, None, _text(one.get("ocomm")), None, _id(one, "ouid"), _user(one, "OUID"), None, None, None, None, False,
            _id(one, "oauid"), _id(one, "oses"),
        )  # fmt: skip
    exit_ = call["exit"]
    if type(exit_) is not int:
        raise _Unusual
    error = errno_name(b"%d" % exit_) if call["success"] == "no" else None
    number = registers[CALLS[which].signal] & 0xFFFFFFFF
    return which, number, error, (registers[0], registers[1]), caller, tuple(targets.values())


def _is_register(word: Any) -> bool:
    return type(word) is str and _REGISTER.fullmatch(word) is not None


def _id(fields: Any, name: str) -> int | None:
    """A number of a user, session or process."""
    if type(fields) is not dict:
        raise _Unusual
    number = fields.get(name, UNSET)
    if type(number) is not int:
        raise _Unusual
    return number if 0 <= number < UNSET else None


def _user(fields: Object, name: str) -> str | None:
    given = _text(fields.get(name))
    return None if given is None or given.startswith(b"unknown(") else given.decode("utf-8", "backslashreplace")  # fmt: skip


def _text(value: Any) -> bytes | None:
    """What stands for text; what looks like a number may be hexadecimal to who reads it as the kernel's."""
    if value is None:
        return None
    word = _word(value)
    if word.isdigit():
        raise _Unusual
    return None if word in (b"", b"(null)") else word


def _word(value: Any) -> bytes:
    if type(value) is not str:
        raise _Unusual
    return _unquoted(value)
