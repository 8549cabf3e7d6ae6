"""``python -m bench``: runs the measures in turn, prints the tables, writes bench/results/."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from bench import kernel, load, namespace, report
from bench.measures import MEASURES, Bench
from bench.rivals import BY_NAME
from bench.samples import Samples

RESULTS = Path(__file__).with_name("results")
ROUNDS, QUICK_ROUNDS = 5, 1


def main() -> int:
    options = _options()
    namespace.enter()
    samples = Samples()
    folder = Path(tempfile.mkdtemp(prefix="sigtrace-bench-", dir="/dev/shm"))
    try:
        bench = Bench(
            program=load.build(folder),
            folder=folder,
            tools=[BY_NAME[name] for name in options.tool or BY_NAME],
            reserve=kernel.build(folder),
            samples=samples,
            quick=options.quick,
        )
        names = options.only or list(MEASURES)
        for name in names:
            rounds = options.rounds or (QUICK_ROUNDS if options.quick else MEASURES[name].rounds)
            bench.measure(MEASURES[name], rounds)
    finally:
        shutil.rmtree(folder)
    for name in samples.measures():
        print(f"\n{name}\n{report.measure_table(samples, name, 'simple')}")
    print(f"\n{report.targets_table(samples, 'simple', whole=not options.only)}")
    for name, why in samples.absent.items():
        print(f"not measured: {name}: {why}")
    if not (options.only or options.tool or options.quick):
        report.write(samples, RESULTS)
        print(f"\nwritten: {RESULTS}/results.md, results.json, results.svg")
    return 1 if options.quick and bench.unaccounted() else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short: checks kept + lost = sent")
    parser.add_argument("--only", action="append", choices=tuple(MEASURES), help="one measure")
    parser.add_argument("--tool", action="append", choices=tuple(BY_NAME), help="one tool")
    parser.add_argument("--rounds", type=int, help="how often each is measured")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
