"""The kernel takes the object, and what the loaders make of it where it has what they need: each program.

A start falls back from loader to object, so that nothing else would show that the first is never taken.
"""

from __future__ import annotations

import os

import pytest
from harness import bpf_programs, left_loaded

from tracer import cli
from tracer.flow.filter import Filter
from tracer.flow.kernel_filter import pushdown
from tracer.libbpf.object import LoadError, OpenObject
from tracer.sources.core import load as bpf_load
from tracer.sources.core import opening as bpf_object
from tracer.sources.shape import USUAL, Shape
from tracer.sources.wanted import Wanted

pytestmark = [
    pytest.mark.sources("core", reason="the objects are core's"),
    pytest.mark.skipif(os.geteuid() != 0, reason="loading needs root"),
]


SHAPES = [
    Shape(1 << 16, details=False, deaths=False),
    USUAL,
    Shape(entries=5000, probes=True),
    Shape(exits=2, commands=True),
]
ALL = Filter()


def attach(loaded, shape):
    wanted = Wanted(
        pushdown(ALL), shape.buffer, shape.details, shape.deaths, shape.refused, shape.probes
    )
    bpf_load.attached(loaded, wanted).close()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_kernel_takes_the_object(shape):
    opened = bpf_load.prepared(OpenObject(bpf_object.OBJECT, listen=True), shape)
    try:
        attach(opened.load(), shape)
    except LoadError as error:
        pytest.fail(f"{error}\n{error.log[-4000:]}")


@pytest.mark.parametrize("shape", SHAPES)
def test_the_kernel_takes_what_the_loader_makes(shape, needs):
    needs("bpf_rdonly_cast")
    loaded = bpf_object.load_by_loader(shape)
    assert loaded, "the loader is missing: make build"
    attach(loaded, shape)


def test_a_mistake_in_the_options_leaves_nothing_loaded():
    """Loading begins before they are read."""
    before = bpf_programs()
    assert cli.main(["--signal", "BOGUS"]) == 2
    assert not left_loaded(before)
