"""Command lines that are not understood: what was probably meant."""

from __future__ import annotations

import shlex

from tracer.model.signals import number_of
from tracer.options.option import options_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.options.option import Choices, Option

    Words = Sequence[str]

# What other tools call the same.
_OTHER_NAMES = {
    "--output": ">",
    "-o": ">",
    "--process": "--pid",
    "--comm": "--to",
    "--name": "--to",
    "--target": "--to",
    "--sender": "--from",
    "--receiver": "--to",
    "--sig": "--signal",
    "--signals": "--signal",
    "--time": "--duration",
    "--timeout": "--duration",
    "--cgroup": "--unit",
    "--service": "--unit",
    "--number": "--count",
    "--kill": "--signal",
}
_OTHER_VALUES = {
    "--source": {
        **dict.fromkeys(("ebpf", "bpf", "libbpf", "core-re", "co-re", "btf"), "core"),
        **dict.fromkeys(("bcc-tools", "bpfcc", "python3-bpfcc"), "bcc"),
        **dict.fromkeys(("auditd", "netlink"), "audit"),
    }
}


def meant(kind: type[Choices], prog: str, words: Words) -> str | None:
    """The command line that was probably meant, None where nobody can tell."""
    options = {name: option for option in options_of(kind).values() for name in option.names}
    for guess in (_a_list, _a_number, _another_name, _another_value, _choice, _close, _a_name):
        found = guess(options, words)
        if found is not None and list(found) != list(words):
            return " ".join([prog, *_typed(found)])
    return None


def _typed(words: Words) -> list[str]:
    return [word if word == ">" else shlex.quote(word) for word in words]


def _a_list(options: dict[str, Option], words: Words) -> Words | None:
    """--signal TERM KILL, --from nginx sshd: the words are one list, with commas."""
    made: list[str] = []
    takes: Option | None = None
    changed = False
    for word in words:
        is_value = bool(made) and made[-1] in options and not options[made[-1]].is_bare
        if not word.startswith("-") and not is_value and takes is not None:
            made[-1] += f",{word}"
            changed = True
            continue
        if is_value:
            option = options[made[-1]]
            takes = option if option.how in ("list", "each") else None
        elif word.startswith("-"):
            takes = None
        made.append(word)
    return made if changed else None


def _a_number(_options: dict[str, Option], words: Words) -> Words | None:
    """-9, -KILL: as kill(1) takes a signal."""
    made: list[str] = []
    for word in words:
        number = number_of(word[1:]) if word[:1] == "-" and word[1:2] not in ("", "-") else None
        made += [word] if number is None else ["--signal", word[1:]]
    return made


def _a_name(options: dict[str, Option], words: Words) -> Words | None:
    """top nginx: of a command that takes options alone, whom it is about."""
    if "--to" not in options or any(option.how == "words" for option in options.values()):
        return None
    made: list[str] = []
    for word in words:
        before = options.get(made[-1]) if made else None
        is_value = before is not None and not before.is_bare
        made += [word] if word.startswith("-") or is_value else ["--to", word]
    return made


def _another_name(options: dict[str, Option], words: Words) -> Words | None:
    made = []
    for word in words:
        name, equals, text = word.partition("=")
        other = _OTHER_NAMES.get(name) if name not in options else None
        if other is not None and (other in options or other == ">"):
            made += [other, *([text] if equals else [])]
        else:
            made.append(word)
    return made


def _another_value(_options: dict[str, Option], words: Words) -> Words | None:
    made = list(words)
    for at, word in enumerate(words):
        name, equals, text = word.partition("=")
        known = _OTHER_VALUES.get(name, {})
        if equals and text.lower() in known:
            made[at] = f"{name}={known[text.lower()]}"
        elif known and at + 1 < len(words) and words[at + 1].lower() in known:
            made[at + 1] = known[words[at + 1].lower()]
    return made


def _choice(options: dict[str, Option], words: Words) -> Words | None:
    """One of the few words that an option takes, misspelt or only begun."""
    import difflib

    made = list(words)
    for at, word in enumerate(words[:-1]):
        choices = (options[word].choices if word in options else None) or ()
        if choices and words[at + 1] not in choices:
            near = difflib.get_close_matches(words[at + 1], choices, 1)
            made[at + 1 : at + 2] = near or [words[at + 1]]
    return made


def _close(options: dict[str, Option], words: Words) -> Words | None:
    """A name that is misspelt, or only begun."""
    import difflib

    made = []
    for word in words:
        name, equals, text = word.partition("=")
        if name.startswith("--") and name != "--" and name not in options:
            begun = [one for one in options if one.startswith(name)]
            near = begun[:1] or difflib.get_close_matches(name, options, 1, cutoff=0.75)
            name = near[0] if near else name
        made.append(f"{name}{equals}{text}")
    return made
