"""What a log shows of the rules it was written under, and so what it cannot show."""

from __future__ import annotations

from tracer.audit import record, rules
from tracer.audit.argv import argv_of
from tracer.audit.calls import BY_NAME
from tracer.audit.known import find
from tracer.audit.record import Group
from tracer.audit.watching import Watching
from tracer.model.coverage import Blind
from tracer.model.signals import LAST, name_of

_OF_CALLS = ("sends", "refused", "probes")


class Evidence:
    """Collected event by event; ``blind`` says at the end what may be missing."""

    def __init__(self) -> None:
        # The calls that were seen to send signals: some rule watches them.
        self.calls: set[str] = set()
        self.watching = Watching()
        self.first_process = False
        self.only: set[int | None] = set()

    def rule(self, group: Group) -> None:
        """A CONFIG_CHANGE event: the rule itself stands only in auditctl's command line beside it."""
        change = find(group, record.CONFIG_CHANGE)
        if change is None or b"add" not in change.body or b"rule" not in change.body:
            return
        argv, _ = argv_of(group.records)
        words = b" ".join(argv or ()).replace(b",", b" ").split()
        if any(word in BY_NAME for word in words):
            self.only.add(rules.only_signal(words))

    def missing(self) -> list[str]:
        """The calls that no event came from, in the order of their table."""
        return [name for name in rules.USED_BY if name not in self.calls]

    def watched_only(self) -> int | None:
        """The one signal number that every visible rule is narrowed to."""
        only = next(iter(self.only)) if len(self.only) == 1 else None
        return only if only and only <= LAST else None


def blind(evidence: Evidence) -> list[Blind]:
    """What the log may not show, and the rules that would."""
    found = []
    missing = evidence.missing()
    only = evidence.watched_only()
    if "tgkill" in missing or "pidfd_send_signal" in missing:
        users = "; ".join(f"{name}: {rules.USED_BY[name]}" for name in missing)
        calls = (
            f"no signal in this log was sent by {', '.join(missing)} ({users})",
            "if no rule watched them, those sends are missing",
        )
        found.append(Blind(_OF_CALLS, calls, tuple(rules.recommended(missing))))
    elif missing:
        found.append(
            Blind(_OF_CALLS, (f"no rule may have watched {', '.join(missing)}",), quiet=True)
        )
    if only is not None:
        why = f"the rules seen in this log watch {name_of(only)} alone"
        found.append(Blind(_OF_CALLS, (why,), tuple(rules.recommended())))
    if not evidence.first_process:
        why = (
            "nothing in this log was done by PID 1: its own signals (systemd's TERM and KILL) are audited "
            "only if the kernel was booted with audit=1"
        )
        found.append(Blind(_OF_CALLS, (why,)))
    return found
