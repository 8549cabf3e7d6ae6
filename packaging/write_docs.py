"""Man pages and completions, made from the table of options and from docs/: write_docs.py DIR.

DIR gets sigtrace.1, sigtrace-recording.5, sigtrace-record.8, sigtrace.bash, _sigtrace (zsh) and sigtrace.fish. Nothing of it
starts Python when TAB is pressed.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from man_of_markdown import body, roff

from tracer import __version__
from tracer.model.origin import ORIGINS
from tracer.model.outcome import ATTEMPTS, FATES, OUTCOMES
from tracer.model.signals import NUMBERS
from tracer.options.commands import COMMANDS, EXAMPLES
from tracer.options.option import Choices, Option, groups_of, options_of
from tracer.options.table import Live

DOCUMENTS = Path(__file__).parents[1] / "docs"
# The same bytes from the same sources: https://reproducible-builds.org/specs/source-date-epoch/
DATE = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", "0")) or None))
_SIGNALS = [
    f"{prefix}{name}"
    for prefix in ("", "SIG")
    for name in NUMBERS
    if name not in ("RTMIN", "RTMAX")
]
# What stands for a value, as words that a shell can offer; else nothing, or files.
VALUES = {
    "--signal": _SIGNALS,
    "--outcome": [word.replace(" ", "-") for word in (*OUTCOMES, *ATTEMPTS, *FATES)],
    "--origin": [word.replace(" ", "-") for word in ORIGINS],
}
# What else a shell can offer for a value, by the word that stands for it in the help: files, or what a command prints.
FILES = ("FILE", "DIR")
# A name is its process's own, a unit's its maker's: of those that a shell, or a terminal, could take for more than a name
# none is offered. In fish a path's pattern has no [0-9].
RUNNING = {
    "END": 'LC_ALL=C grep -hsxE "[A-Za-z0-9][A-Za-z0-9_.@+-]*" /proc/*/comm | sort -u',
    # Links, invocation:UNIT and others with a colon (systemd, src/core/unit.c, unit_export_invocation_id()).
    "UNIT": 'ls /run/systemd/units 2>/dev/null | cut -c12- | LC_ALL=C grep -xE "[A-Za-z0-9][A-Za-z0-9_.@-]*" | sort -u',
}


def kinds() -> dict[str, type[Choices]]:
    """The options of each command; the live trace's under ""."""
    found: dict[str, type[Choices]] = {"": Live}
    for name, row in COMMANDS.items():
        found[name] = importlib.import_module(row.module).Options
    return found


def epilog_of(name: str) -> str:
    return EXAMPLES if not name else importlib.import_module(COMMANDS[name].module).EPILOG


# roff ---------------------------------------------------------------------------------------------


def title(name: str, section: int) -> str:
    manuals = {1: "User Commands", 5: "File Formats", 8: "System Administration"}
    return f'.TH {name.upper()} {section} "{DATE}" "sigtrace {__version__}" "{manuals[section]}"'


def man_page() -> str:
    """sigtrace(1)."""
    parts = [
        title("sigtrace", 1),
        ".SH NAME",
        "sigtrace \\- who sent this signal, and what became of it?",
        ".SH SYNOPSIS",
        ".B sigtrace\n[options]",
    ]
    parts += [
        f".br\n.B sigtrace {name}\n[options]{_operands(kind)}"
        for name, kind in kinds().items()
        if name
    ]
    parts += [
        ".SH DESCRIPTION",
        "Watches every signal that the kernel generates, names its sender with command line and parents, though all of",
        "them are gone, and says what came of it. Other commands answer the same from what a host has kept.",
        ".SH COMMANDS",
        *(f".TP\n.B {name}\n{roff(row.help)}" for name, row in COMMANDS.items()),
    ]
    for name, kind in kinds().items():
        parts.append(f'.SH "OPTIONS{" OF " + name.upper() if name else ""}"')
        parts += _options(kind)
    parts += [".SH EXAMPLES", ".nf", roff("\n\n".join(_examples())), ".fi"]
    parts += [
        ".SH EXIT STATUS",
        "0, or 2 with three lines on standard error: what failed, why, what to type. Of",
        ".B why",
        "also 1: a death whose cause cannot be told, and 3: nothing that fits has died.",
        ".SH SEE ALSO",
        ".BR signal (7),\n.BR kill (2),\n.BR strace (1),\n.BR ausearch (8),\n.BR systemctl (1)",
    ]
    return "\n".join(parts) + "\n"


def _operands(kind: type[Choices]) -> str:
    """What stands behind a command's options."""
    words = [option for option in options_of(kind).values() if option.how == "words"]
    few = [f"{option.metavar} ..." for option in words]
    return "".join(f" {one}" if option.least else f" [{one}]" for one, option in zip(few, words))


def _options(kind: type[Choices]) -> list[str]:
    parts = []
    for group in groups_of(kind):
        parts.append(f'.SS "{roff(group.title)}"')
        parts += [roff(group.description)] if group.description else []
        parts += [_man_option(option) for option in group.options.values()]
    return parts


def recording_page() -> str:
    """sigtrace-recording(5)."""
    return "\n".join(
        (
            title("sigtrace-recording", 5),
            ".SH NAME\nsigtrace\\-recording \\- what sigtrace record keeps on disk",
            ".SH DESCRIPTION",
            body((DOCUMENTS / "recording.md").read_text(encoding="utf-8")),
            ".SH SEE ALSO\n.BR sigtrace (1),\n.BR sigtrace\\-record (8)",
        )
    )


def recorder_page() -> str:
    """sigtrace-record(8)."""
    return "\n".join(
        (
            title("sigtrace-record", 8),
            ".SH NAME\nsigtrace\\-record \\- flight recorder for signals",
            ".SH SYNOPSIS\n.B sigtrace record\n[options]\n.br\n.B sigtrace\\-record.service",
            ".SH DESCRIPTION",
            body((DOCUMENTS / "record.md").read_text(encoding="utf-8")),
            ".SH OPTIONS",
            *_options(kinds()["record"]),
            ".SH FILES",
            ".TP\n.I /var/lib/sigtrace\nThe recording.",
            ".TP\n.I /etc/default/sigtrace\\-record\nThe options of the service.",
            ".SH SEE ALSO\n.BR sigtrace (1),\n.BR sigtrace\\-recording (5),\n.BR systemctl (1)",
            "",
        )
    )


def _man_option(option: Option) -> str:
    if option.how == "words":
        names = f".I {roff(option.metavar or '')}"
    else:
        typed = ", ".join(option.names)
        names = f".BI {roff(typed.replace(' ', ''))}" if option.is_bare else _with_value(option)
    return f".TP\n{names}\n{roff(option.help)}"


def _with_value(option: Option) -> str:
    value = option.metavar or ",".join(option.choices or ())
    return f'.BI "{roff(", ".join(option.names))} " {roff(value)}'


def _examples() -> list[str]:
    found = []
    for name in ("", *COMMANDS):
        _, _, lines = epilog_of(name).partition("examples:\n")
        if lines:
            found.append("\n".join(line.removeprefix("  ") for line in lines.rstrip().split("\n")))
    return found


# shells -------------------------------------------------------------------------------------------


_BASH_FILES = 'mapfile -t COMPREPLY < <(compgen -f -- "$word")'


def bash() -> str:
    """For /usr/share/bash-completion/completions/sigtrace."""
    cases = []
    for name, kind in kinds().items():
        words = " ".join(n for option in options_of(kind).values() for n in option.names)
        cases.append(f'        {name or "live"}) options="{words}" ;;')
    values = []
    for option in _every_option():
        names = "|".join(option.names)
        words = _words(option)
        if words:
            values.append(f"        {names}) _sigtrace_list {' '.join(words)}; return ;;")
        elif option.metavar in RUNNING:
            offered = f"mapfile -t offered < <({RUNNING[option.metavar]})"
            values.append(
                f'        {names}) {offered}; _sigtrace_list "${{offered[@]}}"; return ;;'
            )
        elif option.metavar in FILES:
            values.append(f"        {names}) {_BASH_FILES}; return ;;")
    commands = " ".join((*COMMANDS, "help", "version"))
    return f"""# bash completion for sigtrace: made from its table of options
_sigtrace_list() {{
    # Not compgen -W: it runs a $(…) that stands in a name.
    local before="" offered
    case "$word" in *,*) before="${{word%,*}}," ;; esac
    COMPREPLY=()
    for offered; do
        [[ $offered == "${{word##*,}}"* ]] && COMPREPLY+=("$before$offered")
    done
}}
_sigtrace() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" last="${{COMP_WORDS[COMP_CWORD-1]}}" command=live options offered
    case "${{COMP_WORDS[1]}}" in -*|"") ;; *) [ "$COMP_CWORD" -gt 1 ] && command="${{COMP_WORDS[1]}}" ;; esac
    case "$last" in
{chr(10).join(dict.fromkeys(values))}
    esac
    case "$command" in
{chr(10).join(cases)}
    esac
    if [ "$COMP_CWORD" = 1 ] && [ "${{word#-}}" = "$word" ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$word"))
    elif [ "${{word#-}}" != "$word" ]; then
        COMPREPLY=($(compgen -W "$options --help" -- "$word"))
    else
        {_BASH_FILES}
    fi
}}
complete -o filenames -F _sigtrace sigtrace
"""


def zsh() -> str:
    """For /usr/share/zsh/vendor-completions/_sigtrace."""
    functions = []
    for name, kind in kinds().items():
        specs = [_zsh_option(option) for option in options_of(kind).values()]
        rest = "'*:file:_files'" if any(o.how == "words" for o in options_of(kind).values()) else ""
        body = " \\\n    ".join(filter(None, (*specs, "'--help[help]'", rest)))
        functions.append(
            f"_sigtrace_{name.replace('-', '_') or 'live'}() {{\n  _arguments -s \\\n    {body}\n}}"
        )
    commands = " ".join(f"'{name}:{_zsh_text(row.help)}'" for name, row in COMMANDS.items())
    return f"""#compdef sigtrace
# made from sigtrace's table of options
{chr(10).join(functions)}
_sigtrace() {{
  local -a commands=({commands})
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe command commands
  elif [[ $words[2] != -* ]] && (( $+functions[_sigtrace_${{words[2]//-/_}}] )); then
    local command=${{words[2]//-/_}}
    shift words; (( CURRENT-- ))
    _sigtrace_$command
  else
    _sigtrace_live
  fi
}}
_sigtrace "$@"
"""


def _zsh_text(text: str) -> str:
    return text.replace("'", "").replace("[", "(").replace("]", ")").replace(":", "\\:")


def _zsh_option(option: Option) -> str:
    if option.how == "words":
        return ""
    words = _words(option)
    if option.is_bare:
        value = ""
    elif words:
        value = f":value:({' '.join(words)})"
    elif option.metavar in RUNNING:
        value = f":name:($({RUNNING[option.metavar]}))"
    else:
        value = ":file:_files" if option.metavar in FILES else ":value: "
    told = f"[{_zsh_text(option.help)}]{value}"
    return " ".join(f"'*{name}{told}'" for name in option.names)


def fish() -> str:
    """For /usr/share/fish/vendor_completions.d/sigtrace.fish."""
    lines = [
        "# made from sigtrace's table of options",
        "complete -c sigtrace -n __fish_use_subcommand -f",
    ]
    for name, row in COMMANDS.items():
        lines.append(
            f"complete -c sigtrace -n __fish_use_subcommand -a {name} -d {_fish(row.help)}"
        )
    for name, kind in kinds().items():
        when = f"'__fish_seen_subcommand_from {name}'" if name else "__fish_use_subcommand"
        for option in options_of(kind).values():
            flags = [f"-s {n[1:]}" if len(n) == 2 else f"-l {n[2:]}" for n in option.names]
            if not flags:
                continue
            value = "" if option.is_bare else " -x"
            words = _words(option)
            if words:
                value += f" -a {_fish(' '.join(words))}"
            elif option.metavar in RUNNING:
                value += f" -a {_fish(f'({RUNNING[option.metavar]})')}"
            elif option.metavar in FILES:
                value = " -r"
            lines.append(
                f"complete -c sigtrace -n {when} {' '.join(flags)}{value} -d {_fish(option.help)}"
            )
    return "\n".join(lines) + "\n"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _words(option: Option) -> list[str]:
    return next(
        (VALUES[name] for name in option.names if name in VALUES), list(option.choices or ())
    )


def _every_option() -> list[Option]:
    found = {
        option.names: option for kind in kinds().values() for option in options_of(kind).values()
    }
    return [option for names, option in found.items() if names and not option.is_bare]


MADE = {
    "sigtrace.1": man_page,
    "sigtrace-recording.5": recording_page,
    "sigtrace-record.8": recorder_page,
    "sigtrace.bash": bash,
    "_sigtrace": zsh,
    "sigtrace.fish": fish,
}

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file_name, make in MADE.items():
        (folder / file_name).write_text(make(), encoding="utf-8")
