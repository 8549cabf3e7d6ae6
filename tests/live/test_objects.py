"""The kernel takes the object, and what the loaders make of it where it has what they need: each program.

A start falls back from loader to object, so that nothing else would show that the first is never taken.
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


WANTED = [{"details": False, "deaths": False}, {}, {"probes": True}]


@pytest.mark.parametrize("options", WANTED)
def test_the_kernel_takes_the_object(options):
    wanted = Wanted(pushdown(Filter()), 1 << 16, **options)
    opened = bpf_load.prepared(OpenObject(bpf_object.OBJECT, listen=True), wanted)
    try:
        bpf_load.attached(opened.load(), wanted).close()
    except LoadError as error:
        pytest.fail(f"{error}\n{error.log[-4000:]}")


@pytest.mark.parametrize("options", WANTED)
def test_the_kernel_takes_what_the_loader_makes(options):
    if bpf_object.loader_file(bpf_object.LOADER) is None:
        since = ".".join(map(str, bpf_object.LOADERS_SINCE))
        assert not bpf_object.has_what_loaders_need(), "the loader is missing: make build"
        pytest.skip(f"the loaders need Linux {since}")
    wanted = Wanted(pushdown(Filter()), 1 << 16, **options)
    begun = bpf_object.begin_to_open()
    assert isinstance(begun, bpf_object.LoaderBegun)
    bpf_load.attached(bpf_load.run_loader(begun, wanted), wanted).close()
