"""Who was asked for, as the lines of a recording write it: whether one may be about it is told by its bytes.

Our sinks write JSON in one way: what stands between quotation marks is ``tracer.model.text.plain`` with the escapes of
``json.dumps``. Another writer may leave letters beyond ASCII as they are.
"""

from __future__ import annotations

import codecs
import json
import re

from tracer.model.names import COMM_MAX
from tracer.model.text import plain

_EXEC, _EXIT = b'"event": "exec"', b'"event": "exit"'
# Of whom an event tells, and the parents behind that; no string of JSON has a bare quotation mark.
_PROCESS, _TARGET = b'"process": ', b'"target": '
_PARENTS = b', "ancestors": '
HEAD = 240  # An event's kind and time stand within so many bytes.


class Mention:
    """``needles``: each line that may be about ``what`` has one of them. A number is a pid."""

    def __init__(self, what: bytes) -> None:
        if what.isdigit():
            number = b"%d" % int(what[:20])
            self.needles: tuple[bytes, ...] = (b'id": ' + number, number + b'"')
            self._is_called = re.compile(rb'id": %s(?![0-9])' % number).search
            self._is_part = self._is_called
            self._is_word = re.compile(rb"(?<![0-9])%s(?![0-9])" % number).search
            return
        # Where comm alone is known the kernel has cut the name.
        found = dict.fromkeys((*forms_of(what), *forms_of(what[:COMM_MAX])))
        self.needles = tuple(one for one in found if sum(other in one for other in found) == 1)
        names, cut = (b"|".join(map(re.escape, forms_of(one))) for one in (what, what[:COMM_MAX]))
        self._is_part = self._is_word = re.compile(b"|".join(map(re.escape, self.needles))).search
        # Whole, the last part of a path, a unit without its kind, a container of a pod; the beginning of an id.
        self._is_called = re.compile(
            rb'["/](?:%s)["./]|"comm": "(?:%s)"|"container": "(?:%s)' % (names, cut, names)
        ).search

    def is_in(self, line: bytes) -> bool:
        """Whether it may be about it: its process or target is called so, or a command names it."""
        part = about(line)
        # Most lines that have the name have it among the parents.
        if not any(needle in part for needle in self.needles):
            return False
        search = self._is_word if _EXEC in line[:HEAD] else self._is_called
        return search(part) is not None

    def is_like(self, line: bytes) -> bool:
        """Whether an end is of one whose name has it as a part."""
        if _EXIT not in line[:HEAD]:
            return False
        part = about(line)
        return any(needle in part for needle in self.needles) and self._is_part(part) is not None


def forms_of(word: bytes) -> tuple[bytes, ...]:
    """How JSON may write it."""
    text = plain(word)
    return tuple(
        dict.fromkeys(
            json.dumps(text, ensure_ascii=ascii_)[1:-1].encode("utf-8", "surrogatepass")
            for ascii_ in (True, False)
        )
    )


def is_written_alone(what: bytes) -> bool:
    """Whether it is written so wherever it stands, what follows being whatever: half a letter is not, nor a backslash."""
    if not what or what.endswith(b"\\"):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    decoder.decode(what)
    return not decoder.getstate()[0]


def is_exit(line: bytes) -> bool:
    """Whether it tells of an end."""
    return _EXIT in line[:HEAD]


def about(line: bytes) -> bytes:
    """The part of a line that tells of its process or target, without the parents."""
    at = line.find(_TARGET)
    if at < 0:
        at = max(0, line.find(_PROCESS))
    end = line.find(_PARENTS, at)
    return line[at:end] if end >= 0 else line[at:]
