"""The kernel takes the object that is meant for it, and the one that is for every kernel: each program of either.

A start falls back from the one to the other, so that nothing else would show that the first is never taken.
"""

from __future__ import annotations

import os

import pytest

from tracer.filter import Filter, pushdown
from tracer.libbpf.object import LoadError, OpenObject
from tracer.sources import bpf_load, bpf_object
from tracer.sources.wanted import Wanted

pytestmark = [
    pytest.mark.sources("core", reason="the objects are core's"),
    pytest.mark.skipif(os.geteuid() != 0, reason="loading needs root"),
]


@pytest.mark.parametrize("path", [bpf_object.OBJECT, bpf_object.PLAIN])
@pytest.mark.parametrize("options", [{"details": False, "deaths": False}, {"probes": True}])
def test_the_kernel_takes_it(path, options):
    wanted = Wanted(pushdown(Filter()), 1 << 16, **options)
    opened = bpf_load.prepared(OpenObject(path, listen=True), wanted)
    try:
        bpf_load.attached(opened.load(), wanted).close()
    except LoadError as error:
        pytest.fail(f"{error}\n{error.log[-4000:]}")
