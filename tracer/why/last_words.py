"""What a process said last before it ended by its own doing, as its log has it."""

from __future__ import annotations

from tracer.model.frozen import replace
from tracer.model.names import names_of
from tracer.model.text import plain
from tracer.model.verdict import Evidence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tracer.lines.entry import Entry
    from tracer.model.verdict import Verdict

# Causes whose reason the process itself may have told. Who is killed has no time to.
OF_ITS_OWN = frozenset(("exit", "crash", "abort", "exec failed"))
LETTERS_MAX = 200
_BYTES_MAX = 4 * LETTERS_MAX
SOURCE = "last words"
# By what words are known to be its, the surest first.
SPEAKERS = ("itself", "its unit", "its pid", "its name")


def with_last_words(
    verdict: Verdict, written_before: Callable[[Verdict], Iterable[Entry]]
) -> Verdict:
    """The verdict with them, if there are any. ``written_before``: entries of the time before a death, the newest first."""
    if verdict.cause not in OF_ITS_OWN:
        return verdict
    newest: dict[str, Entry] = {}
    for entry in written_before(verdict):
        speaker = _speaker(verdict, entry)
        if speaker is not None and entry.text.strip():
            newest.setdefault(speaker, entry)
    for speaker in SPEAKERS:
        if speaker in newest:
            entry = newest[speaker]
            text = plain(entry.text[:_BYTES_MAX])[:LETTERS_MAX]
            told = Evidence(None, entry.time, entry.place, SOURCE, text)
            return replace(verdict, said=text, said_by=speaker, evidence=(*verdict.evidence, told))
    return verdict


def _speaker(verdict: Verdict, entry: Entry) -> str | None:
    """Whose word it is: by the pid or the cgroup that journald has seen, by a pid or name that anybody may write into a
    log; None: somebody else's."""
    process = verdict.process
    if process is None or not _is_of_its_host(verdict, entry):
        return None
    # The kernel's line of a fault has the thread, which may be the first, or not.
    if entry.pid is not None and entry.pid == (process.tid if process.pid is None else process.pid):
        return "itself" if b"_PID" in (entry.fields or {}) else "its pid"
    if process.pid is not None and entry.pid is not None:
        return None
    unit = (entry.fields or {}).get(b"_SYSTEMD_UNIT")
    if unit is not None:
        return "its unit" if unit == process.unit else None
    return "its name" if entry.tag is not None and entry.tag in names_of(process) else None


def _is_of_its_host(verdict: Verdict, entry: Entry) -> bool:
    """Whether it may be: some logs call a host with its domain."""
    if verdict.host is None or entry.host is None:
        return True
    return plain(entry.host).partition(".")[0] == verdict.host.partition(".")[0]
