"""Score a timeline against ground truth.

    python benchmarks/tracking.py TIMELINE.parquet TRUTH.parquet [--cuts 20,40] [--overlap 0.5]

TRUTH has one row per face: frame, person, x0, y0, x1, y1, and time_s if cuts are given. Only the frames that the timeline
sampled are scored. `--cuts` are times in seconds at which every person gets a new identity, so that identities are scored
within shots and not across cuts.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feelit.evaluation.tracking import TrackingScores, Tracks, score_tracks, split_at
from feelit.types import Float64, Int64

SLACK_S = 1e-6


def tracks_of(table: pa.Table, identity: str) -> Tracks:
    """The rows with a face."""
    rows = table.filter(table[identity].is_valid())
    box = np.stack([rows[name].to_numpy() for name in ("x0", "y0", "x1", "y1")], axis=1).astype(np.float32)
    return Tracks(rows["frame"].to_numpy(), rows[identity].to_numpy().astype(np.int64), box)


def first_frames(cuts_s: list[float], tables: list[pa.Table]) -> Int64:
    """(K,) the first frame at or after every cut, in whichever table has the earlier one; cuts after the end are dropped."""
    frame: Int64 = np.concatenate([t["frame"].to_numpy() for t in tables])
    time_s: Float64 = np.concatenate([t["time_s"].to_numpy() for t in tables])
    after = [frame[time_s >= cut - SLACK_S] for cut in cuts_s]
    return np.array([frames.min() for frames in after if len(frames)], np.int64)


def score(timeline_path: Path, truth_path: Path, cuts_s: list[float], overlap: float = 0.5) -> TrackingScores:
    """The scores of one video's timeline."""
    timeline, truth = pq.read_table(timeline_path), pq.read_table(truth_path)
    if "video" in timeline.column_names and len(timeline["video"].unique()) > 1:
        raise SystemExit(f"{timeline_path} holds several videos: pick the rows of one")
    true, predicted = tracks_of(truth, "person"), tracks_of(timeline, "track_id")
    if cuts_s:
        cuts = first_frames(cuts_s, [timeline, truth])
        true, predicted = split_at(true, cuts), split_at(predicted, cuts)
    return score_tracks(true, predicted, timeline["frame"].to_numpy(), overlap)


def main(arguments: list[str] | None = None) -> None:
    """Print one score per line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("timeline", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--cuts", default="", help="seconds, separated by commas")
    parser.add_argument("--overlap", type=float, default=0.5, help="minimum IoU of a match")
    asked = parser.parse_args(arguments)
    cuts_s = [float(cut) for cut in asked.cuts.split(",") if cut]
    for name, value in asdict(score(asked.timeline, asked.truth, cuts_s, asked.overlap)).items():
        print(f"{name:<16}{value:>10}" if isinstance(value, int) else f"{name:<16}{value:>10.4f}")


if __name__ == "__main__":
    main()
