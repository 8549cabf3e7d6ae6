"""Text of the traced world, made safe for a terminal.

comm, argv and paths belong to whoever wrote them: they may hold escape sequences, newlines, bytes that
are no UTF-8, and characters that turn the direction of writing around.
"""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
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
    """The text as it is, for a format that has its own escapes (JSON)."""
    return raw.decode("utf-8", "backslashreplace")


def command_line(argv: tuple[bytes, ...], cut: bool = False) -> str:
    """argv as a person would type it, quoted where a shell would need it."""
    line = " ".join(_quote(shown(word)) for word in argv)
    return line + " …" if cut else line


_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")


def _quote(word: str) -> str:
    if word and _SAFE.issuperset(word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"
