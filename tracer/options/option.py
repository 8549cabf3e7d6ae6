"""What an option is, and command lines plain enough to be read without argparse.

argparse would add 12 ms to the 25 of a live trace's start, and 6 to those of a replay. It still reads whatever is
not plain, finds the mistakes and writes the help (``tracer.options.parser``), from the same table.
"""

from __future__ import annotations

from tracer.model.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any


@frozen
class Option:
    """One option. ``how`` it is given:

    "flag"; "count", given again for more; "value"; "list", given again it goes on with the list after a
    comma; "each", given again for a further value; "words", one or more without a name before them.
    """

    names: tuple[str, ...]
    help: str
    how: str = "flag"
    metavar: str | None = None
    dest: str | None = None
    choices: tuple[str, ...] | None = None
    default: str | None = None

    @property
    def key(self) -> str:
        """The name of its value."""
        return self.dest or self.names[-1].lstrip("-").replace("-", "_")

    @property
    def absent(self) -> Any:
        """The value when it is not given."""
        return {"flag": False, "count": 0, "each": [], "words": []}.get(self.how, self.default)

    def takes(self, text: str) -> bool:
        return self.choices is None or text in self.choices

    def given(self, before: Any, text: str) -> Any:
        """The value when it is given, after what was given before."""
        if self.how in ("each", "words"):
            return [*before, text]
        return f"{before},{text}" if self.how == "list" and before is not None else text

    def given_bare(self, before: Any) -> Any:
        """The same for one that takes no argument."""
        return before + 1 if self.how == "count" else True

    @property
    def is_bare(self) -> bool:
        return self.how in ("flag", "count")


@frozen
class Group:
    """Options under one title of the help."""

    title: str
    options: tuple[Option, ...]
    description: str | None = None


class Chosen:
    """What a command line chose, an attribute for each option."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def read_plain(groups: Iterable[Group], words: Sequence[str]) -> Chosen | None:
    """What ``--option``, ``--option VALUE``, ``--option=VALUE`` and words choose.

    None if there is anything else, or words are wanted and there is none.
    """
    options = [option for group in groups for option in group.options]
    of_words = next((option for option in options if option.how == "words"), None)
    named = {name: option for option in options for name in option.names}
    values = {option.key: option.absent for option in options}
    rest = iter(words)
    for word in rest:
        if of_words and (word == "-" or not word.startswith("-")):
            values[of_words.key] = of_words.given(values[of_words.key], word)
            continue
        name, equals, text = word.partition("=") if word.startswith("--") else (word, "", "")
        option = named.get(name)
        if option is None or option is of_words or (option.is_bare and equals):
            return None
        if option.is_bare:
            values[option.key] = option.given_bare(values[option.key])
            continue
        if not equals:
            text = next(rest, "-")
        if text.startswith("--" if equals else "-") or not option.takes(text):
            return None
        values[option.key] = option.given(values[option.key], text)
    return None if of_words and not values[of_words.key] else Chosen(values)
