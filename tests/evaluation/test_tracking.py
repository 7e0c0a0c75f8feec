"""Tracking scores: by hand on small cases, and against published programs on larger ones."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import asdict
from math import isnan, sqrt
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feelit.errors import UsageError
from feelit.evaluation.tracking import Tracks, score_tracks, split_at
from feelit.geometry import iou
from feelit.types import Int64

Row = tuple[int, int, float]  # frame, id, left edge: every box is 100 px wide and high
FRAMES = np.arange(10)


def tracks(rows: list[Row]) -> Tracks:
    frame, identity, left = (np.array(column) for column in zip(*rows, strict=True)) if rows else np.zeros((3, 0))
    box = np.stack([left, np.zeros_like(left), left + 100, np.full_like(left, 100)], axis=1)
    return Tracks(frame.astype(np.int64), identity.astype(np.int64), box.astype(np.float32))


def walk(identity: int, left: float, frames: range = range(10)) -> list[Row]:
    """One face that stays where it is."""
    return [(n, identity, left) for n in frames]


ONE, TWO = walk(0, 0.0), walk(0, 0.0) + walk(1, 300.0)
SWAPPED = walk(1, 0.0, range(5)) + walk(2, 300.0, range(5)) + walk(2, 0.0, range(5, 10)) + walk(1, 300.0, range(5, 10))
CASES = {
    "perfect": (
        TWO,
        [(n, k + 7, x) for n, k, x in TWO],
        {"hota": 1, "det_a": 1, "ass_a": 1, "mota": 1, "idf1": 1, "recall": 1},
    ),
    "identity-changes-halfway": (
        ONE,
        walk(5, 0.0, range(5)) + walk(6, 0.0, range(5, 10)),
        # each match shares 5 frames of the 10 that either identity has
        {"det_a": 1, "ass_a": 0.5, "hota": sqrt(0.5), "switches": 1, "mota": 0.9, "idf1": 0.5},
    ),
    "two-swap-halfway": (
        TWO,
        SWAPPED,
        # each match shares 5 frames of the 15 that either identity has
        {"det_a": 1, "ass_a": 1 / 3, "hota": sqrt(1 / 3), "switches": 2, "mota": 0.9, "idf1": 0.5},
    ),
    "second-half-missed": (
        ONE,
        walk(5, 0.0, range(5)),
        {"det_a": 0.5, "ass_a": 0.5, "hota": 0.5, "recall": 0.5, "precision": 1, "mota": 0.5, "idf1": 2 / 3},
    ),
    "a-false-face-all-along": (
        ONE,
        ONE + walk(9, 500.0),
        {"det_a": 0.5, "ass_a": 1, "hota": sqrt(0.5), "false_per_frame": 1, "precision": 0.5, "mota": 0, "idf1": 2 / 3},
    ),
    "overlap-0.6": (  # 25 px aside: 75 / 125, enough for the 12 thresholds up to 0.6 of 19
        ONE,
        walk(0, 25.0),
        {"det_a": 12 / 19, "ass_a": 12 / 19, "hota": 12 / 19, "mota": 1, "idf1": 1},
    ),
    "comes-back-with-another-identity": (
        ONE,
        walk(5, 0.0, range(4)) + walk(6, 0.0, range(6, 10)),
        # 8 of 10 found; each match shares 4 frames of 10
        {"det_a": 0.8, "ass_a": 0.4, "hota": sqrt(0.32), "switches": 1, "mota": 0.7, "idf1": 8 / 18},
    ),
    "nothing-predicted": (
        ONE,
        [],
        {"hota": 0, "det_a": 0, "ass_a": 0, "recall": 0, "mota": 0, "idf1": 0, "false_per_frame": 0},
    ),
    "nobody-there": ([], ONE, {"hota": 0, "precision": 0, "idf1": 0, "false_per_frame": 1}),
}


@pytest.mark.parametrize(("truth", "predicted", "expected"), CASES.values(), ids=CASES.keys())
def test_scores_by_hand(truth: list[Row], predicted: list[Row], expected: dict[str, float]) -> None:
    scores = asdict(score_tracks(tracks(truth), tracks(predicted), FRAMES))
    assert {name: scores[name] for name in expected} == pytest.approx(expected)


def test_what_is_unknown_is_nan() -> None:
    scores = score_tracks(tracks([]), tracks([]), FRAMES)
    assert all(isnan(v) for v in (scores.recall, scores.precision, scores.mota, scores.idf1, scores.hota))
    assert (scores.frames, scores.false_per_frame) == (10, 0)


def test_only_sampled_frames_count() -> None:
    sampled = np.array([0, 3, 5, 8])
    predicted = tracks([row for row in ONE if row[0] in sampled])
    scores = score_tracks(tracks(ONE), predicted, sampled)
    assert (scores.frames, scores.true_faces, scores.recall, scores.hota) == (4, 4, 1, 1)
    assert score_tracks(tracks(ONE), predicted, FRAMES).recall == 0.4


def test_identities_start_again_at_a_cut() -> None:
    truth, predicted, cuts = tracks(TWO), tracks(SWAPPED), np.array([5])
    assert score_tracks(truth, predicted, FRAMES).idf1 == 0.5
    assert len(set(split_at(truth, cuts).id)) == 4
    within = score_tracks(split_at(truth, cuts), split_at(predicted, cuts), FRAMES)
    assert (within.idf1, within.hota, within.switches) == (1, 1, 0)
    elsewhere = np.array([4])
    assert score_tracks(split_at(truth, elsewhere), split_at(predicted, elsewhere), FRAMES).switches == 2


def test_an_identity_twice_in_a_frame_is_refused() -> None:
    with pytest.raises(UsageError, match="prediction has identity 0 twice in frame 3"):
        score_tracks(tracks(ONE), tracks([*ONE, (3, 0, 500.0)]), FRAMES)


# Larger sequences, against other programs


def crowd(seed: int, people: int, frames: int = 60) -> tuple[Tracks, Tracks, Int64]:
    """People who drift and hide, and a tracker that misses, shakes, renames, swaps and sees ghosts."""
    rng = np.random.default_rng(seed)
    place, step, names = rng.uniform(0, 300, people), rng.normal(0, 6, people), list(range(people))
    truth: list[Row] = []
    predicted: dict[tuple[int, int], Row] = {}
    for n in range(frames):
        place = place + step
        for k in range(people):
            if rng.random() < 0.1:
                continue
            truth.append((n, k, place[k]))
            if rng.random() < 0.06:
                names[k] = 100 + len(predicted)
            if rng.random() < 0.04:
                other = int(rng.integers(people))
                names[k], names[other] = names[other], names[k]
            if rng.random() < 0.85:
                predicted[n, names[k]] = (n, names[k], place[k] + rng.normal(0, 15))
        if rng.random() < 0.4:
            predicted[n, 10_000 + n] = (n, 10_000 + n, rng.uniform(0, 300))
    return tracks(truth), tracks(list(predicted.values())), np.arange(frames)


def in_motmetrics(truth: Tracks, predicted: Tracks, frames: Int64) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it uses calls that newer pandas deprecates
        motmetrics = pytest.importorskip("motmetrics")
        events = motmetrics.MOTAccumulator(auto_id=True)
        for n in frames:  # its own overlap needs a NumPy older than 2
            true, found = (side.rows(side.frame == n) for side in (truth, predicted))
            overlap = iou(true.box, found.box).astype(np.float64)
            events.update(true.id, found.id, np.where(overlap >= 0.5, 1 - overlap, np.nan))
        names = ["mota", "idf1", "num_switches", "recall", "precision", "num_false_positives"]
        table = motmetrics.metrics.create().compute(events, metrics=names)
    return {name: float(table[name].iloc[0]) for name in names}


@pytest.mark.parametrize(
    ("truth", "predicted", "frames"),
    [
        pytest.param(tracks(TWO), tracks(SWAPPED), FRAMES, id="swap"),
        pytest.param(tracks(ONE), tracks(walk(5, 0.0, range(4)) + walk(6, 0.0, range(6, 10))), FRAMES, id="comes-back"),
        *(pytest.param(*crowd(seed, people), id=f"crowd-of-{people}") for seed, people in enumerate((1, 3, 5, 8))),
    ],
)
def test_as_motmetrics(truth: Tracks, predicted: Tracks, frames: Int64) -> None:
    expected, scores = in_motmetrics(truth, predicted, frames), score_tracks(truth, predicted, frames)
    assert scores.switches == expected["num_switches"]
    assert scores.false_per_frame * len(frames) == pytest.approx(expected["num_false_positives"])
    for name in ("mota", "idf1", "recall", "precision"):
        assert getattr(scores, name) == pytest.approx(expected[name]), name


def test_as_trackeval() -> None:
    """Figures of TrackEval 1.3.0, the program of HOTA's authors, on 40 frames of four people who pass each other."""
    truth = [(n, k, 60.0 * k + (3 * n if k % 2 else -2 * n)) for n in range(40) for k in range(4) if (n + 3 * k) % 11]
    predicted = [(n, k + 10 * ((n + 7 * k) // 17), x + (n * (k + 3)) % 81 - 40) for n, k, x in truth if (n * n + k) % 7]
    scores = score_tracks(tracks(truth), tracks(predicted), np.arange(40))
    assert (scores.hota, scores.det_a, scores.ass_a) == pytest.approx((0.353975, 0.561915, 0.223794), abs=1e-6)
    assert (scores.mota, scores.idf1, scores.switches) == pytest.approx((0.558621, 0.334545, 11), abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_names_and_order_do_not_matter(seed: int) -> None:
    truth, predicted, frames = crowd(seed, 3, frames=20)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(predicted))
    renamed = Tracks(predicted.frame, 5 * predicted.id + 2, predicted.box).rows(rows)
    again = asdict(score_tracks(truth.rows(rng.permutation(len(truth))), renamed, frames))
    scores = asdict(score_tracks(truth, predicted, frames))
    assert again == pytest.approx(scores, nan_ok=True)
    assert all(0 <= scores[name] <= 1 for name in ("recall", "idf1", "hota", "det_a", "ass_a"))


# The benchmark program


@pytest.fixture
def program() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "tracking.py"
    spec = importlib.util.spec_from_file_location("benchmark_tracking", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(side: Tracks, identity: str, empty_frames: list[int]) -> pa.Table:
    """Rows as in a timeline or a truth at 25 frames a second; frames without a face have a row with a null identity."""
    frame = np.concatenate([side.frame, empty_frames]).astype(np.int64)
    blank = [None] * len(empty_frames)
    columns = {"frame": frame, "time_s": frame / 25, identity: pa.array([*side.id.tolist(), *blank], pa.int32())}
    for name, values in zip(("x0", "y0", "x1", "y1"), side.box.T, strict=True):
        columns[name] = pa.array([*values.tolist(), *blank], pa.float32())
    return pa.table(columns)


def test_the_benchmark_prints_the_scores(program: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(table(tracks(SWAPPED), "track_id", [10, 11]), tmp_path / "timeline.parquet")
    pq.write_table(table(tracks(TWO), "person", []), tmp_path / "truth.parquet")
    paths = [str(tmp_path / "timeline.parquet"), str(tmp_path / "truth.parquet")]
    program.main(paths)
    whole = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert (whole["frames"], whole["switches"], whole["idf1"], whole["hota"]) == ("12", "2", "0.5000", "0.5774")
    program.main([*paths, "--cuts", "0.2,60"])
    within = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert (within["switches"], within["idf1"], within["hota"]) == ("0", "1.0000", "1.0000")
