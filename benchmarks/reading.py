"""Time and memory of summaries, events, exports and reports of a long timeline.

    python benchmarks/reading.py [--hours 10] [--people 10] [--root PACKAGE_ROOT]

The timeline is simulated: people who come and go, ten samples per second; 10 hours of 10 people are 3.6 million rows. Each
command runs in a separate process. `--root` measures another checkout, given by its folder `src`, on the same file.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from feelit.timeline.write import ROW_GROUP, Spool, TimelineWriter
from feelit.types import Timeline
from tests.reports.meetings import Meeting, facts_of, timeline_of

COMMANDS = {
    "summarize": ["--format", "csv", "--out", "{out}/summary.csv"],
    "events": ["--format", "csv", "--out", "{out}/events.csv"],
    "export": ["--format", "elan", "--out", "{out}/a.eaf"],
    "report": ["--quiet", "--out", "{out}/report.html"],
    "utterances": ["{out}/said.vtt", "--format", "csv", "--out", "{out}/utterances.csv"],
}
LIMITS = {"summarize": (500, 10), "events": (500, 10), "export": (500, 10), "report": (600, 20), "utterances": (500, 10)}
"""Goals in MB and seconds for 10 hours of 10 people on two idle cores."""

PRESENCE_S = 3600.0
"""The timeline is simulated an hour at a time, to save memory."""


def write(path: Path, people: int, hours: float) -> int:
    """Write a timeline file; gives its number of rows."""
    count, whole = 0, Meeting(people=people, duration_s=hours * 3600)
    record = {"feelit_version": "0.1.0", "config": {"rate": "10"}, "models": {}}
    temporary = path.with_suffix(".rows")
    sampled = 0
    spool = Spool(temporary)
    for hour in range(int(np.ceil(hours))):
        part_s = min(PRESENCE_S, hours * 3600 - hour * PRESENCE_S)
        rows = timeline_of(Meeting(people=people, duration_s=part_s, seed=hour))
        moved = _later(rows, hour, sampled)
        for first in range(0, len(rows), ROW_GROUP):
            spool.write(moved.rows(slice(first, first + ROW_GROUP)), whole.name)
        sampled += round(part_s * whole.rate_hz)
        count += len(rows)
    facts = facts_of(whole, rows) | {"frames_sampled": sampled, "frames_decoded": sampled * 5 // 2, "tracks": people}
    with TimelineWriter(path, record | {"videos": {whole.name: facts}}) as writer:
        writer.copy(spool)
    temporary.unlink(missing_ok=True)
    return count


def write_transcript(path: Path, people: int, hours: float) -> int:
    """Captions of somebody who speaks for three and a half seconds, every four seconds; how many cues there are."""
    words = [
        "we",
        "could",
        "lower",
        "the",
        "price",
        "by",
        "friday",
        "if",
        "nobody",
        "minds",
        "that",
        "much",
        "and",
        "the",
        "board",
        "agrees",
        "to",
        "it",
    ]
    cues = []
    for number in range(int(hours * 900)):
        start_s = 4.0 * number
        said = " ".join(words[number % 7 :][: 3 + number % 9])
        cues.append(f"{_stamp(start_s)} --> {_stamp(start_s + 3.5)}\n<v Speaker {number % people}>{said}\n")
    path.write_text("\n".join(["WEBVTT\n", *cues]), encoding="utf-8")
    return len(cues)


def _stamp(time_s: float) -> str:
    return f"{int(time_s // 3600):02}:{int(time_s // 60) % 60:02}:{time_s % 60:06.3f}"


def _later(rows: Timeline, hour: int, sampled: int) -> Timeline:
    frame = rows.frame + sampled * 5 // 2
    time_s = np.round(rows.time_s + hour * PRESENCE_S, 6)
    return replace(rows, frame=frame, time_s=time_s, pts=rows.pts + int(hour * PRESENCE_S * 90_000))


def measured(command: str, timeline: Path, out: Path, source: Path) -> tuple[float, float, float]:
    """Wall time, CPU time, and the largest memory in MB of a command."""
    arguments = [text.format(out=out) for text in COMMANDS[command]]
    code = f"import sys; sys.path.insert(0, {str(source)!r}); from feelit.cli import main; sys.argv[0] = 'feelit'; main()"
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", code, command, str(timeline), *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"feelit {command} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, _megabytes(usage)


def _megabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="the checkout to measure")
    parser.add_argument("--only", choices=list(COMMANDS), action="append", help="only this command; may be repeated")
    parser.add_argument("--timeline", type=Path, help="keep the made-up timeline here, and use it if it is there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        timeline = asked.timeline or Path(folder) / "long.parquet"
        if not timeline.exists():
            print(f"{write(timeline, asked.people, asked.hours):,} rows")
        print(f"{write_transcript(Path(folder) / 'said.vtt', asked.people, asked.hours):,} utterances")
        print("| command | wall | CPU | memory | at 10 h × 10 people at most |\n|---|---:|---:|---:|---:|")
        for command in asked.only or COMMANDS:
            wall_s, cpu_s, used_mb = measured(command, timeline, Path(folder), asked.root / "src")
            most_mb, most_s = LIMITS[command]
            print(f"| {command} | {wall_s:.1f} s | {cpu_s:.1f} s | {used_mb:.0f} MB | {most_s} s, {most_mb} MB |", flush=True)


if __name__ == "__main__":
    main()
