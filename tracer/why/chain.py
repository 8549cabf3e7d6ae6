"""A chain of parents, short enough to be read: both of its ends, and between them what is more than a shell."""

from __future__ import annotations

from tracer.model.names import SHELLS, script_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.model.event import Ancestor, Process

    Step = Process | Ancestor

_PASSED = SHELLS | frozenset((b"sudo", b"su", b"doas", b"runuser"))


def chain(steps: Sequence[Step], called: Callable[[Step], str], most: int = 5) -> list[str]:
    """What each is called, the nearest first; of more than ``most`` those that are left out are counted: "… 6 more"."""
    if len(steps) <= most:
        return [called(step) for step in steps]
    head, tail = most // 2, (most - 1) // 2
    middle = steps[head : len(steps) - tail]
    telling = [step for step in middle if not is_passed(step)]
    kept = set(map(id, telling)) if len(telling) < most else set()
    made, hidden = [called(step) for step in steps[:head]], 0
    for step in (*middle, *steps[len(steps) - tail :]):
        is_shown = id(step) in kept or not any(step is one for one in middle)
        if not is_shown:
            hidden += 1
            continue
        made += [f"… {hidden} more"] if hidden else []
        made.append(called(step))
        hidden = 0
    return made


def is_passed(step: Step) -> bool:
    """Whether it is a shell that runs no script, or what changes the user: it stands between two that matter."""
    comm = (step.comm or b"").lstrip(b"-")
    return comm in _PASSED and script_of(step.argv or ()) is None
