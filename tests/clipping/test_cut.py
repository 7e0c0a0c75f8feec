"""A folder of clips, from the video to the files."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
import pytest

from feelit.clipping.cut import cut_clips
from feelit.errors import FeelitError, OutputError, TimelineReadError, UsageError, VideoReadError
from feelit.options.videos import ClipsOptions
from tests.clipping import made
from tests.render.test_annotate import detail_kept, pictures
from tests.video import clips
from tests.video.test_cutting import numbers
from tests.video.test_writer import files_no_larger_than, lumas

NAMES = [
    "0001_00-00-00.800_track1_happiness_moment.mp4",
    "0002_00-00-02.000_track2_surprise_moment.mp4",
    "0003_00-00-03.700_track1_anger_moment.mp4",
]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return made.video(tmp_path / "in" / "a.mp4")


@pytest.fixture
def timeline(video: Path) -> Path:
    return made.timeline(video.with_name("a.parquet"), video)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def names_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_clip_a_moment_and_a_list_of_them(video: Path, timeline: Path, out: Path) -> None:
    cut = cut_clips(video, timeline, ClipsOptions(out=out))
    assert names_in(out) == [*NAMES, "clips.csv"]
    assert [c.file for c in cut] == NAMES
    assert [(c.start_s, c.end_s) for c in cut] == [(0.0, 1.8), (1.0, 3.0), (2.72, 4.0)]  # frames are 40 ms apart
    assert [numbers(out / name) for name in NAMES] == [list(range(0, 45)), list(range(25, 75)), list(range(68, 100))]
    with (out / "clips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == NAMES
    assert [(row["kind"], row["tracks"], row["emotion"], row["video"]) for row in rows] == [
        ("moment", "1", "happiness", "a.mp4"), ("moment", "2", "surprise", "a.mp4"), ("moment", "1", "anger", "a.mp4"),
    ]  # fmt: skip


def test_events_keep_their_length_and_get_context(video: Path, timeline: Path, out: Path) -> None:
    options = ClipsOptions(out=out, kinds=("bout",), emotions=("happiness",), before_s=0.2, after_s=0.4)
    (clip,) = cut_clips(video, timeline, options)
    assert (clip.event_start_s, clip.event_end_s) == pytest.approx((0.5, 1.2))
    assert (clip.start_s, clip.end_s) == pytest.approx((0.32, 1.6))  # the first frame from 0.3 s on
    assert numbers(out / clip.file) == list(range(8, 40))


def test_clips_have_sound(video: Path, timeline: Path, out: Path) -> None:
    (clip,) = cut_clips(video, timeline, ClipsOptions(out=out, most=1))
    with av.open(str(out / clip.file)) as source:
        sound = source.streams.audio[0]
        assert float((sound.duration or 0) * (sound.time_base or 0)) == pytest.approx(clip.end_s - clip.start_s, abs=1e-3)


def test_annotated_clips_have_boxes_and_a_strip(video: Path, timeline: Path, out: Path) -> None:
    options = ClipsOptions(out=out / "plain", at_s=(1.0,))
    (plain,) = cut_clips(video, timeline, options)
    (drawn,) = cut_clips(video, timeline, replace(options, out=out / "drawn", annotated=True))
    before, after = lumas(out / "plain" / plain.file), lumas(out / "drawn" / drawn.file)
    assert len(before) == len(after)
    assert after[0].shape[0] > before[0].shape[0]
    assert after[0].shape[1] == before[0].shape[1]
    assert numbers(out / "plain" / plain.file) == list(range(50))


def test_cards_of_a_clip_do_not_depend_on_the_clips_before_it(video: Path, timeline: Path, out: Path) -> None:
    options = ClipsOptions(out=out / "both", at_s=(0.5, 2.5), before_s=0.2, after_s=0.2, annotated=True)
    *_, second = cut_clips(video, timeline, options)
    (alone,) = cut_clips(video, timeline, replace(options, out=out / "one", at_s=(2.5,)))
    for a, b in zip(lumas(out / "both" / second.file), lumas(out / "one" / alone.file), strict=True):
        assert np.abs(a.astype(int) - b).max() < 50  # a card elsewhere would differ by black and white


@pytest.mark.parametrize("annotated", [False, True], ids=["plain", "annotated"])
@pytest.mark.parametrize(
    ("blur", "tracks", "hidden"), [("none", None, False), ("all", None, True), ("others", (2,), True), ("others", (1,), False)]
)
def test_faces_can_be_hidden(
    tmp_path: Path, annotated: bool, blur: Literal["none", "others", "all"], tracks: tuple[int, ...] | None, hidden: bool
) -> None:
    video = clips.plain(tmp_path / "a.mp4", face=True)
    box = clips.face_box(12, (320, 180))
    timeline = made.timeline(tmp_path / "a.parquet", video, {1: "h" * 20, 2: "." * 19 + "h"}, box=box)
    clear = ClipsOptions(out=tmp_path / "clear", at_s=(0.48,), before_s=0.2, after_s=0.2)
    asked = replace(clear, out=tmp_path / "asked", annotated=annotated, blur=blur, tracks=tracks)
    shown = [pictures(Path(str(o.out)) / cut_clips(video, timeline, o)[0].file)[5] for o in (clear, asked)]
    kept = detail_kept(shown[0], shown[1], box)
    assert (kept < 0.4) if hidden else (kept > 0.9)


def test_progress_rises_to_the_end(video: Path, timeline: Path, out: Path) -> None:
    shares: list[float] = []
    cut_clips(video, timeline, ClipsOptions(out=out), shares.append)
    assert shares == sorted(shares)
    assert 0.95 < shares[-1] <= 1


# Folders


def test_nothing_to_cut_gives_an_empty_list(video: Path, timeline: Path, out: Path) -> None:
    assert cut_clips(video, timeline, ClipsOptions(out=out, emotions=("fear",))) == []
    assert names_in(out) == ["clips.csv"]
    assert len((out / "clips.csv").read_text().splitlines()) == 1


def test_a_folder_of_clips_is_not_touched_without_force(video: Path, timeline: Path, out: Path) -> None:
    cut_clips(video, timeline, ClipsOptions(out=out, emotions=("anger",)))
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    with pytest.raises(OutputError, match="holds clips already"):
        cut_clips(video, timeline, ClipsOptions(out=out, most=1))
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


def test_force_replaces_the_clips_and_leaves_all_else(video: Path, timeline: Path, out: Path) -> None:
    cut_clips(video, timeline, ClipsOptions(out=out, emotions=("happiness", "anger")))
    (out / "notes.txt").write_text("mine")
    (out / "0001_00-00-00.000_at.mp4").write_text("a clip's name, but not in the list")
    cut_clips(video, timeline, ClipsOptions(out=out, emotions=("surprise",), force=True))
    new = "0001_00-00-02.000_track2_surprise_moment.mp4"
    assert names_in(out) == ["0001_00-00-00.000_at.mp4", new, "clips.csv", "notes.txt"]
    assert new in (out / "clips.csv").read_text()


def test_a_folder_may_hold_other_files(video: Path, timeline: Path) -> None:
    cut_clips(video, timeline, ClipsOptions(out=video.parent, most=1))
    assert names_in(video.parent) == [NAMES[0], "a.mp4", "a.parquet", "clips.csv"]


def test_a_file_in_the_way_is_not_replaced_without_force(video: Path, timeline: Path, out: Path) -> None:
    out.mkdir()
    (out / NAMES[0]).write_text("mine")
    with pytest.raises(OutputError, match=f"{NAMES[0]} exists already"):
        cut_clips(video, timeline, ClipsOptions(out=out))
    assert names_in(out) == [NAMES[0]]
    cut_clips(video, timeline, ClipsOptions(out=out, force=True, most=1))
    assert numbers(out / NAMES[0])[-1] == 44


def test_a_clip_is_not_replaced_by_clips_of_itself(video: Path, timeline: Path, out: Path) -> None:
    cut_clips(video, timeline, ClipsOptions(out=out, most=1))
    clip = out / NAMES[0]
    again = made.timeline(out / "again.parquet", clip)
    with pytest.raises(UsageError, match="would be replaced"):
        cut_clips(clip, again, ClipsOptions(out=out, force=True))
    assert clip.exists()


@pytest.mark.parametrize(
    ("error", "there"),
    [
        pytest.param(RuntimeError, False, id="failure-no folder"),
        pytest.param(KeyboardInterrupt, True, id="ctrl-c-a folder of clips"),
        pytest.param(KeyboardInterrupt, False, id="ctrl-c-no folder", marks=pytest.mark.slow),
        pytest.param(RuntimeError, True, id="failure-a folder of clips", marks=pytest.mark.slow),
    ],
)
def test_an_interruption_changes_nothing(
    video: Path, timeline: Path, out: Path, error: type[BaseException], there: bool
) -> None:
    def interrupt(share: float) -> None:
        if share > 0.7:
            raise error

    if there:
        cut_clips(video, timeline, ClipsOptions(out=out, most=1))
    before = {p.name: p.read_bytes() for p in out.iterdir()} if there else None
    with pytest.raises(error):
        cut_clips(video, timeline, ClipsOptions(out=out, kinds=("bout",), force=True), interrupt)
    assert ({p.name: p.read_bytes() for p in out.iterdir()} if out.exists() else None) == before


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX")
def test_a_full_disk_is_reported_and_leaves_nothing(video: Path, timeline: Path, out: Path) -> None:
    with files_no_larger_than(4096), pytest.raises(OutputError, match="cannot be written"):
        cut_clips(video, timeline, ClipsOptions(out=out, crf=1))
    assert not out.exists()


# What cannot be done


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        pytest.param({"before_s": -1.0}, UsageError, "--before -1 is out of range", id="negative context"),
        pytest.param({"after_s": float("nan")}, UsageError, "--after nan is out of range", id="context that is none"),
        pytest.param({"before_s": 0.0, "after_s": 0.0}, UsageError, "lasts no time", id="moments without context"),
        pytest.param({"blur": "others"}, UsageError, "whom not to blur", id="blur without tracks"),
        pytest.param({"tracks": (3,)}, UsageError, "no track 3", id="unknown track"),
        pytest.param({"at_s": (4.0,)}, UsageError, "--at 4 is not in the video", id="after the end"),
        pytest.param({"at_s": (99.0,)}, UsageError, "--at 99 is not in the video", id="long after the end"),
    ],
)
def test_impossible_wishes_are_refused_before_any_work(
    video: Path, timeline: Path, out: Path, change: dict[str, Any], error: type[FeelitError], message: str
) -> None:
    with pytest.raises(error, match=message):
        cut_clips(video, timeline, replace(ClipsOptions(out=out), **change))
    assert not out.exists()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        pytest.param(lambda v, t: v.unlink(), VideoReadError, "does not exist", id="no video"),
        pytest.param(lambda v, t: t.unlink(), TimelineReadError, "does not exist", id="no timeline"),
        pytest.param(lambda v, t: clips.plain(v, frames=7), TimelineReadError, "has no rows for", id="another video"),
        pytest.param(lambda v, t: v.write_bytes(v.read_bytes() + b"!"), TimelineReadError, "has no rows for", id="changed"),
        pytest.param(lambda v, t: t.write_text("rows"), TimelineReadError, "not a readable Parquet file", id="no Parquet"),
    ],
)
def test_inputs_that_are_not_what_they_should_be(
    video: Path, timeline: Path, out: Path, change: Callable[[Path, Path], object], error: type[FeelitError], message: str
) -> None:
    change(video, timeline)
    with pytest.raises(error, match=message):
        cut_clips(video, timeline, ClipsOptions(out=out))
    assert not out.exists()


def test_a_folder_that_is_a_file_is_reported(video: Path, timeline: Path, out: Path) -> None:
    out.write_text("mine")
    with pytest.raises(OutputError, match="out cannot be written"):
        cut_clips(video, timeline, ClipsOptions(out=out))
    assert out.read_text() == "mine"
