"""What a start asks of a command line before it is read, and before the table of options is loaded."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# With these nothing is traced.
HELP, VERSION = ("-h", "--help"), ("--version",)
# With these the programs are loaded in another shape than the usual one: what of ``tracer.sources.shape.Shape`` differs.
FAILED, PROBES, BARE, BUFFER = "--failed", "--probes", "--bare", "--buffer"
RESHAPING = {
    FAILED: {"refused": True},
    PROBES: {"probes": True},
    BARE: {"details": False, "deaths": False},
}
SOURCE = "--source"
# What is said of ends is asked of each of them, unless it is a number.
_OF_ENDS = (
    *("--from", "--to", "--pid", "--not-from", "--not-to", "--uid", "--user", "--unit"),
    *("--container", "--children-of", "--arg"),
)
_AS_NUMBERS = ("--from", "--to", "--pid", "--uid")

_UNKNOWN = (*HELP, *VERSION, BUFFER)


def looks_like(words: Sequence[str]) -> dict[str, bool] | None:
    """What differs from the usual shape of the programs, as far as the words look; None: nothing is traced, or what it is
    takes more to know."""
    differs: dict[str, bool] = {}
    for word, after in zip(words, [*words[1:], ""]):
        if word.startswith(_UNKNOWN):
            return None
        differs.update(RESHAPING.get(word, {}))
        name, equals, text = word.partition("=")
        if name in _OF_ENDS:
            is_number = (text if equals else after).replace(",", "").isdigit()
            if not (is_number and name in _AS_NUMBERS):
                differs["judged"] = True
    if BARE in words:
        differs.pop("judged", None)
    return differs


def looks_best(words: Iterable[str]) -> bool:
    """Whether it looks as if the best source were to be tried first."""
    return not any(word.startswith(SOURCE) for word in words)
