"""Frequency of label changes, short labels, and delays of onsets where the ground truth is known.

    python benchmarks/labels.py VIDEO ... [--truth VIDEO=TRUTH.parquet ...] [--rate 10]

Changes are per minute of a person's readable time; a short label lasts less than 0.4 s between two others. Figures in brackets
are for the label with the largest smoothed probability ("argmax") of the same timeline. TRUTH has the columns frame, time_s,
x0, y0, x1, y1, person, emotion and intensity. An onset is where the intensity of an emotion rises above 0.5; it is found if the
label begins within a second of it. Surprise is its share of readable time, in brackets without the removal of oscillations with
talking; with ground truth, also the recall of surprise and the number of false positives.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import feelit
from feelit.timeline.smoothing import smooth
from feelit.types import EMOTIONS, Bool, Float64, Int64

SHORT_S = 0.4
SURPRISE = EMOTIONS.index("surprise")
NEAR_S = 1.0


def runs(time_s: Float64, label: Int64) -> list[tuple[float, float, int]]:
    """Start, duration and label of every run of one label."""
    edges = [0, *(np.flatnonzero(np.diff(label)) + 1).tolist(), len(label)]
    step = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0
    return [(float(time_s[a]), float(time_s[b - 1] - time_s[a]) + step, int(label[a])) for a, b in pairwise(edges)]


def shown_surprise(rows: Any, truth: Any) -> Bool:
    """Whether the face of each row shows surprise of an intensity above 0.5."""
    by_frame = dict(iter(truth.groupby("frame")))
    shows = []
    for row in rows.itertuples():
        people = by_frame[row.frame]
        near = abs(people.x0 + people.x1 - row.x0 - row.x1) + abs(people.y0 + people.y1 - row.y0 - row.y1)
        found = people.iloc[int(np.argmin(near))]
        shows.append(found.emotion == "surprise" and found.intensity > 0.5)
    return np.array(shows, bool)


def onsets(rows: Any, label: Int64, truth: Any) -> tuple[list[float], int]:
    """Delays in s of the onsets that are found, and the number of missed ones."""
    by_frame = dict(iter(truth.groupby("frame")))
    who = []
    for row in rows.itertuples():
        people = by_frame[row.frame]
        near = abs(people.x0 + people.x1 - row.x0 - row.x1) + abs(people.y0 + people.y1 - row.y0 - row.y1)
        who.append(people.person.iloc[int(np.argmin(near))])
    delays, missed = [], 0
    for person in sorted(set(who)):
        mine = np.array([name == person for name in who])
        stretches = runs(rows.time_s.to_numpy()[mine], label[mine])
        known = truth[truth.person == person].sort_values("frame")
        shown = (known.intensity.to_numpy() > 0.5) & (known.emotion.to_numpy() != "neutral")
        for first in np.flatnonzero(shown[1:] & ~shown[:-1]) + 1:
            at_s, number = float(known.time_s.iloc[first]), EMOTIONS.index(known.emotion.iloc[first])
            near_s = [begin - at_s for begin, _, seen in stretches if seen == number and abs(begin - at_s) < NEAR_S]
            delays += [min(near_s, key=abs)] if near_s else []
            missed += not near_s
    return delays, missed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", nargs="+")
    parser.add_argument("--truth", nargs="*", default=[], metavar="VIDEO=TRUTH")
    parser.add_argument("--rate", default="10")
    asked = parser.parse_args()
    truths = dict(pair.rsplit("=", 1) for pair in asked.truth)
    print("changes per minute (argmax) | short labels (argmax) | surprise (argmax without removal)")
    for video in asked.videos:
        table: Any = feelit.analyze(video, rate=asked.rate).to_pandas()
        rows = table[table.readable & table.person_id.notna()].sort_values("frame", kind="stable").reset_index(drop=True)
        person = rows.person_id.to_numpy(np.int64)
        probability = rows[[f"p_{name}" for name in EMOTIONS]].to_numpy(np.float32)
        everything = np.arange(len(rows), dtype=np.int64)
        time_s = rows.time_s.to_numpy()
        readable = np.ones(len(rows), bool)
        average = smooth(time_s, person, probability, readable, everything).argmax(axis=1)
        kept = smooth(time_s, person, probability, readable, everything, talking=False).argmax(axis=1)
        labels = rows.emotion.map(EMOTIONS.index).to_numpy(np.int64), average
        minutes = len(rows) * float(np.median(np.diff(np.unique(table.time_s)))) / 60
        shown = []
        for label in labels:
            stretches = [runs(time_s[person == number], label[person == number]) for number in np.unique(person)]
            changes, short = (
                sum(len(s) - 1 for s in stretches),
                sum(last_s < SHORT_S for s in stretches for _, last_s, _ in s[1:-1]),
            )
            shown.append((changes / minutes, short))
        (mine, few), (theirs, many) = shown
        text = f"{Path(video).name:24} {mine:5.1f} ({theirs:.1f}) | {few} ({many})"
        text += f" | {(labels[0] == SURPRISE).mean():.1%} ({(kept == SURPRISE).mean():.1%})"
        if video in truths:
            shows = shown_surprise(rows, pd.read_parquet(truths[video]))
            for name, label in (("", labels[0]), ("without removal: ", kept)):
                said = label == SURPRISE
                right, wrong = said[shows].mean(), (said & ~shows).sum()
                text += f"\n    {name}surprise: recall {right:.2f}, {wrong} false positives"
            for name, label in zip(("", "argmax: "), labels, strict=True):
                delays, missed = onsets(rows, label, pd.read_parquet(truths[video]))
                near = np.mean(np.abs(delays) <= 0.2)
                text += f"\n    {name}{len(delays)} onsets found, {missed} missed, {near:.2f} of those found within 0.2 s"
        print(text, flush=True)


if __name__ == "__main__":
    main()
