"""The recorder's service, as `make install-service` leaves it."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from units import systemctl

ROOT = Path(__file__).parents[3]
UNIT = "sigtrace-record.service"
FOLDER = "/var/lib/sigtrace"


@contextmanager
def recorder_service():
    """It runs; afterwards it is gone, with its recording."""
    program = ROOT / "packaging" / "install-service.sh"
    sigtrace = Path(sys.executable).with_name("sigtrace")
    subprocess.run([program, sigtrace], check=True)
    try:
        systemctl("start", UNIT)  # Type=notify: it returns when signals are seen.
        yield
    finally:
        subprocess.run(["systemctl", "stop", UNIT], check=False)
        subprocess.run([program, "--remove"], check=True)
        subprocess.run(["rm", "-rf", FOLDER], check=True)
