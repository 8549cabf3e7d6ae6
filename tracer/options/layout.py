"""A help text laid out for the columns there are: broken between words alone, its tables kept tables.

Sample, of 44 columns:

    exit status: 0 an answer; 1 a death whose
    cause cannot be told

    examples:
      sigtrace why          what died in the
                            last hour
      sigtrace why webapp \\
          --root /mnt/disk
"""

from __future__ import annotations

import argparse
import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Two columns of a row are so far apart at least.
_APART = re.compile(r"(?<=\S) {2,}(?=\S)")
# What is narrower than this stands below what it explains, and not beside it.
NARROW = 24
_DEEPER = " " * 4
# A command goes on in the next line so: sh(1).
_GOES_ON = " \\"
# In quotes it cannot, and a blank is the word's own.
_QUOTED, _HARD = re.compile(r"'[^']*'"), "\0"


class Layout(argparse.HelpFormatter):
    """argparse's help, with texts laid out so."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = laid_out(text, width - len(indent))
        return "\n".join(f"{indent}{line}" if line else line for line in lines)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _broken(text, width)


def laid_out(text: str, width: int) -> list[str]:
    """Lines that are indented are rows of a table, of one or two columns; others make paragraphs, which a line that ends
    in a colon ends."""
    return [line for block in _blocks(text) for line in _lines(block, width)]


def _blocks(text: str) -> Iterator[list[str]]:
    """Neighbouring lines of one kind."""
    block: list[str] = []
    for line in text.rstrip("\n").split("\n"):
        goes_on = block and _kind(block[-1]) == _kind(line) and not _is_title(block[-1])
        if block and not goes_on:
            yield block
            block = []
        block.append(line)
    yield block


def _kind(line: str) -> str:
    return "row" if line.startswith(" ") else "text" if line else "blank"


def _is_title(line: str) -> bool:
    return line.endswith(":") and _kind(line) == "text"


def _lines(block: list[str], width: int) -> list[str]:
    kind = _kind(block[0])
    if kind == "blank":
        return block
    if kind == "text":
        return _broken(" ".join(block), width)
    return _table([_APART.split(line, maxsplit=1) for line in block], block, width)


def _table(rows: list[list[str]], as_written: list[str], width: int) -> list[str]:
    if max(map(len, as_written)) <= width:
        return as_written
    lefts = [row[0] for row in rows if row[1:]]
    right_at = max(map(len, lefts), default=0) + 2
    made: list[str] = []
    for left, *right in rows:
        if right and width - right_at >= NARROW:
            first, *more = _broken(right[0], width - right_at)
            made.append(f"{left:<{right_at}}{first}")
            made += [" " * right_at + line for line in more]
        else:
            made += _command(left, width)
            indent = " " * _indent(left) + _DEEPER
            made += [indent + line for text in right for line in _broken(text, width - len(indent))]
    return made


def _command(line: str, width: int) -> list[str]:
    """A row's command, which can be pasted as it is broken."""
    if len(line) <= width:
        return [line]
    indent = " " * _indent(line)
    whole = _QUOTED.sub(lambda word: word[0].replace(" ", _HARD), line.strip())
    lines = _broken(whole, width - len(indent + _DEEPER + _GOES_ON))
    marked = [f"{one.replace(_HARD, ' ')}{_GOES_ON}" for one in lines]
    marked[-1] = marked[-1].removesuffix(_GOES_ON)
    return [indent + (_DEEPER if at else "") + one for at, one in enumerate(marked)]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _broken(text: str, width: int) -> list[str]:
    """Words that are wider than that stay whole."""
    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=False) or [""]  # fmt: skip
