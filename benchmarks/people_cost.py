"""Cost of grouping people: CPU time and memory of `feelit analyze` with and without `--no-people`, in turns.

    python benchmarks/people_cost.py VIDEO [--rounds 3] [--rate 10] [--workers 1]

Every round runs the program once with people and once without, every second round in the other order, so that a machine that
becomes busier slows both. CPU time is user and system time of all processes of a run; the medians over rounds are compared.
Memory is the maximum sum over the process tree, sampled twice a second: resident set sizes, which count shared pages several
times, and proportional set sizes, which count them once. Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

MIB = 1 << 20
EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of one run."""

    cpu_s: float
    resident_mib: float
    proportional_mib: float


def cost_of(video: str, options: list[str]) -> Cost:
    """Run the program on a video."""
    before = os.times()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", "from feelit.cli import main; main()", "analyze", video, "--quiet", *options]
        process = subprocess.Popen([*command, "--out", str(Path(folder) / "out.parquet")])
        resident = proportional = 0.0
        while process.poll() is None:
            sizes = tree_mib(process.pid)
            resident, proportional = max(resident, sizes[0]), max(proportional, sizes[1])
            time.sleep(EVERY_S)
    if process.returncode:
        raise SystemExit(process.returncode)
    after = os.times()
    cpu_s = after.children_user - before.children_user + after.children_system - before.children_system
    return Cost(cpu_s, resident, proportional)


def tree_mib(pid: int) -> tuple[float, float]:
    """Resident and proportional set size of a process and its descendants; processes that have just ended count as 0."""
    resident = proportional = 0
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            found = process.memory_full_info()
            resident, proportional = resident + found.rss, proportional + found.pss
    except psutil.Error:
        pass
    return resident / MIB, proportional / MIB


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", default="10")
    parser.add_argument("--workers", default="1")
    asked = parser.parse_args()
    options = ["--rate", asked.rate, "--workers", asked.workers]
    runs: dict[str, list[Cost]] = {"--people": [], "--no-people": []}
    for number in range(asked.rounds):
        for name in sorted(runs, reverse=bool(number % 2)):
            runs[name].append(cost_of(asked.video, [*options, name]))
            cost = runs[name][-1]
            print(
                f"{name:<11} {cost.cpu_s:.1f} s of CPU, {cost.resident_mib:.0f} MiB resident, {cost.proportional_mib:.0f} MiB "
                "proportional",
                flush=True,
            )
    with_people, without = (
        [float(np.median([getattr(cost, field) for cost in runs[name]])) for field in Cost.__dataclass_fields__]
        for name in ("--people", "--no-people")
    )
    print(
        f"medians: {with_people[0]:.1f} and {without[0]:.1f} s of CPU, {100 * (with_people[0] / without[0] - 1):+.1f} %; "
        f"{with_people[1] - without[1]:+.0f} MiB resident, {with_people[2] - without[2]:+.0f} MiB proportional"
    )


if __name__ == "__main__":
    main()
