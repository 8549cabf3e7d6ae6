"""What an option is, and command lines plain enough to be read without argparse.

A class with options in it is a table of them and the type of what is chosen at once: an object of it has, under the
same names, what a command line said. So a misspelt option is an error of mypy's.

argparse would add 12 ms to the 25 of a live trace's start, and 6 to those of a replay. It still reads whatever is
not plain, finds the mistakes and writes the help (``tracer.options.parser``), from the same table.
"""

from __future__ import annotations

from tracer.model.frozen import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, TypeVar

    T = TypeVar("T", bound="Choices")


@frozen
class Option:
    """One option. ``how`` it is given:

    "flag"; "count", given again for more; "value"; "list", given again it goes on with the list after a
    comma; "each", given again for a further value; "words", ``least`` or more without a name before them.
    """

    names: tuple[str, ...]
    help: str
    how: str = "flag"
    metavar: str | None = None
    choices: tuple[str, ...] | None = None
    default: str | None = None
    least: int = 0

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


if TYPE_CHECKING:
    # What is chosen has these types; in the table each is an Option.
    def flag(*names: str, help: str) -> bool: ...
    def count(*names: str, help: str) -> int: ...
    def value(*names: str, help: str, metavar: str) -> str | None: ...
    def choice(*names: str, help: str, choices: tuple[str, ...], default: str) -> str: ...
    def listed(*names: str, help: str, metavar: str) -> str | None: ...
    def each(*names: str, help: str, metavar: str) -> list[str]: ...
    def words(help: str, metavar: str, least: int = 1) -> list[str]: ...

else:

    def _of(how):
        return lambda *names, **facts: Option(names, how=how, **facts)

    flag, count, listed, each = _of("flag"), _of("count"), _of("list"), _of("each")
    value = choice = _of("value")

    def words(help, metavar, least=1):
        return Option((), help, "words", metavar, least=least)


class Choices:
    """What a command line chose. A class that has a ``title`` is a group of the help; one that inherits from several
    has their options, in this order. The name of a value is that of its attribute."""

    title: str
    description: str | None = None

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


@frozen
class Group:
    """Options under one title of the help, by the names of their values."""

    title: str
    description: str | None
    options: dict[str, Option]


def groups_of(kind: type[Choices]) -> Iterator[Group]:
    """The groups whose options a command takes."""
    for cls in kind.__mro__:
        own = vars(cls)
        options = {name: it for name, it in own.items() if isinstance(it, Option)}
        if options:
            yield Group(own["title"], own.get("description"), options)


def options_of(kind: type[Choices]) -> dict[str, Option]:
    return {name: option for group in groups_of(kind) for name, option in group.options.items()}


def names_of(kind: type[Choices]) -> list[str]:
    """How its options are typed."""
    return [name for option in options_of(kind).values() for name in option.names]


def read_plain(kind: type[T], arguments: Sequence[str]) -> T | None:
    """What ``--option``, ``--option VALUE``, ``--option=VALUE`` and words choose.

    None if there is anything else, or more words are wanted.
    """
    options = options_of(kind)
    for_words = next((key for key, option in options.items() if option.how == "words"), None)
    named = {name: key for key, option in options.items() for name in option.names}
    values = {key: option.absent for key, option in options.items()}
    rest = iter(arguments)
    for word in rest:
        if for_words and (word == "-" or not word.startswith("-")):
            values[for_words] = options[for_words].given(values[for_words], word)
            continue
        name, equals, text = word.partition("=") if word.startswith("--") else (word, "", "")
        key = named.get(name)
        if key is None or (options[key].is_bare and equals):
            return None
        option = options[key]
        if option.is_bare:
            values[key] = option.given_bare(values[key])
            continue
        if not equals:
            text = next(rest, "-")
        if text.startswith("--" if equals else "-") or not option.takes(text):
            return None
        values[key] = option.given(values[key], text)
    few = for_words and len(values[for_words]) < options[for_words].least
    return None if few else kind(values)
