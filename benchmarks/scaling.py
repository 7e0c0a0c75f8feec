"""Speed of `feelit analyze` by number of workers.

    python benchmarks/scaling.py VIDEO [--workers 1,2] [--runs 3] [--rate 10]

The number of cores equals the number of workers: a single worker with two cores would decode with both, which would hide the
gain of a second worker. Whole processes are timed, start-up included, in turns. The fastest run of each number of workers is
reported, because other load can only make a run slower. The load before the first run is printed. Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def analyze_s(video: str, workers: int, rate: str) -> float:
    """Wall seconds of the whole process on as many cores as workers."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", "from feelit.cli import main; main()", "analyze", video, "--quiet", "--rate", rate]
        usable = os.sched_getaffinity(0)
        os.sched_setaffinity(0, sorted(usable)[:workers])  # inherited
        start_s = time.perf_counter()
        try:
            subprocess.run([*command, "--out", str(Path(folder) / "out.parquet"), "--workers", str(workers)], check=True)
        finally:
            os.sched_setaffinity(0, usable)
        return time.perf_counter() - start_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rate", default="10")
    arguments = parser.parse_args()
    counts = [int(text) for text in str(arguments.workers).split(",")]
    if max(counts) > (cores := len(os.sched_getaffinity(0))):
        raise SystemExit(f"{max(counts)} workers need as many cores; there are {cores}")
    print(f"{cores} cores, {os.getloadavg()[0]:.2f} processes on average in the minute before")
    taken_s = {count: float("inf") for count in counts}
    for _ in range(arguments.runs):
        for count in counts:
            taken_s[count] = min(taken_s[count], analyze_s(arguments.video, count, arguments.rate))
    for count in counts:
        print(f"{count} workers   {taken_s[count]:7.2f} s   {taken_s[counts[0]] / taken_s[count]:.2f} x {counts[0]}")


if __name__ == "__main__":
    main()
