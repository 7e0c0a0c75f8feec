from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feelit import summarize
from feelit.analysis.summary import By, TrackSummary, VideoSummary, headings, summaries
from feelit.errors import TimelineReadError, UsageError
from feelit.timeline.schema import SCHEMA, pack_metadata
from feelit.types import EMOTIONS
from tests.timeline.rows import CERTAIN, regular, table_of


def tracks_of(table: pa.Table) -> list[TrackSummary]:
    return [record for record in summaries(table, "track") if isinstance(record, TrackSummary)]


def videos_of(table: pa.Table) -> list[VideoSummary]:
    return [record for record in summaries(table, "video") if isinstance(record, VideoSummary)]


def shares(values: tuple[float, ...]) -> dict[str, float]:
    """Those that are not zero."""
    return {name: round(v, 6) for name, v in zip(EMOTIONS, values, strict=True) if v}


def test_samples_weigh_what_they_stand_for() -> None:
    (track,) = tracks_of(table_of({1: "nnhnn"}, [0.0, 0.1, 0.2, 1.7, 1.8]))
    assert track.shown.on_screen_s == pytest.approx(1.9)
    assert shares(track.shown.share) == {"neutral": round(0.4 / 1.9, 6), "happiness": round(1.5 / 1.9, 6)}
    assert track.shown.dominant == "happiness"


def test_mean_probability_is_weighted_too() -> None:
    (track,) = tracks_of(table_of({1: "nhhh"}, [0.0, 3.0, 3.5, 4.0]))
    other = (1 - CERTAIN) / 7
    expected = (3.0 * CERTAIN + 1.5 * other) / 4.5
    assert track.shown.mean_probability[0] == pytest.approx(expected)
    assert sum(track.shown.mean_probability) == pytest.approx(1)


def test_an_absence_counts_for_nothing() -> None:
    (track,) = tracks_of(table_of({7: ".nn...nn.."}, regular(10)))
    shown = track.shown
    assert (track.video, track.track_id) == ("a.mp4", 7)
    assert (shown.on_screen_s, shown.first_seen_s, shown.last_seen_s) == pytest.approx((0.4, 0.1, 0.7))
    assert shown.bouts == 2


def test_shares_are_of_readable_time() -> None:
    (track,) = tracks_of(table_of({1: "nnnhuuuu"}, regular(8)))
    assert track.shown.readable_share == pytest.approx(0.5)
    assert shares(track.shown.share) == {"neutral": 0.75, "happiness": 0.25}
    assert track.shown.mean_bout_s == pytest.approx(0.4)


def test_transitions_are_reported_a_minute_of_readable_time() -> None:
    (track,) = tracks_of(table_of({1: "nnnhhhuuuuuuuunnn"}, regular(17)))
    assert track.shown.transitions_per_min == pytest.approx(2 / 0.9 * 60)


def test_a_face_that_is_never_readable_has_no_emotion() -> None:
    (track,) = tracks_of(table_of({1: "uuu"}, regular(3)))
    shown = track.shown
    assert (shown.dominant, shown.readable_share, shown.bouts, shown.moments) == (None, 0.0, 0, ())
    assert all(map(math.isnan, (*shown.share, *shown.mean_probability, shown.mean_bout_s, shown.transitions_per_min)))


def test_equal_shares_are_decided_by_mean_probability() -> None:
    table = table_of({1: "nnnhhh"}, regular(6))
    column = table.schema.get_field_index("p_happiness")
    raised = pa.array(table.column("p_happiness").to_numpy() + np.float32(0.1), pa.float32())
    (track,) = tracks_of(table.set_column(column, SCHEMA.field("p_happiness"), raised))
    assert track.shown.dominant == "happiness"
    assert tracks_of(table)[0].shown.dominant == "neutral"


def test_a_video_sums_up_its_tracks() -> None:
    table = table_of({1: "nnnn....", 2: "..hhhh.."}, regular(8))
    (video,) = videos_of(table)
    assert (video.tracks, video.shown.bouts) == (2, 2)
    assert (video.duration_s, video.face_share, video.shown.on_screen_s) == pytest.approx((0.8, 0.75, 0.8))
    assert (video.shown.first_seen_s, video.shown.last_seen_s) == pytest.approx((0.0, 0.5))
    assert shares(video.shown.share) == {"neutral": 0.5, "happiness": 0.5}


def test_a_lone_frame_has_shares_but_no_duration() -> None:
    frame = summarize(table_of({1: "h", 2: "u"}, [0.0]), "video").iloc[0]
    assert round(frame["duration_s"], 6) == 0
    assert (frame["face_share"], frame["readable_share"], frame["share_happiness"], frame["dominant"]) == (
        1,
        0.5,
        1,
        "happiness",
    )


def test_no_face_in_any_frame() -> None:
    table = table_of({}, regular(5))
    (video,) = videos_of(table)
    assert (video.tracks, video.face_share, video.shown.on_screen_s, video.shown.bouts) == (0, 0.0, 0.0, 0)
    assert video.duration_s == pytest.approx(0.5)
    assert summarize(table, "track").empty


def test_a_video_without_sampled_frames_is_reported_by_the_metadata() -> None:
    videos = {"a.mp4": {"frames_sampled": 2}, "blank.mp4": {"frames_sampled": 0}, "filtered.mp4": {"frames_sampled": 9}}
    table = table_of({1: "nn"}, regular(2)).replace_schema_metadata(pack_metadata({"videos": videos}))
    full, blank = videos_of(table)
    assert (full.video, full.tracks) == ("a.mp4", 1)
    assert (blank.video, blank.tracks, blank.duration_s, blank.shown.on_screen_s) == ("blank.mp4", 0, 0.0, 0.0)
    assert math.isnan(blank.face_share)
    assert len(tracks_of(table)) == 1


@pytest.mark.parametrize("by", ["video", "track"])
def test_a_table_without_rows_gives_a_frame_without_rows(by: By) -> None:
    frame = summarize(SCHEMA.empty_table(), by)
    assert frame.empty
    assert list(frame.columns) == headings(by)


@pytest.mark.parametrize(("by", "rows"), [("video", 2), ("track", 3)])
def test_videos_are_kept_apart(by: By, rows: int) -> None:
    first, second = table_of({1: "nn", 2: "hh"}, regular(2), "b.mp4"), table_of({1: "aaa"}, regular(3, 0.5), "a.mp4")
    together = summarize(pa.concat_tables([first, second]), by)
    apart = pd.concat([summarize(first, by), summarize(second, by)], ignore_index=True)
    assert len(together) == rows
    pd.testing.assert_frame_equal(together, apart)


def as_pandas(table: pa.Table) -> pa.Table:
    return pa.Table.from_pandas(table.to_pandas(), preserve_index=False)


def in_chunks(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table.slice(i, 2) for i in range(0, len(table), 2)])


def backwards(table: pa.Table) -> pa.Table:
    return table.take(pa.array(range(len(table) - 1, -1, -1)))


def as_text(table: pa.Table) -> pa.Table:
    kinds = [pa.large_string() if pa.types.is_dictionary(f.type) else f.type for f in table.schema]
    return table.cast(pa.schema([pa.field(f.name, kind) for f, kind in zip(table.schema, kinds, strict=True)]))


@pytest.mark.parametrize("changed", [as_pandas, in_chunks, backwards, as_text])
def test_the_form_of_the_table_does_not_matter(changed: Any) -> None:
    table = pa.concat_tables([table_of({1: "nnhhu.", 2: ".aannn"}, regular(6), name) for name in ("a.mp4", "b.mp4")])
    for by in ("track", "video"):
        expected = summarize(table, by).sort_values("video", kind="stable", ignore_index=True)
        found = summarize(changed(table), by).sort_values("video", kind="stable", ignore_index=True)
        pd.testing.assert_frame_equal(found, expected)


def test_a_video_that_is_there_twice_is_refused() -> None:
    table = table_of({1: "nn"}, regular(2))
    with pytest.raises(TimelineReadError, match=r"a\.mp4 is in the table twice"):
        summarize(pa.concat_tables([table, table]), "video")


def test_missing_columns_are_named() -> None:
    with pytest.raises(TimelineReadError, match="lacks the columns readable, p_fear"):
        summarize(table_of({1: "nn"}, regular(2)).drop_columns(["readable", "p_fear"]), "video")


def test_another_grouping_is_refused() -> None:
    with pytest.raises(UsageError, match="--by face is not known"):
        summarize(SCHEMA.empty_table(), "face")  # type: ignore[arg-type]


shown_texts = st.integers(1, 40).flatmap(lambda n: st.lists(st.text("nhsau.", min_size=n, max_size=n), min_size=1, max_size=4))


@settings(max_examples=10, deadline=None)
@given(shown=shown_texts, seed=st.integers(0, 1000))
def test_sums_agree(shown: list[str], seed: int) -> None:
    interval_s = np.random.default_rng(seed).uniform(0.02, 0.7, len(shown[0]))
    table = table_of(dict(enumerate(shown, 1)), np.cumsum(interval_s).tolist())
    tracks, (video,) = tracks_of(table), videos_of(table)
    assert video.tracks == len(tracks) == sum(set(text) != {"."} for text in shown)
    assert video.shown.on_screen_s == pytest.approx(sum(t.shown.on_screen_s for t in tracks))
    assert video.shown.readable_s == pytest.approx(sum(t.shown.readable_s for t in tracks))
    assert video.shown.bouts == sum(t.shown.bouts for t in tracks)
    assert 0 <= video.face_share <= 1 + 1e-9
    for s in (video.shown, *(t.shown for t in tracks)):
        if s.readable_s:
            assert sum(s.share) == pytest.approx(1)
            assert s.bouts * s.mean_bout_s == pytest.approx(s.readable_s)  # bouts tile the readable time
        alike = [(a, b) for a, b in combinations(s.moments, 2) if a.track_id == b.track_id or a.emotion == b.emotion]
        assert all(abs(a.time_s - b.time_s) >= 2 for a, b in alike)


def grouped(people: list[int | None], names: list[dict[str, Any]]) -> pa.Table:
    """Two tracks, one after the other, and a third beside them; rows have these persons."""
    table = table_of({1: "nnn...", 2: "...hhh", 3: "hhhhhh"}, regular(6))
    columns = {
        "person_id": pa.array(people, pa.int32()),
        "person": pa.array([None] * len(people), pa.string()).dictionary_encode(),
        "person_confidence": pa.array([None] * len(people), pa.float32()),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table.replace_schema_metadata(pack_metadata({"videos": {"a.mp4": {"people": names}}}))


def test_a_person_is_one_record_whatever_tracks_there_are() -> None:
    names: list[dict[str, Any]] = [
        {"person_id": 1, "name": "Ada", "tracks": [1, 2]},
        {"person_id": 2, "name": None, "tracks": [3]},
    ]
    table = grouped([1, 2] * 6, names)
    frame = summarize(table)
    assert list(frame["person_id"]) == [1, 2]
    assert list(frame["person"].fillna("-")) == ["Ada", "-"]
    assert list(frame["on_screen_s"]) == pytest.approx([0.6, 0.6])
    assert list(frame["share_happiness"]) == pytest.approx([0.5, 1.0])
    assert list(summarize(table, "track")["track_id"]) == [1, 2, 3]


def test_faces_of_nobody_are_no_person() -> None:
    frame = summarize(grouped([1, None] * 6, []))
    assert list(frame["person_id"]) == [1]
    assert list(frame["on_screen_s"]) == pytest.approx([0.6])


def test_without_groups_tracks_are_summed_up_unless_people_are_asked_for() -> None:
    table = table_of({1: "nn", 4: "hh"}, regular(2))
    by_person, by_track = summarize(table, "person"), summarize(table, "track")
    pd.testing.assert_frame_equal(summarize(table), by_track)
    assert list(by_person["person_id"]) == list(by_track["track_id"]) == [1, 4]
    assert by_person["share_happiness"].equals(by_track["share_happiness"])
