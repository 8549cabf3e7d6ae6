"""A wheel has the BPF programs of one machine inside, so it is for that platform, and built with its clang.

All else is in setup.cfg.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel  # setuptools 70.1 and later
except ImportError:
    from wheel.bdist_wheel import bdist_wheel

HERE = Path(__file__).parent


class BuildWithObjects(build_py):
    """The BPF programs first, anew where the sources are newer (make knows); without them there is no package."""

    def run(self) -> None:
        make()
        shutil.rmtree(self.build_lib, ignore_errors=True)  # What was built of older sources.
        super().run()
        run = subprocess.run([HERE / "packaging/commit.sh"], capture_output=True, check=False)
        if run.stdout and not self.editable_mode:
            (Path(self.build_lib) / "tracer/commit").write_bytes(run.stdout)


class PlatformWheel(bdist_wheel):
    """Any Python 3, one kind of machine."""

    def get_tag(self) -> tuple[str, str, str]:
        *_, platform = super().get_tag()
        return "py3", "none", platform


class WithObjects(Distribution):
    """Such a wheel is not pure."""

    def has_ext_modules(self) -> bool:
        return True


def make() -> None:
    command = [
        *("make", "-s", "-C", str(HERE), "build"),
        "NO_SETUP=1",
        "OLD=fail",
        "VENV=build/venv",
    ]
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError:
        status = 127
    if status:
        sys.exit(
            "sigtrace: cannot build the BPF programs\n"
            "  why: make or clang failed (above), or is not here\n"
            "  try: apt-get install make clang libbpf-dev libbpf1 (dnf install make clang libbpf-devel), "
            "or take a wheel or package that is built already"
        )


setup(
    distclass=WithObjects,
    cmdclass={"build_py": BuildWithObjects, "bdist_wheel": PlatformWheel},
)
