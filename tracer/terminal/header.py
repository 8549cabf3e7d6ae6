"""The line above a live trace: what is traced, through which source, and what that does not see."""

from __future__ import annotations

from tracer.model.signals import EVERY, names_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tracer.model.coverage import Coverage
    from tracer.model.errors import Problem


def header(
    signals: frozenset[int], source: str, ends: Iterable[str] = (), *, is_usual: bool
) -> str:
    """``source`` as ``words_of`` says it, ``ends`` what is wanted of the ends; ``is_usual``: nothing was said of
    signals."""
    if is_usual:
        what = "all signals but SIGCHLD and SIGURG (--all shows them)"
    elif signals == EVERY:
        what = "all signals"
    elif len(signals) > len(EVERY) // 2:
        what = f"all signals but {names_of(EVERY - signals)}"
    else:
        what = names_of(signals)
    return f"tracing {'; '.join([what, *ends])}; source {source}; Ctrl-C stops"


def words_of(
    coverages: Iterable[Coverage], failed: dict[str, Problem], partly: Iterable[str]
) -> str:
    """The source, why none above it, what it does not see in full anywhere, and what it does not see here."""
    words = []
    for coverage in coverages:
        words.append(coverage.source)
        if failed:
            words.append(f" ({'; '.join(f'{name}: {one.why}' for name, one in failed.items())})")
        if partly:
            words.append(f", which does not see in full: {', '.join(partly)}")
        words += [f"; {why}" for one in coverage.blind if not one.quiet for why in one.why]
    return "".join(words)
