"""What cannot change once the programs of bpf/ are loaded. The filter can: a start may load before it is known."""

from __future__ import annotations

from tracer.model.frozen import frozen, replace
from tracer.sources.wire.settings import CONFIG, ConfigSetting

BUFFER = 8 << 20  # bytes
PROGRAMS = ("on_signal", "on_oom", "on_exit", "on_exec", "on_free", "on_call", "on_command")
# Those that a kernel may preempt are attached twice there: TWICE() in bpf/maps.bpf.h.
TWICE = ("on_exit", "on_exec", "on_free", "on_call")
AGAIN = "_again"
# struct config is a data section of the object.
CONFIG_SECTION = ".rodata.config"
# enum exits: the ends of processes that were sent nothing.
NONE, WORTH, ALL = range(3)
SETS = ("senders", "targets", "either", "uids")


def ahead_of(buffer: int) -> int:
    """How many bytes of records may wait in memory beside the ring: few, or what a storm of seconds leaves where
    a larger buffer than the usual one was asked for."""
    return buffer // 2 if buffer <= BUFFER else 4 * buffer


@frozen
class Shape:
    """``buffer`` is in bytes, ``entries`` is of each map of the filter. ``judged``: words may be asked of ends."""

    buffer: int = BUFFER
    entries: int = 1024
    details: bool = True
    deaths: bool = True
    refused: bool = False
    probes: bool = False
    exits: int = NONE
    commands: bool = False
    judged: bool = False

    def serves(self, other: Shape) -> bool:
        """Whether programs of this shape do what those of another one would, though it may take them longer."""
        return replace(self, judged=other.judged) == other and self.judged >= other.judged


USUAL = Shape()


def programs_of(shape: Shape, *, twice: bool) -> list[str]:
    """The programs that are needed; ``twice``: on a kernel that may preempt them."""
    programs = ["on_signal", "on_oom"]
    programs += ["on_exit"] if shape.deaths or shape.details else []
    programs += ["on_exec"] if shape.details else []
    programs += ["on_free"] if shape.deaths or shape.details else []
    programs += ["on_call"] if shape.refused or shape.probes else []
    programs += ["on_command"] if shape.commands else []
    return [*programs, *(name + AGAIN for name in programs if twice and name in TWICE)]


def entries_of(shape: Shape) -> dict[str, int]:
    """The maps whose size is not the object's own; one that nobody uses is small, which is sooner made."""
    sizes = {"ring": shape.buffer, **dict.fromkeys(SETS, shape.entries)}
    return sizes if shape.refused or shape.probes else {**sizes, "called": 1}


def config_of(shape: Shape, *, twice: bool) -> bytes:
    """struct config of bpf/sigtrace.h; ``twice`` as for ``programs_of``."""
    setting = ConfigSetting(
        describe=shape.details,
        deaths=shape.deaths,
        refused=shape.refused,
        probes=shape.probes,
        exits=shape.exits,
        commands=shape.commands,
        twice=twice,
        judged=shape.judged,
    )
    return CONFIG.write(setting)
