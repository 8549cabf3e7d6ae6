"""The options of ``tracer.options.table`` for argparse: every command line, its mistakes, and the help."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

from tracer.model.errors import Problem
from tracer.options.layout import Layout
from tracer.options.option import groups_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    from tracer.options.option import Choices

    T = TypeVar("T", bound=Choices)

_ACTIONS = {"flag": "store_true", "count": "count", "each": "append"}


class Parser(argparse.ArgumentParser):
    """argparse that reports through Problem, as everything else does."""

    def error(self, message: str) -> NoReturn:
        raise Problem(message, "the command line is not understood", f"{self.prog} --help")


class _AlsoThis(argparse.Action):
    """An option with a comma-separated list: given again, it goes on with the list."""

    def __call__(
        self, _parser: object, namespace: argparse.Namespace, text: object, _name: object = None
    ) -> None:
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, text if before is None else f"{before},{text}")


class _Version(argparse.Action):
    """Asked for when it is wanted, and not before: a checkout asks git."""

    def __call__(self, *_said: object) -> NoReturn:
        from tracer.options.version import version

        print(f"sigtrace {version()}")
        raise SystemExit(0)


def add_version(parser: Parser, names: Sequence[str]) -> None:
    said = "print version and commit, and exit"
    parser.add_argument(*names, action=_Version, nargs=0, default=argparse.SUPPRESS, help=said)


def parser_of(
    kind: type[Choices], prog: str, description: str, epilog: str, usage: str | None = None
) -> Parser:
    """The parser of these options."""
    parser = Parser(prog, usage, description, epilog, formatter_class=Layout, allow_abbrev=False)
    _add(parser, kind)
    return parser


def _add(parser: Parser, kind: type[Choices]) -> None:
    for group in groups_of(kind):
        titled = parser.add_argument_group(group.title, group.description)
        for key, option in group.options.items():
            if option.how == "words":
                nargs = "+" if option.least else "*"
                titled.add_argument(key, metavar=option.metavar, nargs=nargs, help=option.help)
                continue
            words = {"metavar": option.metavar, "choices": option.choices}
            titled.add_argument(
                *option.names,
                dest=key,
                help=option.help,
                default=option.absent,
                action=_AlsoThis if option.how == "list" else _ACTIONS.get(option.how, "store"),
                **{} if option.is_bare else words,  # type: ignore[arg-type]
            )


def parse(parser: Parser, kind: type[T], arguments: Sequence[str]) -> T:
    """Parse, or raise Problem. ``--help`` and ``--version`` print and exit, as argparse does."""
    try:
        return kind(vars(parser.parse_intermixed_args(arguments)))
    except Problem as problem:
        from tracer.options.mistakes import meant

        probably = meant(kind, parser.prog, arguments)
        raise Problem(problem.what, problem.why, probably or problem.try_) from None
