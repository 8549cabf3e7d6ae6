"""A journal read through ``journalctl -o export``: where there is the program, and no library to load."""

from __future__ import annotations

import glob
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO

from tracer.sources.journal.base import Following, Journal
from tracer.sources.journal.entry import Group, JournalEntry, Losses
from tracer.sources.journal.find import Place, open_files
from tracer.sources.journal.matches import Terms, terms_of
from tracer.sources.journal.own import microseconds
from tracer.sources.journal.text import ExportReader
from tracer.sources.journal.unpack import Unpackers

PROGRAM = "journalctl"
# Seconds without a byte, after which it hangs: it does over some damaged files (systemd issue 27489).
PATIENCE = 30.0
_EVER = 1 << 62
_BLOCK = 1 << 16
_WORDS_MAX = 4096


class HelperJournal(Journal):
    """Through the program. Raises FileNotFoundError if there is no journalctl."""

    way = "journalctl"

    def __init__(self, place: Place, patience: float = PATIENCE) -> None:
        program = shutil.which(PROGRAM)
        if program is None:
            raise FileNotFoundError(PROGRAM)
        self._program = program
        self._patience = patience
        super().__init__(place)
        for file in open_files(place, self.losses, Unpackers()):
            self.readable += 1
            file.close()

    def entries(
        self,
        matches: Sequence[Group] = (),
        since: int | None = None,
        until: int | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[JournalEntry]:
        asked = [*_window(microseconds(since, until)), *["--reverse"] * reverse]
        return islice(self._entries([*asked, *_words(terms_of(matches))]), limit)

    def follow(self, matches: Sequence[Group] = (), since: int | None = None) -> Following:
        begin, end = microseconds(time.time_ns() if since is None else since, None)
        asked = ["--output=export", "--follow", "--no-tail", *_window((begin, end))]
        return HelperFollowing(self.run([*asked, *_words(terms_of(matches))]), self.losses)

    def boots(self) -> list[str]:
        with self.run(["--field=_BOOT_ID"]) as run:
            found = b"".join(run.blocks()).decode("ascii", "replace").split()
        return list(dict.fromkeys(found))

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The program with where it is to look."""
        # --file= takes patterns.
        files = [
            f"--file={glob.escape(self.place.inside.place(name))}"
            for name in self.place.names(self.losses)
        ]
        where = ["--namespace=*"] if self.place.is_host else files
        return [self._program, "--no-pager", "--quiet", "--all", *where, *arguments]

    def _entries(self, arguments: Sequence[str]) -> Iterator[JournalEntry]:
        if not self.place.is_host and not self.place.names(self.losses):
            return  # Without --file it would be this host's.
        reader = ExportReader("journal", self.losses)
        with self.run(["--output=export", *arguments]) as run:
            for block in run.blocks():
                yield from reader.feed(block)
            yield from reader.end()

    def run(self, arguments: Sequence[str]) -> Run:
        return Run(self.command(arguments), self.losses, self._patience)


class Run:
    """One run of the program, ended with the block that it is used in."""

    def __init__(self, command: Sequence[str], losses: Losses, patience: float) -> None:
        self._losses = losses
        self._patience = patience
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - a pipe would have to be read, too
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={
                **os.environ,
                "LC_ALL": "C",
                "SYSTEMD_COLORS": "0",
                "SYSTEMD_LOG_LEVEL": "warning",
            },
        )
        assert self._process.stdout is not None
        self.fd = self._process.stdout.fileno()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.wait()
        self._said.close()

    def blocks(self) -> Iterator[bytes]:
        """What it writes, to its end; what it complains of is told as lost."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        while poll.poll(self._patience * 1000):
            block = os.read(self.fd, _BLOCK)
            if not block:
                self.complaints()
                return
            yield block
        self._losses.add("journal", f"{PROGRAM} wrote nothing for {self._patience:.0f} s", None)

    def complaints(self) -> None:
        """Tell what it said, and whether it failed."""
        deadline = time.monotonic() + self._patience
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self._process.wait(0.1)
            except subprocess.TimeoutExpired:
                pass
        self._said.seek(0)
        for line in self._said.read(_WORDS_MAX).decode("utf-8", "replace").splitlines():
            self._losses.add("journal", f"{PROGRAM}: {line}", None)
        if self._process.returncode and not self._said.tell():
            self._losses.add("journal", f"{PROGRAM} failed ({self._process.returncode})", None)


class HelperFollowing(Following):
    """What the program writes as it comes."""

    def __init__(self, run: Run, losses: Losses) -> None:
        self._run = run
        self._losses = losses
        self._reader = ExportReader("journal", losses)
        self._is_over = False
        os.set_blocking(run.fd, False)

    def descriptors(self) -> list[tuple[int, int]]:
        return [] if self._is_over else [(self._run.fd, select.POLLIN)]

    def read(self) -> Iterator[JournalEntry]:
        while not self._is_over:
            try:
                block = os.read(self._run.fd, _BLOCK)
            except BlockingIOError:
                return
            if not block:
                self._is_over = True
                self._run.complaints()
                self._losses.add("journal", f"{PROGRAM} has ended: nothing more is seen", None)
                return
            yield from self._reader.feed(block)

    def close(self) -> None:
        self._run.__exit__()


def _window(window: tuple[int, int]) -> list[str]:
    since, until = window
    begin = [f"--since=@{_seconds(since)}"] if since else []
    return begin + ([f"--until=@{_seconds(until)}"] if until < _EVER else [])


def _seconds(microseconds_: int) -> str:
    seconds, rest = divmod(microseconds_, 1_000_000)
    return f"{seconds}.{rest:06d}"


def _words(groups: list[Terms]) -> list[str]:
    """Matches as journalctl takes them: no word begins with a dash, for none of a field's name does."""
    words: list[str] = []
    for number, group in enumerate(groups):
        words += ["+"] * bool(number)
        words += [os.fsdecode(term) for terms in group for term in terms]
    return words
