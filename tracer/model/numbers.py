"""Numbers in texts of others."""

from __future__ import annotations


def whole(text: str, digits: int = 18) -> int | None:
    """What at most so many ASCII digits write; None for anything else.

    str.isdigit() is true of "²", too, of which int() raises ValueError; so it does of more than 4,300 digits
    (sys.set_int_max_str_digits()).
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def size_of_kb(kilobytes: object, digits: int = 4) -> str:
    """40 MB, with so many digits that count; a dash for what is no number."""
    try:
        number = float(str(kilobytes))
    except ValueError:
        return "-"
    if not 0 <= number < 1 << 64:
        return "-"
    for unit in ("kB", "MB", "GB"):
        if number < 1024:
            return f"{number:.{digits}g} {unit}"
        number /= 1024
    return f"{number:.{digits}g} TB"
