"""Estimated cost of a million hours: the measured cost of an hour, and a model of many machines.

    python benchmarks/scale.py SHORT.mp4 LONG.mp4 [--hours 1e6] [--cores 1000] [--euros-per-core-hour 0.03] [--gbit-per-s 10]

The two videos are the same kind of recording with two lengths, so that their difference is without start-up costs. CPU time is
measured instead of wall time, so the figures do not depend on other load. The model assumes that machines do not slow each
other down, which is true as long as the storage is fast enough; docs/scale.md discusses it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from feelit.video.probe import probe

RUN = """
import json, resource, sys
from feelit.cli import main
sys.argv = ["feelit", "analyze", sys.argv[1], "--out", sys.argv[2], "--quiet"]
try:
    main()
finally:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps([usage.ru_utime + usage.ru_stime for usage in usages]))
"""


@dataclass(frozen=True)
class Cost:
    """CPU time and bytes of one run, or of an hour of video."""

    hours: float  # of video
    parent_s: float
    workers_s: float
    read_bytes: float
    written_bytes: float

    def an_hour_more(self, than: Cost) -> Cost:
        """The cost of an hour, from the difference of two runs."""
        more = self.hours - than.hours
        return Cost(
            1.0,
            (self.parent_s - than.parent_s) / more,
            (self.workers_s - than.workers_s) / more,
            (self.read_bytes - than.read_bytes) / more,
            (self.written_bytes - than.written_bytes) / more,
        )


def cost_of(video: Path) -> Cost:
    """Analyse a video in a separate process, and measure the cost."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.parquet"
        command = [sys.executable, "-c", RUN, str(video), str(out)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        parent_s, workers_s = json.loads(done.stdout.splitlines()[-1])
        hours = probe(video).info.duration_s / 3600
        return Cost(hours, parent_s, workers_s, video.stat().st_size, out.stat().st_size)


def main() -> None:
    """Measure, and print the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("short", type=Path)
    parser.add_argument("long", type=Path)
    parser.add_argument("--hours", type=float, default=1e6)
    parser.add_argument("--cores", type=int, default=1000)
    parser.add_argument("--euros-per-core-hour", type=float, default=0.03)
    parser.add_argument("--gbit-per-s", type=float, default=10.0)
    given = parser.parse_args()
    short, long = cost_of(given.short), cost_of(given.long)
    hour = long.an_hour_more(short)
    start_s = short.parent_s + short.workers_s - short.hours * (hour.parent_s + hour.workers_s)
    core_hours = given.hours * (hour.parent_s + hour.workers_s) / 3600
    days = core_hours / given.cores / 24
    needed_gbit = given.hours * hour.read_bytes * 8 / (days * 86_400) / 1e9
    per_core_mbit = hour.read_bytes * 8 / (hour.parent_s + hour.workers_s) / 1e6
    print(f"an hour of video: {hour.workers_s:.0f} s of CPU in workers, {hour.parent_s:.1f} s in the parent")
    print(f"  {hour.read_bytes / 1e6:.0f} MB read, {hour.written_bytes / 1e6:.2f} MB written; ", end="")
    print(f"{start_s:.1f} s of CPU to start a run")
    print(f"one parent can serve {hour.workers_s / hour.parent_s:.0f} workers; use --shard or Ray beyond, a parent each")
    print(f"{given.hours:,.0f} hours: {core_hours:,.0f} core hours, {core_hours * given.euros_per_core_hour:,.0f} euros")
    print(f"  on {given.cores} cores: {days:.1f} days; {given.hours * hour.read_bytes / 1e12:,.0f} TB in, ", end="")
    print(f"{given.hours * hour.written_bytes / 1e12:.1f} TB of timelines")
    print(f"  reading at {needed_gbit:.1f} Gbit/s, {per_core_mbit:.1f} Mbit/s a core; ", end="")
    print(f"{given.gbit_per_s:g} Gbit/s feed {given.gbit_per_s * 1000 / per_core_mbit:,.0f} cores")


if __name__ == "__main__":
    main()
