"""Time and memory to find the videos of a large folder, and to check that none has changed.

    python benchmarks/plan.py [--files 100000] [--unchanged 1000 10000]

Creates empty files in a temporary folder for the plan. For the second part it creates small files and a folder with finished
timelines of all of them, and times a whole `feelit analyze` over them, start-up included. Linux only.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from feelit.options import AnalyzeOptions, RunOptions
from feelit.run.job import VideoReport
from feelit.run.output_folder import DatasetOutput, file_of
from feelit.run.pipeline import resolve
from feelit.run.plan import Source, find_videos
from feelit.run.workspace import Workspace
from feelit.storage.stat import InputFiles
from feelit.timeline.build import no_rows
from feelit.timeline.write import TimelineWriter
from feelit.video.probe import fingerprint

PLAN = """
import re, sys, time
from pathlib import Path
from feelit.run.plan import find_videos
start_s = time.perf_counter()
sources = find_videos([sys.argv[1]])
peak_kib = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(len(sources), time.perf_counter() - start_s, peak_kib / 1024)
"""
FEELIT = [sys.executable, "-c", "from feelit.cli import main; main()"]


def make_files(folder: Path, count: int, content: bytes = b"") -> None:
    """Files in folders of a thousand."""
    for n in range(count):
        path = folder / f"{n // 1000:03d}" / f"recording_{n:06d}.mp4"
        if n % 1000 == 0:
            path.parent.mkdir(parents=True)
        path.write_bytes(content + str(n).encode() if content else b"")


def plan(count: int) -> None:
    """Find the videos in a separate process, and print time and memory."""
    with tempfile.TemporaryDirectory() as folder:
        make_files(Path(folder), count)
        done = subprocess.run([sys.executable, "-c", PLAN, folder], check=True, capture_output=True, text=True)
    found, seconds, peak = done.stdout.split()
    print(f"plan of {found} files: {float(seconds):.2f} s, peak memory of the process {float(peak):.0f} MiB")


def unchanged(count: int) -> None:
    """Time a run over videos that are all finished."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder / "in", count, b"no video, but never opened ")
        sources = find_videos([str(folder / "in")])
        finish(sources, RunOptions(out=folder / "out"))
        command = [*FEELIT, "analyze", str(folder / "in"), "--out", str(folder / "out")]
        lines = (command, [*FEELIT, "status", str(folder / "out")])
        (whole_s, whole_cpu_s), (status_s, status_cpu_s) = (min(timed(line) for _ in range(5)) for line in lines)
    print(f"{count} unchanged videos: analyze {whole_s:.2f} s, {whole_cpu_s:.2f} s of CPU; ", end="")
    print(f"status {status_s:.2f} s, {status_cpu_s:.2f} s of CPU")


def finish(sources: list[Source], run: RunOptions) -> None:
    """A folder of finished timelines, with the same timeline for all videos."""
    record = resolve(AnalyzeOptions()).record
    assert isinstance(run.out, Path)
    workspace = Workspace(run.out)
    workspace.open(fresh=False)
    output = DatasetOutput(run, record, workspace, InputFiles(source.path for source in sources))
    output.open(sources)
    for source in sources:
        facts = {"fingerprint": fingerprint(source.path), "duration_s": 1.0, "frames_decoded": 25, "frames_sampled": 10}
        about = {"videos": {source.name: facts | {"decode_errors": 0, "tracks": 0, "cuts": 0}}}
        target = run.out / file_of(source)
        target.parent.mkdir(exist_ok=True)
        with TimelineWriter(target, record | about) as writer:
            writer.write(no_rows(), source.name)
        found: VideoReport | None = output.unchanged(source)
        assert found is not None
    output.close(sources)
    workspace.close()


def timed(command: list[str]) -> tuple[float, float]:
    """Wall seconds of a command that succeeds, and its CPU seconds, which depend less on other programs."""
    before, start_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall_s, after = time.perf_counter() - start_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--unchanged", type=int, nargs="*", default=[1_000, 10_000])
    arguments = parser.parse_args()
    plan(arguments.files)
    for count in arguments.unchanged:
        unchanged(count)


if __name__ == "__main__":
    main()
