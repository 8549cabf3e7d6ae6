"""What was opened to be read, and what is said of that: before the first event, and after the last."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from tracer.audit.report import account, counted_events, hidden
from tracer.model.frozen import frozen
from tracer.model.times import utc
from tracer.sources.logs.files import STDIN, LogSet, called
from tracer.sources.logs.other_forms import no_records

if TYPE_CHECKING:
    from typing import Union

    from tracer.flow.source import Source
    from tracer.model.coverage import Coverage
    from tracer.sources.accounting.source import Accounting, Reader
    from tracer.sources.journal.source import JournalSource
    from tracer.sources.journal.text_source import TextSource
    from tracer.sources.logs.archive import Archive
    from tracer.sources.logs.audit_log import AuditLog
    from tracer.sources.logs.kernel_ring import KernelRing
    from tracer.sources.logs.system_log import SystemLog
    from tracer.sources.recording.source import Recording

    Said = Union[SystemLog, JournalSource, TextSource, Archive, KernelRing, Accounting]


_DENIED = os.strerror(errno.EACCES).lower()


@frozen
class Reading:
    """``source`` of everything; ``audits`` and ``said`` are those in it that account for what they read. ``closed``:
    files that may not be read, and why. ``covered``: what journals cover.
    ``accounts``: what reads process accounting, by the name of the file, or of the archive, that it is in."""

    source: Source
    logs: tuple[LogSet, ...]
    audits: tuple[AuditLog, ...]
    said: tuple[Said, ...]
    closed: tuple[tuple[str, str], ...] = ()
    covered: tuple[Coverage, ...] = ()
    recording: Recording | None = None
    accounts: tuple[tuple[str, Reader], ...] = ()

    def has_records(self) -> bool:
        """Whether anything of a known form was read."""
        read = (*self.audits, *self.said)
        return self.recording is not None or any(one.has_records() for one in read)

    def require_records(self) -> None:
        """Raises Problem if nothing of a known form was read."""
        if not self.has_records():
            had_lines = any(one.lines for log in self.audits for one in log.tallies)
            others = [LogSet(one.title, (one.title,)) for one in self.said]
            raise no_records(self.logs or others, anything=had_lines)

    def strange(self) -> list[str]:
        """The names of what was read and has nothing of a known form, where another has; known when the events are read."""
        recorded = {one.name for log in self.audits for one in log.tallies if one.records}
        without = [one.title for one in self.said if not one.has_records()]
        return [one for one in without if one not in recorded] if self.has_records() else []

    def notes(self, *, follow: bool) -> list[str]:
        """What is to be known before the first event."""
        lines = [f"cannot read {path}: {why}" for path, why in self.closed]
        if os.geteuid() != 0 and any(why == _DENIED for _, why in self.closed):
            lines.append("what is denied here root may read: the same after sudo")
        if follow and not self.has_records():
            lines.append("nothing yet in " + ", ".join(log.name for log in self.logs))
        return lines

    def left_out(self) -> list[str]:
        """What was not looked at, being too much, or damaged in a recording; known when the events are read."""
        lines = [line for title, reader in self.accounts for line in reader.notes(title)]
        if self.recording is not None and self.recording.passed:
            from tracer.sources.recording.report import passed_over

            lines += (f"recording: {line}" for line in passed_over(self.recording))
        return lines

    def account(self, *, verbose: bool) -> list[str]:
        """What was read, what of it was not understood, and what it cannot show; complete when the events are."""
        lines: list[str] = []
        if self.recording is not None:
            from tracer.sources.recording.report import account as of_recording

            lines += of_recording(self.recording, self.recording.lines)
        for log in self.audits:
            if log.has_records() or not self.has_records():
                lines += account(log.tallies, log.counts, log.given_up())
        recorded = {one.name for log in self.audits for one in log.tallies if one.records}
        for one in self.said:
            lines += _of_said(one, has_audit=one.title in recorded)
        for sight in self.covered:
            spans = [
                f"{utc(span.began)} to {utc(span.ended or span.began)}" for span in sight.spans
            ]
            lines.append(f"the journal covers {', '.join(spans[:3])}{', …' if spans[3:] else ''}")
            lines += [f"missing: {gap.why}" for gap in sight.gaps]
        for log in self.audits:
            if log.has_records():
                blind = [one for one in log.coverage()[0].blind if not one.quiet]
                lines += hidden(blind, verbose=verbose)
        return lines


def _of_said(one: Said, *, has_audit: bool) -> list[str]:
    """What other lines than audit's tell; ``has_audit``: the same file had records, which are accounted for already."""
    if has_audit:
        if not any(kind != "loss" for kind in one.counts):
            return []
        return [f"other lines of {called(one.title)}: {counted_events(one.counts)}"]
    if one.has_records():
        seen = "" if one.entries is None else f"{one.entries:,} entries looked at; "
        told = counted_events(one.counts)
        nothing = "" if any(one.counts.values()) else ": no line tells of a signal or a death"
        return [f"read {called(one.title)}: {seen}{told}{nothing}"]
    if one.title == STDIN:
        return []
    return [f"no audit records in {one.title}, and no log lines"]
