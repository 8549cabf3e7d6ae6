"""The options of ``sigtrace why``."""

from __future__ import annotations

import os
import time

from tracer.model.errors import Problem
from tracer.model.text import quoted_text, typed
from tracer.model.times import SECOND
from tracer.options import meaning, option
from tracer.sources.logs.files import STDIN

EPILOG = """\
WHAT is a pid, a name (nginx), a script (crashy.py), a unit, or a container's id; without it: the deaths of the
last hour (of FILES and --root, all) that nobody asked a manager for, a line each. What is a path is a FILE.

exit status: 0 an answer that is certain or likely, or it still lives; 1 a death whose cause cannot be told;
3 nothing that fits has died in what could be seen; 2 it cannot work

examples:
  sigtrace why                           what died in the last hour
  sigtrace why nginx                     the last death of nginx, and who was behind it
  sigtrace why 14500 --at 12:33          of that pid, at that time
  sigtrace why webapp /var/log/messages  from these files alone
  sigtrace why webapp --root /mnt/disk   from what a dead host has kept
"""


class Why(option.Choices):
    """The options of why."""

    title = "what to explain"

    words = option.words(
        help="WHAT, and the FILES to read instead of this host's", metavar="WHAT|FILE", least=0
    )
    since = option.value(
        "--since",
        help="not before: '2 h ago', 12:30 (default: all; of this host without WHAT: 1 h ago)",
        metavar="TIME",
    )
    until = option.value("--until", help="not after", metavar="TIME")
    at = option.value("--at", help="the death nearest to it", metavar="TIME")
    count = option.value("-n", "--count", help="so many deaths, newest first", metavar="N")
    root = option.value(
        "--root",
        help="a mounted image of another host: nothing of this one is asked",
        metavar="DIR",
    )
    context = option.each(
        "--context",
        help="an application's log: its lines near the death are quoted",
        metavar="FILE",
    )
    year = option.value("--year", help="of dates that have none", metavar="YEAR")
    evidence = option.flag("--evidence", help="every line that the answer stands on")
    json = option.flag("--json", help="one JSON object a verdict (docs/json.md)")


Options = Why


def what_and_files(given: list[str]) -> tuple[bytes | None, list[str]]:
    """WHAT, and the files: a word that is a path, holds a slash, or is ``-``, is a file. Raises Problem for a second WHAT."""
    files = [word for word in given if word == STDIN or "/" in word or os.path.exists(word)]
    others = [word for word in given if word not in files]
    if len(others) > 1:
        raise Problem(
            f"{others[1]!r} is one name too many",
            f"there is no such file here, and one death is explained at a time: {others[0]!r} is WHAT",
            f"sigtrace why {typed(others[0])}, then sigtrace why {typed(others[1])}",
        )
    return (os.fsencode(others[0]) if others else None), files


def names_here(what: bytes | None, files: list[str]) -> list[str]:
    """Sentences on names of files that were perhaps meant as WHAT."""
    names = [word for word in files if "/" not in word and word != STDIN] if what is None else []
    return [
        f"{quoted_text(name)} is a {_kind(name)} here, and is read as one; "
        f"who bears that name: cd /; sigtrace why {typed(name)}"
        for name in names
    ]


def _of_files(files: list[str]) -> str:
    """Why a name that was typed is not WHAT."""
    names = [quoted_text(word) for word in files if "/" not in word]
    return (
        f": {' and '.join(names)} {'is a file' if len(names) == 1 else 'are files'} here"
        if names
        else ""
    )


def _kind(path: str) -> str:
    return "folder" if os.path.isdir(path) else "file"


# Options that explain one death, by their name in Why.
_OF_ONE_DEATH = {"at": "--at", "count": "--count", "context": "--context"}


def asked_for(options: Options) -> tuple[bytes | None, list[str]]:
    """WHAT, and the files. Raises Problem for options that contradict each other, or that nothing would come of."""
    what, files = what_and_files(options.words)
    meaning.one_place(options.root, files)
    if what == b"":
        raise Problem("WHAT is empty", "every process would be meant", "sigtrace why nginx")
    given = [name for key, name in _OF_ONE_DEATH.items() if getattr(options, key)]
    if what is None and given:
        raise Problem(
            f"{given[0]} says nothing without WHAT",
            "it is about one death, and all of them are asked for" + _of_files(files),
            f"sigtrace why nginx {given[0]} …, or without {given[0]}",
        )
    return what, files


def places_of(options: Options, files: list[str]) -> tuple[str, ...]:
    """The words that say what is read; none: what this host has kept."""
    return tuple(files) if options.root is None else ("--root", options.root)


def times_of(
    options: Options, *, is_of_all: bool = False
) -> tuple[tuple[int | None, int | None], int | None]:
    """--since and --until, and --at, in nanoseconds; of all deaths those of an hour. Raises Problem, also where nothing can lie
    between the first two."""
    since, until = meaning.period_of(options.since, options.until)
    if since is None:
        until = meaning.last_of(options.until, "--until")
    if is_of_all and since is None:
        since = (until or time.time_ns()) - 3600 * SECOND
    return (since, until), meaning.last_of(options.at, "--at")
