"""The kernels that sigtrace is tested on: the one list that everything else walks."""

from __future__ import annotations

from dataclasses import dataclass

SUITES = ("auto", "core", "rest", "bcc", "audit", "locked")


@dataclass(frozen=True)
class Userland:
    """A Debian suite's packages: versions as far as they are promised, None where it has none."""

    suite: str
    python: str
    libbpf: str | None
    bcc: str

    @property
    def has_core(self) -> bool:
        """The CO-RE source needs libbpf.so.1, which is libbpf 1.0 and later."""
        return self.libbpf is not None and not self.libbpf.startswith("0.")


@dataclass(frozen=True)
class Boot:
    """One guest: a userland on a kernel, and the suites that run there.

    A suite is the live tests that trace, with one source; or "rest": the live tests that choose their
    sources themselves; or "auto": which source sigtrace takes by itself; or "locked": audit with rules
    that nobody can change until the next boot.
    """

    userland: str
    suites: tuple[str, ...]


@dataclass(frozen=True)
class Kernel:
    """A distribution kernel, by the suite that ships it."""

    version: str
    suite: str
    boots: tuple[Boot, ...]


USERLANDS = {
    "bullseye": Userland("bullseye", python="3.9", libbpf="0.3", bcc="0.18"),
    "bookworm": Userland("bookworm", python="3.11", libbpf="1.1", bcc="0.26"),
    "trixie": Userland("trixie", python="3.13", libbpf="1.5", bcc="0.31"),
    "sid": Userland("sid", python="3.14", libbpf="1.7", bcc="0.37"),
}


def _two_guests(userland: str) -> tuple[Boot, ...]:
    """All suites, in halves that take about as long: most machines boot two guests at once."""
    return Boot(userland, ("core", "audit")), Boot(userland, ("auto", "rest", "bcc", "locked"))


# Bullseye has no libbpf 1.0, so there bcc and audit take over; what its kernel makes of the
# CO-RE object is seen with the next suite's userland.
KERNELS = (
    Kernel(
        "5.10",
        "bullseye",
        (
            Boot("bullseye", ("auto", "bcc", "audit", "locked")),
            Boot("bookworm", ("core", "rest")),
        ),
    ),
    Kernel("6.1", "bookworm", _two_guests("bookworm")),
    Kernel("6.12", "trixie", _two_guests("trixie")),
    Kernel("7.2", "sid", _two_guests("sid")),
)

# What a change in CI is tried on beside the host's own kernel: the oldest, with one userland for all.
QUICK = Kernel(
    "5.10", "bullseye", (Boot("bookworm", ("auto", "core")), Boot("bookworm", ("bcc", "audit")))
)
