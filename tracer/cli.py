"""The ``sigtrace`` command: chooses what to run, and is the only place that prints errors."""

from __future__ import annotations

import gc
import sys

from tracer.model.errors import AS_ROOT, OWN, Problem
from tracer.options.early import HELP, VERSION, looks_best, looks_like

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Iterable, Sequence
else:
    import _signal as signal

CANNOT = 2
# How long a thread may keep Python's lock while another one wants it, in seconds: at the start, and later.
STARTING, RUNNING = 0.0001, sys.getswitchinterval()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit status: 0, or 2 with three lines on standard error."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:  # tracer/__main__.py
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if (
            sys.stderr is None
        ):  # Closed: what is opened next would have its number, and be written to (clang, libbpf).
            sys.stderr = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115
        # The help holds what an old locale cannot write.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="backslashreplace")
        return _run_whole(words)
    except Problem as problem:
        return _report(problem, words)
    except KeyboardInterrupt:
        # Who reads its status must not take it for an answer; a trace that runs ends well (tracer.flow.pipeline.Stop).
        return _broken_off(is_process=arguments is None)
    except BrokenPipeError as error:
        from tracer.terminal.output import let_go

        let_go(error)
        return 0
    except OSError as error:
        why = error.strerror or str(error)
        where = f" with {error.filename!r}" if error.filename else ""
        return _report(Problem(f"cannot go on{where}", why, "mend that, and start again"), words)
    except Exception as error:
        return _report(_unforeseen(error), words)
    finally:
        gc.enable()
        sys.setswitchinterval(RUNNING)


def _broken_off(*, is_process: bool) -> int:
    """Dies of the SIGINT, so that a shell breaks its loop off, too; the status that a shell makes of it where that may
    not be."""
    import os

    if sys.stderr is not None:
        sys.stderr.write("sigtrace: broken off\n")
        sys.stderr.flush()
    if is_process:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return 128 + signal.SIGINT


def _run_whole(words: list[str]) -> int:
    """The same; what --help and --version print is out when it ends."""
    if not {"help", "version", *HELP, *VERSION}.intersection(words):
        return _run(words)
    from tracer.terminal.output import let_go

    try:
        try:
            return _run(words)
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as error:
        let_go(error)
        return 0


def _run(words: list[str]) -> int:
    # Nothing of a start is garbage, and to look for some takes 4 ms: until a command runs, or tracing.trace().
    gc.disable()
    if words and not words[0].startswith("-"):
        return _run_command(words[0], words[1:])
    # Else what goes on beside this thread waits 5 ms for Python's lock at each of its steps.
    sys.setswitchinterval(STARTING)
    opening = None
    if looks_best(words):
        # Most of a start is the kernel's time (or libbpf's): it begins before anything else.
        from tracer.sources.core.opening import begin_to_open

        try:
            opening = begin_to_open(looks_like(words))
        except Problem:
            pass  # Told when it is opened again, if no other source serves.
    from tracer.commands import live
    from tracer.options.commands import choose

    return live.run(choose(words), opening)


def _run_command(name: str, words: list[str]) -> int:
    import importlib

    from tracer.options.commands import COMMANDS, choose_for

    if name in ("help", "version"):
        for word in words:
            if word not in COMMANDS and not word.startswith("-"):
                raise _no_command(word, [], COMMANDS)
        return _run([*(word for word in words if word in COMMANDS), f"--{name}"])
    if name not in COMMANDS:
        raise _no_command(name, words, COMMANDS)
    command = importlib.import_module(COMMANDS[name].module)
    if not hasattr(command.Options, "verbose"):
        # For a mistake of ours (_unforeseen) every command takes it.
        words = [word for word in words if word != "-vv"]
    chosen = choose_for(name, command.Options, command.EPILOG, words)
    gc.freeze()
    # Events make no cycles: to look for some at every 700th object is a third of what reading them takes.
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
    return int(command.run(chosen))


def _no_command(name: str, words: list[str], commands: Iterable[str]) -> Problem:
    import difflib

    from tracer.model.signals import number_of
    from tracer.model.text import typed

    letters = {"".join(sorted(one)): one for one in commands}
    near = letters.get("".join(sorted(name))) or next(
        iter(difflib.get_close_matches(name, commands, 1, cutoff=0.7)), None
    )
    if near:
        probably = " ".join(["sigtrace", near, *map(typed, words)])
    elif number_of(name) is not None:
        probably = f"sigtrace --signal {typed(name)}, or sigtrace why {typed(name)} for a pid"
    else:
        probably = (
            f"sigtrace why {typed(name)} for what ended it, sigtrace --to {typed(name)} for signals to it now; "
            f"the commands: {', '.join(commands)}"
        )
    return Problem(
        f"{name!r} is no command of sigtrace", "tracing live takes options only", probably
    )


def _report(problem: Problem, words: list[str]) -> int:
    from tracer.model.text import typed

    told = str(problem).replace(AS_ROOT, " ".join(["sudo sigtrace", *map(typed, words)]))
    if words:
        told = told.replace(OWN, f"sigtrace {typed(words[0])}")
    try:
        sys.stderr.write(f"{told}\n")
        if problem.detail and sum(_loudness(word) for word in words) > 1:
            sys.stderr.write(problem.detail)
    except (OSError, AttributeError):
        pass  # Nobody listens; the exit status still tells.
    return CANNOT


def _loudness(word: str) -> int:
    return word.count("v") if word.lstrip("-") in ("v", "vv") else int(word == "--verbose")


def _unforeseen(error: Exception) -> Problem:
    """A mistake of ours: no traceback unless it is asked for."""
    import traceback

    return Problem(
        "this is a mistake in sigtrace",
        f"{type(error).__name__}: {error}",
        "the same with -vv, and report what it prints",
        traceback.format_exc(),
    )


if __name__ == "__main__":
    sys.exit(main())
