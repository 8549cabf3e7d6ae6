"""Our documents as man pages: man_of_markdown.body(text). Headings, paragraphs, tables, lists, code: what they have.

groff_man(7); a table becomes a list of its first column with the rest of each row behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def roff(text: str) -> str:
    """Text as a man page wants it: groff_man(7)."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\n".join(f"\\&{line}" if line[:1] in (".", "'") else line for line in safe.split("\n"))


def inline(text: str) -> str:
    """`code` and **bold** in bold, links as their text."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    marked = re.split(r"`([^`]*)`|\*\*([^*]*)\*\*", text)
    parts = []
    for index in range(0, len(marked), 3):
        plain, bold = marked[index], "".join(filter(None, marked[index + 1 : index + 3]))
        parts.append(roff(plain) + (f"\\fB{roff(bold)}\\fR" if bold else ""))
    joined = "".join(parts)
    return f"\\&{joined}" if joined[:1] in (".", "'") else joined


def body(text: str) -> str:
    """A Markdown document without its first heading."""
    lines = iter(text.split("\n"))
    next(lines)
    return "\n".join(_blocks(lines)) + "\n"


def _blocks(lines: Iterator[str]) -> Iterator[str]:
    paragraph: list[str] = []
    for line in lines:
        ends = not line.strip() or line.startswith(("#", "|", "```", "- ", "<!--"))
        if ends and paragraph:
            yield f".PP\n{inline(' '.join(paragraph))}"
            paragraph = []
        if line.startswith("#"):
            yield f'.SH "{roff(line.lstrip("# ").replace("`", "").upper())}"'
        elif line.startswith("```"):
            yield ".PP\n.nf\n.RS 4\n" + "\n".join(map(roff, _until_fence(lines))) + "\n.RE\n.fi"
        elif line.startswith("|"):
            yield from _row(line)
        elif line.startswith("- "):
            yield f'.IP "\\(bu" 2\n{inline(line[2:])}'
        elif not ends or line.startswith("- "):
            paragraph.append(line.strip())
    if paragraph:
        yield f".PP\n{inline(' '.join(paragraph))}"


def _until_fence(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith("```"):
            return
        yield line


def _row(line: str) -> Iterator[str]:
    first, *rest = (cell.strip() for cell in line.strip("| \n").replace("\\|", "\0").split("|"))
    if first.strip("-: "):
        yield f".TP\n{inline(first)}\n{inline('; '.join(filter(None, rest)))}".replace("\0", "|")
