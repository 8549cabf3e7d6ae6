"""What a start asks of a command line before it is read, and before the table of options is loaded."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# With these nothing is traced.
HELP, VERSION = ("-h", "--help"), ("--version",)
# With these the programs are loaded in another shape than the usual one.
RESHAPING = FAILED, PROBES, BARE, BUFFER = ("--failed", "--probes", "--bare", "--buffer")
SOURCE = "--source"

_UNUSUAL = (*HELP, *VERSION, *RESHAPING)


def looks_usual(words: Iterable[str]) -> bool:
    """Whether it looks as if a trace were to begin, with the programs in their usual shape."""
    return not any(word.startswith(_UNUSUAL) for word in words)


def looks_best(words: Iterable[str]) -> bool:
    """Whether it looks as if the best source were to be tried first."""
    return not any(word.startswith(SOURCE) for word in words)
