"""What each source sees, a row for each: the header line, doctor, the README, docs/sources.md, coverage, and the
refusal of filters that nothing can fit read this."""

from __future__ import annotations

from tracer.model.coverage import Blind
from tracer.model.errors import Problem
from tracer.model.frozen import frozen
from tracer.model.origin import CALL_ORIGINS
from tracer.model.outcome import ATTEMPTS
from tracer.model.signals import EVERY, NOISY, names_of
from tracer.model.witness import ACCOUNTING, SAID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.flow.filter import Filter
    from tracer.sources.wanted import Wanted

ABILITIES = (
    *("sender", "sender's command line", "sender's parents", "target process", "origin", "outcome"),
    *("signals that the kernel sends", "deaths", "refused attempts", "probes (signal 0)", "time"),
    "cost",
)
# What audit records tell of origins: those of the calls, and what deaths and seccomp filters leave in a log.
_AUDITED = frozenset((*CALL_ORIGINS.values(), "user", "seccomp", "fault"))


@frozen
class Row:
    """``sees`` says how well, an entry for each of ABILITIES: "yes", "no", or "yes, but …"; empty for what is not
    live. ``kinds`` are those of ``tracer.model.coverage``. ``outcomes`` and ``origins`` are all that it tells, None
    for any; ``undecided`` are the filters by a process's place or family that it cannot decide.

    ``alias`` is how a message names it. ``joins``: it cannot know who took a signal, so it joins deaths to signals itself; of a crash, the death is all
    that it tells.
    """

    name: str
    kinds: tuple[str, ...]
    sees: tuple[str, ...] = ()
    outcomes: frozenset[str] | None = None
    origins: frozenset[str] | None = None
    undecided: tuple[str, ...] = ()
    joins: bool = False
    alias: str = "this source"


_IN_FULL = ("sends", "kernel", "outcomes", "deaths", "refused", "probes", "oom")
ROWS = (
    Row(
        "core",
        (*_IN_FULL, "commands"),
        ("yes",) * 8 + ("--failed", "--probes", "exact", "least"),
    ),
    Row(
        "bcc",
        _IN_FULL,
        (
            "yes",
            "if it is still running",
            "yes",
            "yes",
            "yes; kill and pidfd_send_signal look alike",
            "yes; blocked or handled as of a moment later",
            "yes",
            "if the process connector is in reach",
            "--failed; of 64-bit callers",
            "--probes; of 64-bit callers",
            "exact",
            "as core, and births of processes",
        ),
    ),
    Row(
        "audit",
        ("sends", "deaths", "refused", "probes"),
        (
            "yes",
            "yes, to 128 bytes",
            "if they are still running",
            "yes",
            "of what processes send",
            "no",
            "no",
            "likewise",
            "--failed",
            "--probes",
            "of the kernel's last tick",
            "each system call of the host a little, each signal most",
        ),
        outcomes=frozenset(ATTEMPTS),
        origins=_AUDITED,
        alias="audit",
    ),
    Row(
        "audit log",
        ("sends", "refused", "probes"),
        outcomes=frozenset(ATTEMPTS),
        origins=_AUDITED,
        undecided=("unit", "container"),
        joins=True,
        alias="a log",
    ),
    *(Row(name, ("oom", "statements"), joins=True, alias=f"a {name}") for name in SAID),
    Row(ACCOUNTING, ("deaths",), joins=True, alias="process accounting"),
)
BY_NAME = {row.name: row for row in ROWS}
SOURCES = tuple(row.name for row in ROWS if row.sees)
BEST = SOURCES[0]
JOINING = frozenset(row.name for row in ROWS if row.joins)


def unseen(source: str) -> list[str]:
    """What a live source does not see, or not in full."""
    pairs = zip(ABILITIES, BY_NAME[source].sees, BY_NAME[BEST].sees)
    return [name for name, one, best in pairs if one != best and name != "cost"]


def table() -> str:
    """All of it as a Markdown table."""
    lines = [("what is seen", *SOURCES), *zip(ABILITIES, *(BY_NAME[name].sees for name in SOURCES))]
    rows = [f"| {' | '.join(line)} |\n" for line in lines]
    return "".join([rows[0], "|" + "---|" * len(lines[0]) + "\n", *rows[1:]])


def kinds_of(source: str, wanted: Wanted) -> tuple[str, ...]:
    """The kinds that a live source sees when it is asked for this."""
    off = {
        "deaths": not wanted.deaths,
        "refused": not wanted.refused,
        "probes": not wanted.probes,
        "commands": not wanted.commands,
    }
    return tuple(kind for kind in BY_NAME[source].kinds if not off.get(kind))


def narrowed(wanted: Wanted) -> list[Blind]:
    """What the user's filter hides, for it is the kernel's, too."""
    filter_ = wanted.filter
    blind = []
    if not filter_.signals >= EVERY - NOISY:  # Those two end nobody: signal(7).
        blind.append(f"only {names_of(filter_.signals)} was traced")
    if (
        any(
            one is not None
            for one in (filter_.senders, filter_.targets, filter_.either, filter_.uids)
        )
        or filter_.not_targets
        or wanted.key
    ):
        blind.append("only signals of some processes or users were traced")
    kinds = ("sends", "kernel", "outcomes", "deaths", "oom")
    return [Blind(kinds, (why,), quiet=True) for why in blind]


def require_sense(filter_: Filter, source: str) -> None:
    """Raises Problem for a filter that nothing the source tells can fit."""
    row = BY_NAME[source]
    for value in filter_.values:
        if value.kind in row.undecided:
            raise Problem(
                f"--{value.kind} cannot be decided from {row.alias}",
                "audit records do not tell the cgroup of a process",
                "--from or --to with a name, or --uid",
            )
    for option, wanted, told in (
        ("--outcome", filter_.outcomes, row.outcomes),
        ("--origin", filter_.origins, row.origins),
    ):
        if wanted and told is not None and wanted.isdisjoint(told):
            raise Problem(
                f"{option} {','.join(sorted(wanted))} is never told by {row.alias}",
                "audit records neither outcomes nor what the kernel sends",
                f"{option} {','.join(sorted(told))}",
            )
