"""What every source is: a ring, netlink, a log that grows, a pipe, files. They differ in what wakes a reader."""

from __future__ import annotations

# Seconds in which a process that was sent something deadly can be seen dying, live.
GRACE = 0.25

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    from tracer.model.coverage import Coverage
    from tracer.model.event import Event

    # Descriptors and the poll(2) events of each.
    Descriptors = Sequence[tuple[int, int]]

    class Source(Protocol):
        """Where events come from, in the order in which they are to be told."""

        name: str
        # Seconds within which the death of who was sent something deadly is told; 0: no use in waiting for one.
        grace: float

        def descriptors(self) -> Descriptors:
            """What to poll before the next read; () where none of them would tell of anything."""

        def due(self) -> float | None:
            """Seconds after which to read though no descriptor has anything; None: not before. 0: read on."""

        def has_begun(self) -> bool:
            """Whether what is read is what it should be: nothing is shown before."""

        def is_over(self) -> bool:
            """Whether nothing more can come."""

        def read(self, last: bool = False) -> Iterator[Event]:
            """What is there now, of much of it a part; to be read to its end. With ``last`` what waits for something
            else, too: nobody will ask for more but for deaths."""

        def coverage(self) -> list[Coverage]:
            """What was seen by now, of each log or host by itself."""

        def close(self) -> None:
            """Give back what is open."""

    class LiveSource(Source, Protocol):
        """``keeps`` are the capabilities that it needs until it is closed."""

        keeps: tuple[str, ...]


def every(source: Source) -> Iterator[Event]:
    """All events of a source that ends: files."""
    while not source.is_over():
        yield from source.read()
