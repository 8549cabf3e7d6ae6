"""``python -m bench.reserve OBJECT``: runs what reserve.bpf.c became and empties its ring as sigtrace does."""

from __future__ import annotations

import select
import sys

from tracer.libbpf.object import OpenObject
from tracer.libbpf.ring import open_ring

SIZE = 8 << 20


def main() -> None:
    loaded = OpenObject(sys.argv[1]).load()
    ring = open_ring(loaded.fd("ring"), SIZE, ahead=0)
    loaded.attach(["on_signal"])
    records, resting = select.poll(), select.poll()
    for fd, events in ring.descriptors:
        records.register(fd, events)
    print("attached", flush=True)
    while True:
        records.poll()
        resting.poll(20)
        while ring.take(SIZE // 4):
            pass


if __name__ == "__main__":
    main()
