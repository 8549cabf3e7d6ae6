"""Text of the traced world, made safe for a terminal.

comm, argv and paths belong to whoever wrote them: they may hold escape sequences, newlines, bytes that
are no UTF-8, and characters that turn the direction of writing around.
"""

from __future__ import annotations

from unicodedata import category, east_asian_width

from tracer.model.memo import memo

# Letters that show nothing, though Unicode calls them printable: those of the property Default_Ignorable_Code_Point
# (DerivedCoreProperties.txt), and the blanks among the others.
_UNSEEN = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8)),
    *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
    *((0x2800, 0x2800), (0x1D159, 0x1D159)),
)
# So many accents on one letter are somebody's language; more hide the line above.
_ACCENTS_MAX = 4
_HEX = frozenset("0123456789abcdef")
_DIGITS = {"x": 2, "u": 4, "U": 8}


@memo(4096)
def shown(raw: bytes) -> str:
    """Text that can be seen, each in one way: what cannot is written as \\xNN or \\uNNNN, and a typed backslash that
    would read like that, or stands before it, is doubled."""
    if raw.isascii() and b"\\" not in raw:
        return printable(raw.decode())
    text = raw.decode("utf-8", "surrogateescape")
    parts: list[str] = []
    backslashes = accents = 0
    for at, letter in enumerate(text):
        if letter == "\\":
            backslashes += 1
            continue
        is_accent = not letter.isascii() and category(letter) in ("Mn", "Me")
        accents = accents + 1 if is_accent else 0
        is_bare = is_accent and (at == 0 or not text[at - 1].isprintable())
        mark = _escape(letter) if is_bare or accents > _ACCENTS_MAX else _seen(letter)
        parts.append("\\" * backslashes)
        if backslashes and (mark != letter or _reads_like_escape(text, at)):
            parts.append("\\" * backslashes)
        parts.append(mark)
        backslashes = 0
    return "".join([*parts, "\\" * backslashes])


def printable(text: str) -> str:
    """The same for text that is decoded already, or ours with theirs in it: backslashes stay as they are."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_seen, text))


@memo(1024)
def _seen(letter: str) -> str:
    """The letter, or its escape."""
    code = ord(letter)
    is_seen = letter.isprintable() and not any(first <= code <= last for first, last in _UNSEEN)
    return letter if is_seen else _escape(letter)


def _escape(letter: str) -> str:
    """\\xNN for ASCII, and for a byte that is no UTF-8; else it is a letter's code."""
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _reads_like_escape(text: str, at: int) -> bool:
    digits = text[at + 1 : at + 1 + _DIGITS.get(text[at], 0)]
    return bool(digits) and len(digits) == _DIGITS[text[at]] and _HEX.issuperset(digits)


def plain(raw: bytes) -> str:
    """The text as it is, for a format that has its own escapes (JSON); ``unplain`` turns it back.

    A byte that is no UTF-8 is written as \\xNN. A typed backslash that would read like that is doubled.
    """
    if b"\\" not in raw:
        return raw.decode("utf-8", "backslashreplace")
    import re

    # Runs of backslashes before what reads like an escape, or before a byte that becomes one.
    halves = re.split(rb"(?<!\\)(\\+)(?=x[0-9a-f]{2}|[\x80-\xff])", raw)
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
    for found in re.finditer(r"(?<!\\)(\\+)x([0-9a-f]{2})", text):
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


def wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Lines of at most so many columns, broken at blanks alone: a word that is wider stays whole. ``first`` begins the
    first line, ``rest`` each that follows."""
    lines, line, gap = [], first, ""
    used = columns(line)
    for word in text.split(" "):
        size = columns(word)
        if word and gap and used + len(gap) + size > width:
            lines.append(line)
            line, gap, used = rest, "", columns(rest)
        if word:
            line, used, gap = line + gap + word, used + len(gap) + size, ""
        gap += " "
    return [*lines, line]


def command_line(argv: tuple[bytes, ...], cut: bool = False) -> str:
    """argv as a person would type it, quoted where a shell would need it."""
    line = " ".join(_quote(shown(word)) for word in argv)
    return line + " …" if cut else line


@memo(4096)
def quoted(raw: bytes) -> str:
    """A name as it stands among words of ours: what could be taken for one of them, or for a place between them, is
    in quotes."""
    return quoted_text(shown(raw))


def quoted_text(text: str) -> str:
    """The same for text that is decoded already."""
    text = printable(text)
    is_plain = text not in ("", "-") and all(map(_is_plain, text))
    return text if is_plain else _in_quotes(text)


def _is_plain(letter: str) -> bool:
    if letter.isascii():
        return letter in _NAMES
    return letter.isalnum() or category(letter) in ("Mn", "Mc")


_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")

_NAMES = _SAFE | frozenset("()#~^*<>?&;|\\")

# What a shell does not take as it stands between double quotes.
_SPECIAL = frozenset('"$`\\!')


def _quote(word: str) -> str:
    if word and _SAFE.issuperset(word):
        return word
    if "'" in word and _SPECIAL.isdisjoint(word):
        return f'"{word}"'
    return _in_quotes(word)


def _in_quotes(word: str) -> str:
    return "'" + word.replace("'", "'\"'\"'") + "'"


def typed(text: str) -> str:
    """A word of a command that is to be pasted into a shell: ``quoted`` leaves letters that it takes for its own."""
    return _quote(printable(text))


def counted(count: int, word: str) -> str:
    """1 signal, 1,000 signals."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
