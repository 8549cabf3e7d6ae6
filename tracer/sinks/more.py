"""What follows the first of a group, in one line: and 39 more: unicorn[…] died."""

from __future__ import annotations

from tracer.sinks import ends

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracer.model.event import Process

NAMED = 3  # so many are told with their pids


class More:
    """Processes and what became of each."""

    def __init__(self) -> None:
        self._members: list[tuple[str, str, str]] = []
        self.time: int | None = None

    def __bool__(self) -> bool:
        return bool(self._members)

    def add(self, time: int | None, process: Process | None, what: str) -> None:
        if not self._members:
            self.time = time
        known = process is not None
        label = ends.label(process) if process is not None else ends.UNKNOWN
        self._members.append((label, ends.bare(process) if known and process else label, what))

    def sentence(self) -> str:
        """All of them, those with one fate together; nothing is left afterwards."""
        members, self._members = self._members, []
        fates: dict[str, list[tuple[str, str]]] = {}
        for label, bare, what in members:
            fates.setdefault(what, []).append((label, bare))
        told = [f"{_names(of, alone=len(fates) == 1)} {what}" for what, of in fates.items()]
        return f"and {len(members)} more: {'; '.join(told)}"


def _names(of: list[tuple[str, str]], *, alone: bool) -> str:
    if len(of) <= NAMED:
        return ", ".join(label for label, _ in of)
    counts: dict[str, int] = {}
    for _, bare in of:
        counts[bare] = counts.get(bare, 0) + 1
    if len(counts) == 1 and alone:
        return f"{of[0][1]}[…]"
    return ", ".join(f"{count} {bare}[…]" for bare, count in counts.items())
