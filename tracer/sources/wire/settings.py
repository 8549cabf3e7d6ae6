"""What Python writes for the programs of bpf/: struct filter and struct config of bpf/sigtrace.h. Declared as the
records are, and under the same test.
"""

from __future__ import annotations

from tracer.model.frozen import frozen
from tracer.sources.wire.layout import U8, U16, U64, Layout


@frozen
class FilterSetting:
    """struct filter. Bit n-1 of ``signals`` is signal n, bit n of ``results`` is TRACE_SIGNAL_* n."""

    signals: U64
    key: U64
    results: U8
    senders: U8
    targets: U8
    either: U8
    uids: U8
    judges: U8
    reserved: U16 = 0


@frozen
class ConfigSetting:
    """struct config."""

    describe: U8
    deaths: U8
    refused: U8
    probes: U8
    exits: U8
    commands: U8
    twice: U8
    judged: U8


FILTER = Layout(FilterSetting)
CONFIG = Layout(ConfigSetting)
