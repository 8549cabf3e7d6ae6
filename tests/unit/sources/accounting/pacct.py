"""Files of accounting, as the kernel writes them: by the layout of acct(5), not by the reader's own."""

from __future__ import annotations

import struct

BORN = 1_795_780_800
S = 1_000_000_000


def record(
    pid=700, code=9, comm=b"ledger", born=BORN, lived=250.0, flag=0x10, order="<", ppid=1, uid=33, version=3
):  # fmt: skip
    """struct acct_v3 of include/uapi/linux/acct.h; ``lived`` in 1/100 s."""
    head = struct.pack(order + "BBH", flag, version | (0x80 if order == ">" else 0), 0x8801)
    ids = struct.pack(order + "6I", code, uid, uid, pid, ppid, born)
    used = struct.pack(order + "f8H", lived, 1, 2, 300, 0, 0, 40, 0, 0)
    return head + ids + used + comm.ljust(16, b"\0")


def ends(blocks, **wanted):
    """What is told of a file that comes in these blocks, and by whom."""
    from tracer.sources.accounting.pick import Pick
    from tracer.sources.accounting.source import Reader

    reader = Reader(Pick(**wanted))
    return list(reader.events([("pacct", iter(blocks))])), reader
