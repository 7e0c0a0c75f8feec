"""Run cases in child processes, and tell which of them the program did not stand."""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.running import Attack, Finding, Limits, run
from tests.fuzz.targets import TARGETS


def main() -> int:
    """0 if the program stood every case."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", choices=[*TARGETS, "all"], default="all")
    parser.add_argument("--cases", type=int, default=100, help="how many of each target")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0, help="a case that takes longer hangs")
    parser.add_argument("--mib", type=int, default=1024, help="a case whose process grows beyond takes too much memory")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs of the cases that the program did not stand")
    asked = parser.parse_args()
    limits = Limits(asked.seconds, asked.mib, asked.keep)
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="feelit-fuzz-") as seeds:
        for target in TARGETS if asked.target == "all" else [asked.target]:
            start_s = time.perf_counter()
            outcomes: collections.Counter[str] = collections.Counter()
            numbers = range(asked.first, asked.first + asked.cases)
            for outcome in run(Attack(target, asked.seed), numbers, Path(seeds), limits):
                outcomes[outcome.kind if isinstance(outcome, Finding) else outcome] += 1
                if isinstance(outcome, Finding):
                    findings.append(outcome)
                    print(outcome, flush=True)
            reported = ", ".join(f"{count} {name}" for name, count in outcomes.most_common())
            print(f"{target}: {asked.cases} cases in {time.perf_counter() - start_s:.0f} s: {reported}", flush=True)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
