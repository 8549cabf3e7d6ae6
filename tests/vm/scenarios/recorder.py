"""The recorder's service, as `make install-service` leaves it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from units import systemctl

from tracer.flow.source import every
from tracer.model.event import Exit
from tracer.sources.recording.source import Recording

ROOT = Path(__file__).parents[3]
UNIT = "sigtrace-record.service"
FOLDER = "/var/lib/sigtrace"


PROGRAM = ROOT / "packaging" / "install-service.sh"


def install():
    """The unit is there, and neither runs nor is enabled."""
    subprocess.run([PROGRAM, Path(sys.executable).with_name("sigtrace")], check=True)


def remove():
    """It is gone, with its recording."""
    subprocess.run(["systemctl", "stop", UNIT], check=False)
    subprocess.run([PROGRAM, "--remove"], check=True)
    subprocess.run(["rm", "-rf", FOLDER], check=True)


@contextmanager
def recorder_service():
    """It runs; afterwards it is gone, with its recording."""
    install()
    try:
        systemctl("start", UNIT)  # Type=notify: it returns when signals are seen.
        yield
    finally:
        remove()


def recorded():
    """All that is kept."""
    return list(every(Recording([FOLDER])))


def end_of(pid):
    """The death of a process by a signal, as the recording tells it."""
    ends = (event for event in recorded() if isinstance(event, Exit) and event.number is not None)
    return next((end for end in ends if end.process.pid == pid), None)
