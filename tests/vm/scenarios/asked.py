"""`sigtrace why` asked in a scenario: of what this host has kept, of that without the recording, and of its disk from
outside."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Sight:
    """What is mounted, for the one command alone, before it is asked."""

    name: str
    mounts: str = ""
    options: tuple[str, ...] = ()


HOST = Sight("recording")
HIDDEN = Sight("hidden", "mount -t tmpfs none /var/lib/sigtrace")
# A bind mount has what is on the disk, and nothing of /proc, /run or /sys.
OUTSIDE = Sight("outside", "mount --bind / /mnt", ("--root", "/mnt"))


def why(sight, *words):
    """The verdict; None where nothing that fits has died."""
    ask = [sys.executable, "-m", "tracer", "why", "--json", *sight.options, *words]
    if sight.mounts:
        script = f'{sight.mounts} && exec "$@"'
        ask = ["unshare", "--mount", "sh", "-c", script, "sh", *ask]
    run = subprocess.run(ask, capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode in (0, 1, 3), run.stderr
    return json.loads(run.stdout.splitlines()[0]) if run.stdout else None
