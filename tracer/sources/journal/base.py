"""What all three ways to read a journal have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from tracer.sources.journal.coverage import coverage_of
from tracer.sources.journal.entry import Coverage, Group, JournalEntry, Losses

if TYPE_CHECKING:
    from tracer.sources.journal.find import Place

_Own = TypeVar("_Own", bound="Journal")


class Journal(ABC):
    """A host's journal, or that of some files. Times in ns since the epoch, both ends included.

    ``losses`` grow while it is read: what could not be, with its place. ``readable``: how many of its files can be.
    """

    way = ""
    readable = 0

    def __init__(self, place: Place) -> None:
        self.place = place
        self.losses = Losses()

    def __enter__(self: _Own) -> _Own:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def entries(
        self,
        matches: Sequence[Group] = (),
        since: int | None = None,
        until: int | None = None,
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[JournalEntry]:
        """Those that fit one of the groups (all, if there is none), oldest first, or newest with ``reverse``.

        Raises ValueError for a name that no field can have.
        """

    @abstractmethod
    def follow(self, matches: Sequence[Group] = (), since: int | None = None) -> Following:
        """Those from ``since`` on, or from now on, and what comes."""

    @abstractmethod
    def boots(self) -> list[str]:
        """The ids of the boots that it has entries of."""

    def files(self) -> list[str]:
        """Its files, as a person finds them."""
        return [self.place.inside.place(name) for name in self.place.names(self.losses)]

    def coverage(self) -> Coverage:
        """What it has in sight. Costs two look-ups a boot, and a look into each file."""
        return coverage_of(self)

    def close(self) -> None:
        self.place.close()


class Following(ABC):
    """A journal that is written to: ``read``, then wait for one of ``descriptors``, at most ``timeout`` seconds, and so
    on. What one read gives is to be taken to its end."""

    @abstractmethod
    def descriptors(self) -> list[tuple[int, int]]:
        """Each with the events of poll(2) to wait for."""

    def timeout(self) -> float | None:
        """None: a descriptor tells of everything."""
        return None

    @abstractmethod
    def read(self) -> Iterator[JournalEntry]:
        """What has come since; does not wait."""

    @abstractmethod
    def close(self) -> None: ...
