"""What the kernel left out, by its own counts: here files that look like /proc/self/fdinfo."""

from __future__ import annotations

import pytest

from tracer.sources.core.left_out import Skips

FDS = {"on_signal": 3, "on_exit": 4, "on_exit_again": 5, "on_exec": 6}


@pytest.fixture
def counts(tmp_path):
    """``counts(on_signal=2)`` has the kernel count."""

    def write(**misses):
        for name, fd in FDS.items():
            count = f"recursion_misses:\t{misses.get(name, 0)}\n"
            (tmp_path / str(fd)).write_text(f"pos:\t0\nprog_type:\t26\nrun_cnt:\t7\n{count}")

    write()
    return write


def test_each_is_told_once(counts, tmp_path):
    skips = Skips(list(FDS), FDS.__getitem__, str(tmp_path))
    assert skips.new() == {}
    counts(on_signal=2, on_exec=9)
    assert skips.new() == {"signals": 2}
    assert skips.new() == {}
    counts(on_signal=5)
    assert skips.new() == {"signals": 3}
    skips.close()


def test_what_another_copy_of_the_program_has_told_is_not_left_out(counts, tmp_path):
    skips = Skips(list(FDS), FDS.__getitem__, str(tmp_path))
    counts(on_exit=11)
    assert skips.new() == {}
    counts(on_exit=11, on_exit_again=1)
    assert skips.new() == {"exits": 1}


def test_a_kernel_that_does_not_count(tmp_path):
    (tmp_path / "3").write_text("pos:\t0\nprog_type:\t26\n")
    assert Skips(["on_signal"], FDS.__getitem__, str(tmp_path)).new() == {}
