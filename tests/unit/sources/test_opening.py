"""Which way a start takes, by what the kernel has: a vendor's older kernel with a backport is believed."""

from __future__ import annotations

import pytest

from tracer.sources.core import opening
from tracer.sources.shape import USUAL, Shape


@pytest.mark.parametrize(
    ("version", "in_btf", "has"),
    [
        ((5, 10), False, False),
        ((6, 3), False, False),
        ((5, 14), True, True),  # a vendor's
        ((6, 4), False, True),  # known without asking
        ((7, 2), True, True),
    ],
)
def test_loaders(version, in_btf, has, monkeypatch):
    asked = []
    monkeypatch.setattr(opening, "kernel", lambda: version)
    monkeypatch.setattr(opening, "knows", lambda name: asked.append(name) or in_btf)
    assert opening.has_what_loaders_need() is has
    assert asked == ([] if version >= (6, 4) else ["bpf_rdonly_cast"])


@pytest.mark.parametrize(
    ("shape", "has"),
    [
        (USUAL, True),
        (Shape(1 << 16, details=False, deaths=False), True),
        (Shape(entries=5000), True),
        (Shape(refused=True), False),
        (Shape(probes=True), False),
    ],
)
def test_which_shapes_have_a_loader(shape, has, monkeypatch):
    assert opening.has_loader(shape) is has
    if not has:
        monkeypatch.setattr(opening, "loader_file", None)  # It is not even looked for.
        assert opening.load_by_loader(shape) is None
