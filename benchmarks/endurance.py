"""A video of many hours: memory over time, a kill -9 in the middle, resuming, and the resulting timeline.

    python benchmarks/endurance.py LONG.mp4 [--rate 10] [--kill-after 600]

Measures the memory of the whole process tree once a second (proportional set sizes, shared pages counted once; Linux only), and
kills it with SIGKILL after the given time. Then the same command resumes and runs to the end. Prints the median and maximum
memory of the tree in each tenth of both runs.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from memory import tree_mib
from pyarrow import parquet


def run(command: list[str], until_s: float = float("inf")) -> tuple[list[float], float, int]:
    """The memory of the tree in MiB, once a second; the duration in seconds; the exit code."""
    begun_s = time.monotonic()
    process = subprocess.Popen(command, start_new_session=True)
    memory: list[float] = []
    while process.poll() is None:
        if time.monotonic() - begun_s > until_s:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            break
        memory.append(tree_mib(process.pid))
        time.sleep(1)
    return memory, time.monotonic() - begun_s, process.returncode


def tell(name: str, memory: list[float], wall_s: float) -> None:
    """Print the tenths of a run."""
    tenths = np.array_split(np.array(memory), 10)
    print(f"{name}: {wall_s:.0f} s, at most {max(memory):.0f} MiB; median and maximum in each tenth of the time:")
    print("  " + " ".join(f"{np.median(t):.0f}/{t.max():.0f}" for t in tenths if len(t)), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--rate", default="10")
    parser.add_argument("--kill-after", type=float, default=600.0, help="seconds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.parquet"
        program = [sys.executable, "-c", "from feelit.cli import main; main()"]
        command = [*program, "analyze", given.video, "--quiet", "--rate", given.rate, "--out", str(out)]
        memory, wall_s, _ = run(command, given.kill_after)
        kept = len(list(Path(folder).rglob("*.npz")))
        tell("until the kill", memory, wall_s)
        print(f"  {kept} segments are stored, the timeline {'exists' if out.exists() else 'does not exist'}", flush=True)
        memory, wall_s, code = run(command)
        tell("after resuming", memory, wall_s)
        if code:
            raise SystemExit(code)
        table = parquet.read_table(out, columns=["time_s", "track_id"])
        times = table["time_s"].to_numpy()
        tracks = len(table["track_id"].drop_null().unique())
        span = f"{times.min():.1f} s to {times.max():.1f} s"
        print(f"timeline: {len(table):,} rows from {span}, {tracks} tracks, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
