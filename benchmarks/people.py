"""Grouping by person: the number of persons compared with a count by hand, and IDF1 by person with ground truth.

    python benchmarks/people.py VIDEO=PEOPLE ... [--truth VIDEO=TRUTH.parquet ...] [--rate 10]

`VIDEO=PEOPLE` is a video and the number of people in it. TRUTH has the columns frame, person, x0, y0, x1 and y1. Boxes match at
an IoU of 0.5. IDF1 (Ristani et al. 2016) is that of the whole video, across cuts. The time with persons is printed relative to
that with `--no-people`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

import feelit
from feelit.evaluation.tracking import Tracks, score_tracks


def tracks_of(path: Path, identity: str) -> Tracks:
    """The boxes of a Parquet file with an identity each; rows without one are left out."""
    table = pq.read_table(path, columns=["frame", identity, "x0", "y0", "x1", "y1"])
    frame = table.to_pandas().dropna(subset=[identity])
    _, number = np.unique(frame[identity].astype(str), return_inverse=True)
    box = frame[["x0", "y0", "x1", "y1"]].to_numpy(np.float32)
    return Tracks(frame["frame"].to_numpy(np.int64), number.astype(np.int64), box)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+", metavar="VIDEO=PEOPLE")
    parser.add_argument("--truth", nargs="*", default=[], metavar="VIDEO=TRUTH")
    parser.add_argument("--rate", default="10")
    asked = parser.parse_args()
    truths = dict(pair.rsplit("=", 1) for pair in asked.truth)
    for pair in asked.videos:
        video, counted = pair.rsplit("=", 1)
        with tempfile.TemporaryDirectory() as folder:
            out, seconds = Path(folder) / "people.parquet", []
            for grouped in (False, True):
                begun_s = time.perf_counter()
                feelit.analyze(video, out=out, rate=asked.rate, people=grouped, force=True)
                seconds.append(time.perf_counter() - begun_s)
            table = pq.read_table(out, columns=["track_id", "person_id"]).to_pandas()
            people, tracks = table["person_id"].nunique(), table["track_id"].nunique()
            line = f"{Path(video).name:<28} people {people} of {counted}, tracks {tracks}"
            if video in truths:
                sampled = np.unique(pq.read_table(out, columns=["frame"])["frame"].to_numpy())
                truth = tracks_of(Path(truths[video]), "person")
                scores = score_tracks(truth.rows(np.isin(truth.frame, sampled)), tracks_of(out, "person_id"), sampled)
                line += f", IDF1 by person {scores.idf1:.4f}, switches {scores.switches}"
            print(f"{line}, {seconds[1] / seconds[0]:.2f} of the time with --no-people", flush=True)


if __name__ == "__main__":
    main()
