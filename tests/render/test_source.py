from __future__ import annotations

from pathlib import Path

import pytest

from feelit.errors import TimelineReadError, VideoReadError
from feelit.render.rows import recording_of, view_of
from feelit.timeline.write import TimelineWriter
from feelit.video.probe import fingerprint
from tests.render.test_rows import timeline
from tests.video import clips


def write(path: Path, *videos: Path) -> Path:
    """One timeline file that says the same of several videos."""
    metadata = {"videos": {video.name: {"fingerprint": fingerprint(video)} for video in videos}}
    with TimelineWriter(path, metadata) as writer:
        for video in videos:
            writer.write(timeline(), video.name)
    return path


def test_a_video_is_known_by_its_content(tmp_path: Path) -> None:
    first, second = clips.plain(tmp_path / "a.mp4", frames=3), clips.plain(tmp_path / "b.mp4", frames=4)
    table = write(tmp_path / "t.parquet", first, second)
    view = view_of(recording_of(second.rename(tmp_path / "moved.mp4"), table))
    assert len(view.rows) == 4
    assert len(view.sampled_time_s) == 5
    assert set(view.rows.track_id.tolist()) == set(view.rows.who.tolist()) == {3}
    assert (view.rows.certainty == 1).all()  # tracks that were not grouped are surely themselves


def test_a_video_that_was_not_analysed_is_reported(tmp_path: Path) -> None:
    known, other = clips.plain(tmp_path / "a.mp4", frames=3), clips.plain(tmp_path / "b.mp4", frames=4)
    with pytest.raises(TimelineReadError, match=r"has no rows for .*b\.mp4") as caught:
        recording_of(other, write(tmp_path / "t.parquet", known))
    assert "a.mp4" in caught.value.hint


def test_a_missing_video_is_reported(tmp_path: Path) -> None:
    table = write(tmp_path / "t.parquet", clips.plain(tmp_path / "a.mp4", frames=3))
    with pytest.raises(VideoReadError, match=r"gone\.mp4"):
        recording_of(tmp_path / "gone.mp4", table)
