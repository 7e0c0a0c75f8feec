"""The rows of a video: whole, in order, and the same however it was cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from fractions import Fraction
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feelit.timeline.build import TimelineBuilder, no_rows
from feelit.timeline.quality_gate import FrontalGate, shows_enough
from feelit.timeline.smoothing import SETTLED_S, LabelSmoother, smooth, steadied
from feelit.tracking.tracker import TrackerSettings
from feelit.types import EMOTIONS, SegmentResult, Timeline
from tests.timeline.made import Recording, recording

RATE_HZ = Fraction(10)


def build(results: Sequence[SegmentResult], first_frame: int = 0) -> tuple[Timeline, TimelineBuilder]:
    builder = TimelineBuilder(TrackerSettings(), RATE_HZ, first_frame)
    parts = [builder.add(result) for result in results]
    return Timeline.join([*parts, builder.finish()]), builder


@cache
def call(seed: int = 0) -> Recording:
    """12 s of three people; some are unsure faces."""
    return recording(frames=300, seed=seed)


@cache
def uncut(seed: int = 0) -> tuple[Timeline, TimelineBuilder]:
    return build([call(seed).whole()])


def assert_same(a: Timeline, b: Timeline) -> None:
    for f in fields(Timeline):
        one: object = getattr(a, f.name)
        np.testing.assert_array_equal(one, getattr(b, f.name), err_msg=f.name, strict=True)


@given(st.integers(0, 1), st.lists(st.integers(0, 300), min_size=3, max_size=12))
@settings(max_examples=6)
def test_rows_do_not_depend_on_where_the_video_was_cut(seed: int, cuts: list[int]) -> None:
    """Boundaries within a sampling interval, and segments without any frame, included."""
    results = call(seed).segments(cuts)
    rows, builder = build(results)
    whole, single = uncut(seed)
    assert_same(rows, whole)
    counts = ("decoded", "sampled", "decode_errors", "cuts", "faces", "tracks")
    assert [getattr(builder, n) for n in counts] == [getattr(single, n) for n in counts]


def test_rows_do_not_depend_on_cuts_at_every_frame() -> None:
    assert_same(build(call().segments(range(300)))[0], uncut()[0])


def test_the_made_recording_is_hard_enough() -> None:
    """Otherwise the tests above would prove little."""
    rows, builder = uncut()
    whole = call().whole()
    assert builder.tracks > 3
    assert builder.cuts == 1
    assert builder.faces < len(whole.faces)  # some were doubtful, or never proved to be faces
    assert 0 < (~rows.readable & (rows.track_id > 0)).sum() < builder.faces
    assert len(np.unique(rows.emotion)) == len(EMOTIONS) + 1
    assert (rows.track_id == -1).any()
    halves = call().segments([151])
    assert halves[0].frames.tick[-1] == halves[1].frames.tick[0]  # this boundary divides an interval


def test_every_sampled_frame_has_rows_and_no_other() -> None:
    rows, builder = uncut()
    sampled = call().whole().frames
    assert np.unique(rows.frame).tolist() == sampled.frame.tolist()
    assert builder.sampled == len(sampled)
    assert builder.decoded == 300
    first = np.unique(rows.frame, return_index=True)[1]
    assert rows.time_s[first].tolist() == sampled.time_s.tolist()
    assert rows.pts[first].tolist() == sampled.pts.tolist()


def test_rows_are_in_order_and_no_track_is_twice_in_a_frame() -> None:
    rows, _ = uncut()
    keys = list(zip(rows.frame.tolist(), rows.track_id.tolist(), strict=True))
    assert keys == sorted(set(keys))


def test_a_frame_without_a_face_has_a_single_empty_row() -> None:
    rows, _ = uncut()
    empty = rows.rows(rows.track_id < 0)
    assert len(empty)
    assert not np.isin(empty.frame, rows.frame[rows.track_id > 0]).any()
    assert len(np.unique(empty.frame)) == len(empty)
    assert (empty.track_id == -1).all()
    assert (empty.emotion == -1).all()
    assert not empty.readable.any()
    for name in ("box", "score", "landmarks", "roll_deg", "yaw_deg", "face_px", "sharpness", "brightness", "confidence"):
        assert np.isnan(getattr(empty, name)).all(), name
    assert np.isnan(empty.probability).all()


def test_identities_count_from_1_in_order_of_first_appearance() -> None:
    rows, builder = uncut()
    seen = [track for track in dict.fromkeys(rows.track_id.tolist()) if track > 0]
    assert seen == list(range(1, builder.tracks + 1))


def test_faces_keep_what_the_worker_measured() -> None:
    rows, _ = uncut()
    whole = call().whole()
    mine = rows.rows(rows.track_id > 0)
    known = {
        (int(whole.frames.frame[r]), *b): i
        for i, (r, b) in enumerate(zip(whole.faces.row, whole.faces.box.tolist(), strict=True))
    }
    source = np.array([known[(f, *b)] for f, b in zip(mine.frame.tolist(), mine.box.tolist(), strict=True)], np.int64)
    taken = whole.faces.rows(source)
    for name in ("landmarks", "score", "face_px", "sharpness", "brightness", "probability"):
        column: object = getattr(mine, name)
        np.testing.assert_array_equal(column, getattr(taken, name), err_msg=name)
    frontal = FrontalGate().frontal(mine.time_s, mine.track_id.astype(np.int64), mine.yaw_deg)
    np.testing.assert_array_equal(mine.readable, shows_enough(mine.face_px, mine.sharpness, mine.brightness) & frontal)


def test_only_faces_that_can_be_read_show_an_emotion() -> None:
    rows, _ = uncut()
    assert ((rows.emotion >= 0) == rows.readable).all()
    assert (np.isnan(rows.confidence) == ~rows.readable).all()
    claimed = rows.confidence[rows.readable]
    assert ((claimed > 0) & (claimed <= 1)).all()


def test_frames_are_numbered_from_where_the_plan_says() -> None:
    rows, _ = build([call().whole()], first_frame=1000)
    np.testing.assert_array_equal(rows.frame, uncut()[0].frame + 1000)


def test_a_video_without_faces_has_a_row_a_frame() -> None:
    whole = call().whole()
    rows, builder = build([replace(whole, faces=whole.faces.rows(slice(0)))])
    assert rows.frame.tolist() == whole.frames.frame.tolist()
    assert builder.tracks == builder.faces == 0


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_video_without_sampled_frames_has_no_rows(count: int) -> None:
    whole = call().whole()
    nothing = replace(whole, frames=whole.frames.rows(slice(0)), faces=whole.faces.rows(slice(0)))
    rows, builder = build([nothing] * count)
    assert_same(rows, no_rows())
    assert (builder.decoded, builder.sampled) == (300 * count, 0)


def test_a_single_frame_is_a_video() -> None:
    one = recording(frames=1, seed=3, people=4).whole()
    rows, _ = build([one])
    assert rows.frame.tolist()[0] == 0
    assert set(rows.frame.tolist()) == {0}


def test_rows_come_out_as_soon_as_nothing_can_change_them() -> None:
    builder = TimelineBuilder(TrackerSettings(), RATE_HZ)
    out_s = -1.0
    for result in call().segments(range(25, 300, 25)):
        rows = builder.add(result)
        now_s = float(result.frames.time_s[-1])
        out_s = float(rows.time_s[-1]) if len(rows) else out_s
        assert now_s - SETTLED_S - 0.3 < out_s < now_s - SETTLED_S + 1e-6 or now_s < SETTLED_S + 0.3


def test_what_is_held_does_not_grow_with_the_video() -> None:
    """500 sampled frames, a little at a time; rows that were given out are let go."""
    part = recording(frames=250, seed=1).whole()
    builder = TimelineBuilder(TrackerSettings(), RATE_HZ)
    ticks = len(part.frames)
    held, given = [], 0
    for n in range(500 // ticks + 1):
        frames = replace(
            part.frames,
            time_s=part.frames.time_s + 10.0 * n,
            pts=part.frames.pts + 900_000 * n,
            tick=part.frames.tick + 100 * n,
        )
        given += len(np.unique(builder.add(replace(part, frames=frames)).frame))
        held.append((sum(map(len, builder._frames)), sum(map(len, builder._held))))
    assert given > 400
    assert max(frames for frames, _ in held) <= 27
    assert max(faces for _, faces in held) <= 3 * (27 + 18)


@cache
def watched(seed: int, least_s: float = 0.0) -> tuple[Timeline, list[Timeline]]:
    """All rows of a call that comes frame by frame, and what was the newest after every sampled frame."""
    builder = TimelineBuilder(TrackerSettings(), RATE_HZ, least_s=least_s)
    newest, parts = [], []
    for result in call(seed).segments(range(300)):
        before = builder.sampled
        parts.append(builder.add(result))
        if builder.sampled > before:
            newest.append(builder.newest())
    return Timeline.join([*parts, builder.finish()]), newest


@pytest.mark.parametrize(
    ("seed", "least_s"), [(0, 0.0), (1, 0.25), *(pytest.param(*case, marks=pytest.mark.slow) for case in ((2, 1.0), (3, 60.0)))]
)
def test_asking_for_the_newest_faces_changes_nothing_but_numbers(seed: int, least_s: float) -> None:
    """A face that was shown before another proved to be one keeps the lower number."""
    rows, _ = watched(seed, least_s)
    plain, _ = uncut(seed)
    places = [np.lexsort((timeline.box[:, 0], timeline.frame)) for timeline in (plain, rows)]
    plain, rows = plain.rows(places[0]), rows.rows(places[1])
    numbers = dict(zip(plain.track_id.tolist(), rows.track_id.tolist(), strict=True))
    assert sorted(numbers) == sorted(numbers.values())
    shown = np.array([numbers[i] for i in plain.track_id.tolist()], np.int32)
    assert_same(replace(plain, track_id=shown, person_id=shown), rows)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_the_newest_faces_are_smoothed_over_what_came_before(seed: int) -> None:
    rows, newest = watched(seed)
    shown = 0
    for now in newest:
        assert len(np.unique(now.frame)) <= 1
        assert now.track_id.tolist() == sorted(set(now.track_id.tolist()))
        for i in range(len(now)):
            track = rows.rows((rows.track_id == now.track_id[i]) & (rows.time_s <= now.time_s[i]))
            np.testing.assert_array_equal(now.box[i], track.box[-1])
            known = np.zeros(len(track), np.int64)
            last = np.array([len(track) - 1])
            mean = smooth(track.time_s, known, track.probability, track.readable, last)
            np.testing.assert_array_equal(now.probability[i], mean[0])
            every = np.arange(len(track))
            steady = steadied(track.time_s, known, track.probability, track.readable, every)
            assert now.emotion[i] == LabelSmoother().labels(track.time_s, known, steady, track.readable, every)[-1]
            shown += 1
    assert shown > 0.9 * np.isfinite(rows.score).sum()


def test_rows_are_given_out_for_so_many_seconds_at_a_time() -> None:
    builder = TimelineBuilder(TrackerSettings(), RATE_HZ, least_s=0.5)
    given = [np.ptp(rows.time_s) for rows in map(builder.add, call(0).segments(range(300))) if len(rows)]
    assert len(given) > 10
    assert min(given) > 0.3  # of five frames at about ten a second


def test_before_the_first_frame_there_are_no_newest_faces() -> None:
    assert len(TimelineBuilder(TrackerSettings(), RATE_HZ).newest()) == 0


@cache
def sparse() -> Recording:
    """The same call, of which only some frames are classified."""
    made = call()
    probability = made.faces.probability.copy()
    probability[made.faces.row % 3 != 0] = np.nan
    return replace(made, faces=replace(made.faces, probability=probability))


def build_sparse(cuts: Sequence[int]) -> Timeline:
    builder = TimelineBuilder(TrackerSettings(), RATE_HZ, between=True)
    parts = [builder.add(result) for result in sparse().segments(cuts)]
    return Timeline.join([*parts, builder.finish()])


@given(st.lists(st.integers(0, 300), max_size=12))
@settings(max_examples=5)
def test_interpolated_rows_do_not_depend_on_where_the_video_was_cut(cuts: list[int]) -> None:
    # Within a sampling interval a cut may drop a frame that was classified: then there is less to interpolate from.
    at_ticks = [cut for cut in cuts if cut == 300 or sparse().frames.tick[cut] != sparse().frames.tick[cut - 1]]
    assert_same(build_sparse(at_ticks), build_sparse([]))


def test_faces_that_were_not_classified_lie_between_those_that_were() -> None:
    rows = build_sparse([])
    faces = rows.rows(rows.track_id >= 0)
    assert 0.1 < faces.classified.mean() < 0.7
    assert not np.isnan(faces.probability[faces.readable]).any()
    assert not faces.readable[np.isnan(faces.probability[:, 0])].any()
    mine = faces.rows(faces.track_id == 1)
    known = np.flatnonzero(mine.classified)
    first, second = next((a, b) for a, b in pairwise(known) if b - a > 1 and mine.time_s[b] - mine.time_s[a] < 0.7)
    at = first + 1
    share = (mine.time_s[at] - mine.time_s[first]) / (mine.time_s[second] - mine.time_s[first])
    expected = (1 - share) * mine.probability[first] + share * mine.probability[second]
    np.testing.assert_allclose(mine.probability[at], expected, atol=1 / 4096)


def test_a_face_that_was_never_classified_is_not_readable() -> None:
    made = call()
    nothing = replace(made.faces, probability=np.full_like(made.faces.probability, np.nan))
    builder = TimelineBuilder(TrackerSettings(), RATE_HZ, between=True)
    rows = Timeline.join([builder.add(replace(made, faces=nothing).whole()), builder.finish()])
    assert (rows.track_id >= 0).any()
    assert not rows.readable.any()
    assert not rows.classified.any()
    assert (rows.emotion == -1).all()
