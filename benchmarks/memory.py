"""Peak memory of `feelit analyze`, all its processes together.

    python benchmarks/memory.py SHORT.mp4 LONG.mp4 [--rate 10]

Sums the proportional set sizes (shared pages counted once) of the process tree, ten times a second; Linux only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

MIB = 1 << 20


def peak_mib(video: str, rate: str) -> float:
    """Largest sum over the process tree while a video is analysed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", "from feelit.cli import main; main()", "analyze", video, "--quiet", "--rate", rate]
        process = subprocess.Popen([*command, "--out", str(Path(folder) / "out.parquet")])
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, tree_mib(process.pid))
            time.sleep(0.1)
    if process.returncode:
        raise SystemExit(process.returncode)
    return peak


def tree_mib(pid: int) -> float:
    """Proportional set size of a process and its descendants."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            total += process.memory_full_info().pss
    except psutil.Error:  # a process that has just ended
        pass
    return total / MIB


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("short")
    parser.add_argument("long")
    parser.add_argument("--rate", default="10")
    arguments = parser.parse_args()
    short, long = (peak_mib(video, arguments.rate) for video in (arguments.short, arguments.long))
    print(f"peak memory: {short:.0f} MiB and {long:.0f} MiB, ratio {long / short:.3f}")


if __name__ == "__main__":
    main()
