"""Text of the traced world, made safe for a terminal.

comm, argv and paths belong to whoever wrote them: they may hold escape sequences, newlines, bytes that
are no UTF-8, and characters that turn the direction of writing around.
"""

from __future__ import annotations

from unicodedata import category, east_asian_width

from tracer.model.memo import memo


@memo(4096)
def shown(raw: bytes) -> str:
    """Printable text; what is not printable is written as \\xNN or \\uNNNN."""
    return printable(raw.decode("utf-8", "backslashreplace"))


def printable(text: str) -> str:
    """The same for text that is decoded already."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    code = ord(letter)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def plain(raw: bytes) -> str:
    """The text as it is, for a format that has its own escapes (JSON); ``unplain`` turns it back.

    A byte that is no UTF-8 is written as \\xNN. A typed backslash that would read like that is doubled.
    """
    if b"\\" not in raw:
        return raw.decode("utf-8", "backslashreplace")
    import re

    # Runs of backslashes before what reads like an escape, or before a byte that becomes one.
    halves = re.split(rb"(\\+)(?=x[0-9a-f]{2}|[\x80-\xff])", raw)
    made = []
    for text, run, after in zip(halves[::2], [*halves[1::2], b""], [*halves[2::2], b""]):
        doubled = run and (after[:1] == b"x" or not _begins_letter(after))
        made.append(text.decode("utf-8", "backslashreplace"))
        made.append(run.decode() * (2 if doubled else 1))
    return "".join(made)


def _begins_letter(raw: bytes) -> bool:
    return not raw[:4].decode("utf-8", "backslashreplace").startswith("\\x")


def unplain(text: str) -> bytes:
    """The bytes that ``plain`` has written."""
    if "\\x" not in text:
        return text.encode("utf-8", "surrogatepass")
    import re

    made = []
    end = 0
    for found in re.finditer(r"(\\+)x([0-9a-f]{2})", text):
        made.append(text[end : found.start()].encode("utf-8", "surrogatepass"))
        count = len(found[1])
        made.append(b"\\" * (count // 2))
        made.append(bytes([int(found[2], 16)]) if count % 2 else b"x" + found[2].encode())
        end = found.end()
    made.append(text[end:].encode("utf-8", "surrogatepass"))
    return b"".join(made)


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: two for a wide letter, none for an accent."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


@memo(1024)
def _columns(letter: str) -> int:
    if category(letter) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(letter) in "WF" else 1


def cut(text: str, width: int) -> str:
    """At most so many columns; what is missing is told by an ellipsis."""
    if columns(text) <= width:
        return text
    taken, room = 0, width - 1
    for letter in text:
        room -= _columns(letter)
        if room < 0:
            break
        taken += 1
    return text[:taken] + "…"


def command_line(argv: tuple[bytes, ...], cut: bool = False) -> str:
    """argv as a person would type it, quoted where a shell would need it."""
    line = " ".join(_quote(shown(word)) for word in argv)
    return line + " …" if cut else line


_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")

# What a shell does not take as it stands between double quotes.
_SPECIAL = frozenset('"$`\\!')


def _quote(word: str) -> str:
    if word and _SAFE.issuperset(word):
        return word
    if "'" in word and _SPECIAL.isdisjoint(word):
        return f'"{word}"'
    return "'" + word.replace("'", "'\"'\"'") + "'"


def counted(count: int, word: str) -> str:
    """1 signal, 1,000 signals."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
