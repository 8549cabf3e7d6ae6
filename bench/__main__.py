"""``python -m bench``: runs the measures in turn, prints the tables, writes bench/results/."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import accounts, kernel, load, namespace, report, rivals
from bench.measures import MEASURES, NAMES, QUICK, Bench
from bench.samples import Samples

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench/results"
QUICK_ROUNDS = 1


def main() -> int:
    options = _options()
    namespace.enter(audited=not options.quick)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    samples = Samples()
    with _folder("/dev/shm") as folder, _folder("/var/tmp") as room:
        kernel.build(folder)
        bench = Bench(
            program=load.build(folder),
            folder=folder,
            room=room,
            tools=tuple(options.tool or (QUICK if options.quick else NAMES)),
            samples=samples,
            quick=options.quick,
        )
        for name in options.only or MEASURES:
            rounds = options.rounds or (QUICK_ROUNDS if options.quick else MEASURES[name].rounds)
            bench.measure(MEASURES[name], rounds)
    if options.quick:
        return _check(samples, options.tool or [tool.name for tool in rivals.QUICK])
    whole = not (options.only or options.tool)
    results = report.Results.of(samples)
    if options.write:
        results = results.with_earlier(report.Results.read(RESULTS / "results.json"))
    for name in samples.measures():
        print(f"\n{name}\n{report.measure_table(samples, name, 'simple')}")
    print(f"\n{report.targets_table(samples, 'simple', whole=whole)}")
    for name, why in samples.absent.items():
        print(f"not measured: {name}: {why}")
    if whole or options.write:
        report.write(results, RESULTS, ROOT)
        print(
            f"\nwritten: {RESULTS}/results.md, results.json, results.svg, and the blocks in {', '.join(report.BLOCKS)}"
        )
    return 0


def _check(samples: Samples, tools: list[str]) -> int:
    """The exit status of a quick run, whose figures mean nothing."""
    wrong = accounts.complaints(samples, tools)
    for complaint in wrong:
        print(complaint, file=sys.stderr)
    if not wrong:
        print(f"kept + lost = sent: {', '.join(tools)}")
    return 1 if wrong else 0


@contextmanager
def _folder(place: str) -> Iterator[Path]:
    """A folder of our own in this place, for as long as it is needed."""
    folder = tempfile.mkdtemp(prefix="sigtrace-bench-", dir=place)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="short, ours only: checks kept + lost = sent"
    )
    parser.add_argument("--only", action="append", choices=tuple(MEASURES), help="one measure")
    parser.add_argument("--tool", action="append", choices=NAMES, help="one tool")
    parser.add_argument(
        "--write", action="store_true", help="with --only: put it beside the earlier results"
    )
    parser.add_argument("--rounds", type=int, help="how often each is measured")
    options = parser.parse_args()
    if options.write and (options.tool or options.quick or not options.only):
        parser.error("--write goes with --only, of all tools")
    return options


if __name__ == "__main__":
    sys.exit(main())
