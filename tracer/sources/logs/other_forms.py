"""What a file looks like that is no audit log: for the message that says so."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from tracer.model.errors import OWN, Problem
from tracer.model.text import typed
from tracer.sources.logs.files import STDIN, LogSet, called, open_log, read_blocks

_MAGIC = (
    (b"\x7fELF", "a program"),
    (b"LPKSHHRH", "a journal's own file; journalctl -o json --file prints it"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\xff\xfe", "UTF-16 text; iconv -f utf-16 makes it readable"),
    (b"\xfe\xff", "UTF-16 text; iconv -f utf-16 makes it readable"),
    (b"PK\x03\x04", "a zip archive"),
    (b"%PDF", "a PDF document"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
)
_TEXTS = (
    (re.compile(rb'^\{"v": ?\d+, "event"', re.MULTILINE), "sigtrace's own JSON"),
    (re.compile(rb"^\{", re.MULTILINE), "JSON of something else"),
    (
        re.compile(rb"^\w{3} [ \d]\d \d\d:\d\d:\d\d ", re.MULTILINE),
        "a syslog or journal without audit records",
    ),
    (re.compile(rb"^\[ *\d+\.\d{6}\]", re.MULTILINE), "a kernel log without audit records"),
    (re.compile(rb"^\d{4}-\d\d-\d\dT", re.MULTILINE), "a syslog without audit records"),
)


def no_records(logs: Sequence[LogSet], *, anything: bool) -> Problem:
    """The problem of logs of which nothing could be read; ``anything``: a line was read from standard input."""
    paths = [path for log in logs for path in log.paths][:3]
    names = [called(path) for path in paths]
    looks = [looks_like(path, anything=anything) for path in paths]
    try_ = f"{OWN} /var/log/audit/audit.log /var/log/messages"
    if len(paths) == 1 and paths[0] != STDIN and os.access(paths[0], os.X_OK):
        # Where it lies its name alone is the file again.
        there = "" if os.path.dirname(paths[0]) not in ("", ".") else "cd /; "
        try_ = f"{there}sigtrace why {typed(os.path.basename(paths[0]))}, for what ended it"
    return Problem(
        "no audit records in " + ", ".join(names) + ", and no log lines",
        "; ".join(f"{name} {words}" for name, words in zip(names, looks)),
        try_,
    )


def looks_like(path: str, *, anything: bool) -> str:
    """A few words on what the file seems to be; ``anything``: a line was read from it."""
    if path == STDIN or not os.path.isfile(path):  # what has been read from a pipe is gone
        return "holds something else" if anything else "is empty"
    try:
        with open_log(path) as stream:
            head = next(read_blocks(stream), b"")
    except (EOFError, Problem):
        return "looks like a damaged archive"
    return f"looks like {_words(head)}" if head.strip() else "is empty"


def _words(head: bytes) -> str:
    for magic, words in _MAGIC:
        if head.startswith(magic):
            return words
    for pattern, words in _TEXTS:
        if pattern.search(head):
            return words
    strange = sum(byte < 9 or 13 < byte < 32 for byte in head[:4096])
    return "binary data" if strange * 20 > len(head[:4096]) else "some other text"
