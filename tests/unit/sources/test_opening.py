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
    ("shape", "newest", "loader"),
    [
        (USUAL, False, opening.LOADER),
        (USUAL, True, opening.LOADER_TWICE),
        (Shape(1 << 16, details=False, deaths=False), False, opening.LOADER),
        (Shape(entries=5000), True, opening.LOADER_TWICE),
        (Shape(refused=True), False, opening.LOADER_WHOLE),
        (Shape(probes=True), True, opening.LOADER_WHOLE),
        (Shape(commands=True), False, opening.LOADER_WHOLE),
    ],
)
def test_each_shape_has_a_loader(shape, newest, loader, monkeypatch):
    monkeypatch.setattr(opening, "preempts", lambda: newest)
    assert opening.loader_of(shape) == loader


def test_without_its_loader_there_is_none(monkeypatch):
    monkeypatch.setattr(opening, "LOADER_WHOLE", "/nowhere")
    assert opening.load_by_loader(Shape(probes=True)) is None


@pytest.mark.parametrize(
    ("machine", "version", "loader", "needs"),
    [
        ("x86_64", (6, 4), opening.LOADER, False),
        ("x86_64", (6, 1), opening.LOADER, True),
        ("x86_64", (6, 4), "/nowhere", True),
        ("aarch64", (6, 4), opening.LOADER, True),  # The ring is read by libbpf.
    ],
)
def test_who_needs_libbpf(machine, version, loader, needs, monkeypatch):
    here = opening.os.uname()
    monkeypatch.setattr(opening.os, "uname", lambda: type(here)((*here[:4], machine)))
    monkeypatch.setattr(opening, "kernel", lambda: version)
    monkeypatch.setattr(opening, "knows", lambda _name: False)
    monkeypatch.setattr(opening, "preempts", lambda: False)
    monkeypatch.setattr(opening, "LOADER", loader)
    assert opening.needs_library() is needs
