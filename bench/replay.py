"""``python -m bench.replay``: replay beside ausearch and grep, in turn, on logs made for it."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.audit_log_maker import write

MEGABYTE = 1_000_000
SIGTRACE = [sys.executable, "-m", "tracer", "replay"]
ROOT = Path(__file__).parents[1]


def run(command: list[str]) -> tuple[float, float, float]:
    """(seconds, peak memory in MB, CPU seconds) of one run. Its output goes to a file: grep stops early for /dev/null."""
    began = time.perf_counter()
    with Path(os.devnull).open("wb") as nowhere, tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out, stderr=nowhere, cwd=ROOT)
        _, _, usage = os.wait4(process.pid, 0)
    cpu = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - began, usage.ru_maxrss / 1024, cpu


def in_turn(commands: dict[str, list[str]], rounds: int) -> dict[str, tuple[float, float, float]]:
    """Medians (memory: the highest) of each, A B A B …, so that noise meets all alike."""
    seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            if shutil.which(command[0]):
                seen[name].append(run(command))
    return {
        name: (
            statistics.median(run[0] for run in runs),
            max(run[1] for run in runs),
            statistics.median(run[2] for run in runs),
        )
        for name, runs in seen.items()
        if runs
    }


def make(folder: Path, name: str, megabytes: int, kill_every: int) -> str:
    path = folder / name
    with path.open("w") as log:
        write(log, megabytes * MEGABYTE, kill_every)
    return str(path)


def measure(
    folder: Path, rounds: int, scale: float
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """The two logs of the issue, each read by everybody."""
    big = make(folder, "one-in-500.log", round(300 * scale), 500)
    kills = make(folder, "kills.log", round(100 * scale), 1)
    small = make(folder, "small.log", 1, 500)
    idle = [sys.executable, "-c", "import time; time.sleep(0)"]
    return {
        f"{round(300 * scale)} MB, a kill in every 500 events": in_turn(
            {
                "sigtrace replay": [*SIGTRACE, "--brief", big],
                "ausearch --raw": ["ausearch", "-if", big, "-sc", "kill", "--raw"],
                "grep -c": ["grep", "-c", "syscall=62 ", big],
            },
            rounds,
        ),
        f"{round(100 * scale)} MB of kills": in_turn(
            {
                "sigtrace replay --json": [*SIGTRACE, "--json", kills],
                "ausearch -i": ["ausearch", "-if", kills, "-sc", "kill", "-i"],
            },
            rounds,
        ),
        "1 MB": in_turn(
            {"sigtrace replay": [*SIGTRACE, "--brief", small], "idle interpreter": idle}, rounds
        ),
    }


def targets(
    found: dict[str, dict[str, tuple[float, float, float]]],
) -> list[tuple[str, str, float]]:
    """(what, wanted, figure)"""
    one, kills, small = found.values()
    idle = small["idle interpreter"][1]
    ours = max(one["sigtrace replay"][1], kills["sigtrace replay --json"][1])
    rows = [("memory over the idle interpreter, MB", "at most 60", ours - idle)]
    for what, wanted, run_of, theirs, mine in (
        (
            "ausearch -sc kill --raw / replay",
            "at least 4",
            one,
            "ausearch --raw",
            "sigtrace replay",
        ),
        (
            "ausearch -sc kill -i / replay --json",
            "at least 2",
            kills,
            "ausearch -i",
            "sigtrace replay --json",
        ),
    ):
        if theirs in run_of:
            rows.append((what, wanted, run_of[theirs][0] / run_of[mine][0]))
    if "grep -c" in one:
        rows.append(
            ("replay / grep -c", "at most 3", one["sigtrace replay"][0] / one["grep -c"][0])
        )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="size of the logs, 1 for the issue's"
    )
    parser.add_argument("--json", type=Path, help="write the figures to a file, too")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="sigtrace-bench-replay-") as folder:
        found = measure(Path(folder), options.rounds, options.scale)
    for log, tools in found.items():
        print(log)
        for name, (seconds, memory, cpu) in tools.items():
            print(f"  {name:24} {seconds:7.3f} s {cpu:7.3f} s of CPU {memory:7.1f} MB")
    for what, wanted, figure in targets(found):
        print(f"{what:42} {wanted:12} {figure:.2f}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
