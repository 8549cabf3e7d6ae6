"""What a replay reads: files, folders, a pipe; each log by the reader of its form, all of them merged by time."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracer.audit.known import NOBODY, Users
from tracer.flow.filter import Filter
from tracer.flow.merge import LATE, Merge
from tracer.flow.witnesses import Witnessed
from tracer.model.errors import AS_ROOT, Problem
from tracer.model.frozen import frozen
from tracer.sources.accounted import accounting_of, is_accounted, reader_of, understood
from tracer.sources.container_ends import ContainerEnds
from tracer.sources.found import Found
from tracer.sources.logs import forms
from tracer.sources.logs.audit_log import AuditLog, Keep
from tracer.sources.logs.files import (
    STDIN,
    LogSet,
    Proceed,
    always,
    head_of_pipe,
    is_pipe,
    open_log,
    open_pipe,
)
from tracer.sources.logs.kept import HOST, kept_in
from tracer.sources.named import Naming
from tracer.sources.reading import Reading

if TYPE_CHECKING:
    from tracer.flow.source import Source
    from tracer.model.coverage import Coverage
    from tracer.sources.accounting.source import Reader
    from tracer.sources.reading import Said
    from tracer.sources.recording.narrow import Ends, Narrow
    from tracer.sources.recording.source import Recording


@frozen
class Asked:
    """What is to be read how. ``quiet``: statements that the table does not show by itself, too. ``filter_``: what a
    journal's index is asked for. ``search``: the question before each block of a file that is searched for records.
    ``narrow``: what of a recording is wanted. ``ends``: whose ends, None: all by a signal."""

    users: Users = NOBODY
    keep: Keep | None = None
    proceed: Proceed = always
    follow: bool = False
    year: int | None = None
    quiet: bool = False
    filter_: Filter = Filter()
    search: Proceed = always
    narrow: Narrow | None = None
    ends: Ends | None = None


def reading_of(found: Found, asked: Asked) -> Reading:
    """The source of all of it. Raises Problem for what cannot be read."""
    # Events are in no cycles: to look for some every 700 objects takes a tenth of the time.
    gc.set_threshold(100_000)
    opening = _Opening(asked, found.root)
    closed = opening.closed
    closed += found.closed
    if found.recordings:
        opening.recordings(found.recordings)
    if found.journals:
        opening.journals(found.journals)
    if found.root is not None:
        why = opening.kept_journal(found.root or None)
        closed += [("the journal", why)] if why else []
    for log in found.logs:
        if not (opening.has_journal and is_instead(log)):
            opening.log(log)
    for path in found.archives:
        opening.archive(path)
    if found.ring and not (opening.has_journal or any(map(has_kernels, found.logs))):
        closed += opening.kernel_ring()
    if found.root is not None and opening.is_empty():
        raise Problem(
            "nothing is kept that may be read" if found.root == "" else f"no logs below {found.root!r}",
            "; ".join(f"{path}: {why}" for path, why in closed) or "no journal, audit log or syslog is there",
            f"{'' if os.geteuid() == 0 else f'{AS_ROOT}, or '}name a FILE{'' if found.root else '; sudo sigtrace record keeps what comes'}",
        )  # fmt: skip
    return opening.reading(found.logs)


def is_instead(log: LogSet) -> bool:
    """Whether what it tells is in the journal, too."""
    row = kept_in(HOST, "var/log/" + os.path.basename(log.paths[-1]))
    return row is not None and row.instead


def has_kernels(log: LogSet) -> bool:
    """Whether the kernel's messages are in it."""
    row = kept_in(HOST, "var/log/" + os.path.basename(log.paths[-1]))
    return row is not None and row.kernel


class _Opening:
    """Chooses the reader of each log. What is not needed is not imported: most logs are audit's."""

    def __init__(self, asked: Asked, root: str | None) -> None:
        self._asked = asked
        self._root = root
        self._audit: list[LogSet] = []
        self._said: list[Said] = []
        self._accounts: list[tuple[str, Reader]] = []
        self._covered: list[Coverage] = []
        self.closed: list[tuple[str, str]] = []
        self._recording: Recording | None = None
        self.has_journal = False

    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not (self._audit or self._said or self._recording)

    def recordings(self, paths: Sequence[str]) -> None:
        """Folders and files of recorders."""
        from tracer.sources.recording.source import Recording

        filter_ = self._asked.filter_
        narrow = self._asked.narrow
        if narrow is None:
            self._recording = Recording(paths, filter_.since, filter_.until)
        else:
            self._recording = Recording(
                paths, narrow.since, narrow.until, narrow.pick, narrow.sieved
            )

    def kept_journal(self, root: str | None) -> str | None:
        """This host's, or that below ``root``; why it cannot be read, if it cannot."""
        before = len(self._covered)
        try:
            self.journals((), root)
        except Problem as problem:
            return problem.why
        self.has_journal = len(self._covered) > before
        if not self.has_journal:
            self._said.pop().close()
            return "it is empty, or may not be read"
        return None

    def archive(self, path: str) -> None:
        """A sos report."""
        from tracer.audit.entries import AuditTeller
        from tracer.sources.logs.archive import Archive
        from tracer.statements.tables import index
        from tracer.statements.teller import Teller

        asked = self._asked
        tables = index(quiet=asked.quiet)
        self._accounts.append((path, reader_of(asked.ends, asked.filter_)))
        self._said.append(
            Archive(
                path,
                lambda: Teller(tables, quiet=asked.quiet),
                lambda: AuditTeller(asked.users),
                tables.literals,
                asked.proceed,
                year=asked.year,
                accounting=self._accounts[-1][1].events,
            )
        )

    def kernel_ring(self) -> list[tuple[str, str]]:
        """What is left of the kernel's messages; or why that cannot be read."""
        from tracer.audit.entries import AuditTeller
        from tracer.host.kernel_log import DEVICE, open_ring
        from tracer.sources.logs.kernel_ring import KernelRing
        from tracer.statements.tables import index
        from tracer.statements.teller import Teller

        asked = self._asked
        try:
            ring = open_ring()
        except OSError as error:
            return [(DEVICE, (error.strerror or str(error)).lower())]
        teller = Teller(index(quiet=asked.quiet), quiet=asked.quiet)
        audit = AuditTeller(asked.users)
        self._said.append(KernelRing(teller, audit, ring, follow=asked.follow))
        return []

    def reading(self, logs: Sequence[LogSet]) -> Reading:
        """All of them as one."""
        said = self._said
        audits = self._audits() if self._audit or not (said or self._recording) else ()
        ended = [] if self._root is None else [ContainerEnds(self._root)]
        recording = [self._recording] if self._recording else []
        sources: list[Source] = [*recording, *audits, *said, *ended]
        source: Source = Merge([(each, LATE) for each in sources]) if sources[1:] else sources[0]
        if said or self._recording:
            source = Witnessed(source, Naming(self._root))
        covered = tuple(self._covered)
        return Reading(
            source, tuple(logs), audits, tuple(said), tuple(self.closed), covered, self._recording, tuple(self._accounts)
        )  # fmt: skip

    def _audits(self) -> tuple[AuditLog, ...]:
        """Of all logs one, for their events are merged; but a pipe, which comes as it likes, beside files that grow."""
        asked = self._asked
        apart = [log for log in self._audit if asked.follow and is_pipe(log.paths[-1])]
        files = [log for log in self._audit if log not in apart]
        both = ((files, asked.follow), (apart, False))
        return tuple(
            AuditLog(logs, asked.users, asked.keep, asked.proceed, follow=follow)
            for logs, follow in both
            if logs or (logs is files and not apart)
        )

    def journals(self, paths: Sequence[str], root: str | None = None) -> None:
        """Journal files and folders of them; none: this host's, or that below ``root``."""
        from tracer.sources.journal.telling import journal_source

        asked = self._asked
        source = journal_source(
            paths,
            asked.filter_,
            asked.users,
            root=root,
            follow=asked.follow,
            quiet=asked.quiet,
        )
        source.title = ", ".join(paths) or "the journal"
        self._said.append(source)
        self._covered += source.coverage()

    def log(self, log: LogSet) -> None:
        """A text of whatever form, and its rotated files."""
        path = log.paths[-1]
        begun = head_of_pipe(self._asked.proceed) if is_pipe(path) else b""
        head = b"" if begun else _stdins_head() if path == STDIN else forms.head_of(path)
        if is_accounted(log, begun or head):
            self._accounting(log, begun)
            return
        # Of a pipe nothing can be read twice: what is not a journal's goes to both readers of text.
        is_fixed = path == STDIN or not self._asked.follow
        if is_fixed and self._journal_text(path, begun or head, begun):
            for older in log.paths[:-1]:
                self.log(LogSet(older, (older,)))
            return
        if forms.is_audits_own(head) or (path != STDIN and head.lstrip()[:1] == b"{"):
            self._audit.append(log)
            return
        search = self._asked.search
        if (
            self._asked.follow
            or path == STDIN
            or any(forms.has_audit(one, search) for one in log.paths)
        ):
            self._audit.append(log)
        self._system_log(log, begun)

    def _journal_text(self, path: str, head: bytes, begun: bytes) -> bool:
        """Whether it is what journalctl has written with all fields; it is read as such then. ``begun``: what was read
        of a pipe."""
        if head.lstrip()[:1] not in (b"{", b"_"):
            return False
        from tracer.sources.journal.telling import text_source
        from tracer.sources.journal.text_source import reader_of

        reader = reader_of(head)
        if reader is None:
            return False
        piped = is_pipe(path)
        stream = open_pipe() if piped else open_log(path, self._asked.proceed)
        quiet = self._asked.quiet
        source = text_source(
            stream, reader, self._asked.users, file=path, is_pipe=piped, begun=begun, quiet=quiet
        )
        source.title = path
        self._said.append(source)
        return True

    def _accounting(self, log: LogSet, begun: bytes) -> None:
        """Ends of processes; it is read to its end alone, though others are followed."""
        asked = self._asked
        kept, others = understood(log, named=self._root is None)
        self.closed += others
        if kept.paths:
            reader = reader_of(asked.ends, asked.filter_)
            self._accounts.append((kept.name, reader))
            self._said.append(accounting_of(kept, begun, reader, asked.proceed))

    def _system_log(self, log: LogSet, begun: bytes) -> None:
        from tracer.sources.logs.system_log import SystemLog
        from tracer.sources.logs.tee import tee_stdin
        from tracer.statements.tables import index
        from tracer.statements.teller import Teller

        asked = self._asked
        tables = index(quiet=asked.quiet)
        is_stdin = log.paths == (STDIN,)
        source = SystemLog(
            log,
            Teller(tables, quiet=asked.quiet),
            tables.literals,
            asked.proceed,
            year=asked.year,
            follow=asked.follow and not is_stdin,
            pipe=tee_stdin(begun) if is_stdin else None,
        )
        self._said.append(source)


def _stdins_head() -> bytes:
    """The first bytes of standard input, where it is a file: of a pipe they would be gone."""
    if is_pipe(STDIN):
        return b""
    try:
        return os.pread(sys.stdin.fileno(), 1 << 16, 0)
    except OSError:
        return b""
