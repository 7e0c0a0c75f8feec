"""Time and memory of a study with many recordings.

    python benchmarks/study.py [--recordings 1000] [--windows 20]

Simulates timelines of ten minutes at ten samples per second, one person each, with signals, writes a study of them with a
contrast, and measures `feelit study` as a separate process.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))

from make_study import Window, simulated, write

WINDOW_S, PAUSE_S = 25.0, 5.0


def make(folder: Path, recordings: int, windows: int) -> Path:
    """The timelines and the study file. A few dozen timelines are simulated, and copied under other names."""
    duration_s = windows * (WINDOW_S + PAUSE_S)
    lines = ['[[contrasts]]\nlevels = ["b", "a"]\nmeasures = ["mean", "share"]']
    for n in range(windows):
        start_s, condition = n * (WINDOW_S + PAUSE_S), "ab"[n % 2]
        lines.append(f'[[windows]]\nname = "w{n}"\nstart = {start_s}\nend = {start_s + WINDOW_S}\ncondition = "{condition}"')
    for n in range(recordings):
        rng = np.random.default_rng(n % 40)
        if n < 40:
            shown = [
                Window(name=f"w{k}", start_s=k * 30.0, end_s=k * 30.0 + 25, emotion="happiness", strength=2.0 * (k % 2))
                for k in range(windows)
            ]
            rows = simulated(rng, duration_s, shown, [(60.0, 80.0)])
        write(folder / f"r{n:04}.parquet", rows, duration_s)
        lines.append(f'[[recordings]]\ntimeline = "r{n:04}.parquet"\nparticipant = "P{n:04}"')
    study = folder / "study.toml"
    study.write_text("\n".join(lines) + "\n")
    return study


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--windows", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        study = make(Path(folder), asked.recordings, asked.windows)
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "feelit", "study", str(study), "--out", f"{folder}/out", "--quiet"], check=True)
        wall_s = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = sum(path.stat().st_size for path in Path(folder, "out").iterdir())
        cpu_s = used.ru_utime + used.ru_stime
        print(f"{asked.recordings} recordings x {asked.windows} windows: {wall_s:.1f} s, {cpu_s:.1f} s of CPU")
        print(f"{used.ru_maxrss / 1024:.0f} MiB maximum, {size >> 20} MiB written")


if __name__ == "__main__":
    main()
