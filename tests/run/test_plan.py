"""Inputs become videos, and videos become segments that tile them."""

from __future__ import annotations

import os
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.errors import UsageError, VideoReadError
from feelit.run.plan import LAST_PIECES, LEAST_APART_S, Plan, cut, find_videos
from feelit.types import Sampling, VideoInfo
from feelit.video.probe import Probe, probe
from tests.video import clips

FPS, UNIT = 25, 3600  # units of 1/90000 s a frame


def made_probe(groups: list[int], origin: int = 0) -> Probe:
    """A video whose groups of pictures have the given numbers of frames."""
    starts = [0, *accumulate(groups)]
    frames = starts.pop()
    info = VideoInfo(
        path=Path("a.mp4"),
        width_px=320,
        height_px=180,
        sample_aspect=Fraction(1),
        orientation=1,
        time_base=Fraction(1, 90_000),
        average_rate=Fraction(FPS),
        steady=True,
        origin_pts=origin,
        duration_s=frames / FPS,
        codec="h264",
        has_audio=False,
        packets=frames,
        size_bytes=1,
        fingerprint="",
    )
    return Probe(info, tuple(origin + UNIT * n for n in starts), tuple(starts))


GROUPS = st.lists(st.integers(1, 300), min_size=1, max_size=30)
TARGET_S = st.floats(0.1, 60)


@given(GROUPS, TARGET_S, st.integers(-90_000, 10**9))
def test_segments_tile_the_video(groups: list[int], target_s: float, origin: int) -> None:
    whole = made_probe(groups, origin)
    plan = cut(whole, Sampling(), target_s)
    first, *_, last = [plan.segments[0], *plan.segments]
    assert [s.index for s in plan.segments] == list(range(len(plan.segments)))
    assert (first.start_pts, last.end_pts, plan.first_frame) == (None, None, 0)
    assert all(a.end_pts == b.start_pts for a, b in pairwise(plan.segments))
    assert {s.start_pts for s in plan.segments[1:]} <= set(whole.keyframe_pts[1:])
    assert sum(s.packets for s in plan.segments) == whole.info.packets
    assert all(s.packets > 0 for s in plan.segments)


@given(GROUPS, TARGET_S)
def test_segments_are_as_long_as_asked_and_no_longer_than_a_group_more(groups: list[int], target_s: float) -> None:
    group_s = max(groups) / FPS + LEAST_APART_S  # shorter ones count together
    for segment in cut(made_probe(groups), Sampling(), target_s).segments[:-1]:
        assert target_s - 1e-9 <= segment.packets / FPS < target_s + group_s


@given(GROUPS, TARGET_S, st.floats(0.1, 10))
def test_segments_get_shorter_towards_the_end(groups: list[int], target_s: float, least_s: float) -> None:
    whole = made_probe(groups)
    group_s, remaining = max(groups) / FPS + LEAST_APART_S, whole.info.packets
    for segment in cut(whole, Sampling(), target_s, least_s).segments[:-1]:
        wanted_s = min(target_s, max(least_s, remaining / FPS / LAST_PIECES))
        assert wanted_s - 1e-6 <= segment.packets / FPS < wanted_s + group_s + 1e-6
        remaining -= segment.packets


@given(GROUPS, TARGET_S, TARGET_S)
def test_what_begins_again_does_not_depend_on_the_cuts(groups: list[int], target_s: float, other_s: float) -> None:
    whole = made_probe(groups, 7)
    one, other = (cut(whole, Sampling(), s).segments for s in (target_s, other_s))
    reset = [pts for segment in one for pts in segment.reset_pts]
    assert reset == [pts for segment in other for pts in segment.reset_pts]
    assert [segment.reset_pts[0] for segment in one[1:]] == [segment.start_pts for segment in one[1:]]
    assert reset[0] == 7
    assert all(b - a >= LEAST_APART_S * 90_000 for a, b in pairwise(reset))


@given(GROUPS, TARGET_S, st.floats(0, 200), st.floats(0.01, 200))
def test_a_stretch_takes_the_segments_that_it_touches_and_no_others(
    groups: list[int], target_s: float, start_s: float, length_s: float
) -> None:
    whole = made_probe(groups)
    end_s = start_s + length_s
    everything = cut(whole, Sampling(), target_s).segments
    plan = cut(whole, Sampling(Fraction(10), start_s, end_s), target_s)
    times = [0.0, *(float((s.start_pts or 0) * whole.info.time_base) for s in everything[1:]), float("inf")]
    touched = [s for s, (a, b) in zip(everything, pairwise(times), strict=True) if b > start_s and a < end_s]
    assert [(s.start_pts, s.end_pts) for s in plan.segments] == [(s.start_pts, s.end_pts) for s in touched]
    assert [s.index for s in plan.segments] == list(range(len(touched)))
    assert plan.first_frame == sum(s.packets for s in everything[: everything.index(touched[0])])


def test_a_video_without_trusted_keyframes_is_one_segment() -> None:
    info = made_probe([50, 50]).info
    plan = cut(Probe(info, (), ()), Sampling(Fraction(10), 1.0, 2.0), 0.5)
    assert [(s.start_pts, s.end_pts, s.packets) for s in plan.segments] == [(None, None, 100)]
    assert plan.first_frame == 0


@pytest.mark.parametrize(
    ("gop", "packets"),
    [pytest.param(25, [25, 25], id="one second"), pytest.param(12, [36, 14], id="shorter groups count together")],
)
def test_a_real_video_is_cut_at_its_keyframes(gop: int, packets: list[int], tmp_path: Path) -> None:
    whole = probe(clips.plain(tmp_path / "a.mp4", frames=50, gop=gop))
    plan = cut(whole, Sampling(), 0.4)
    assert [s.packets for s in plan.segments] == packets
    assert plan == Plan(plan.segments, 0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with videos and other things in it."""
    folder = tmp_path / "here"
    for name in ("b.mp4", "a/z.MKV", "a/c.webm", "a/notes.txt", "a/.hidden.mp4", ".cache/x.mp4", "empty/readme.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    (tmp_path / "elsewhere.mp4").write_bytes(b"x")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        pytest.param(["b.mp4"], ["b.mp4"], id="file"),
        pytest.param(["a"], ["a/c.webm", "a/z.MKV"], id="folder"),
        pytest.param(["."], ["a/c.webm", "a/z.MKV", "b.mp4"], id="recursively"),
        pytest.param(["a/notes.txt"], ["a/notes.txt"], id="named-whatever-its-ending"),
        pytest.param(["a/.hidden.mp4"], ["a/.hidden.mp4"], id="hidden-but-named"),
        pytest.param(["b.mp4", "./b.mp4", "a/../b.mp4"], ["b.mp4"], id="once-however-it-is-spelt"),
        pytest.param(["b.mp4", "a"], ["b.mp4", "a/c.webm", "a/z.MKV"], id="in-the-order-given"),
        pytest.param(["gone.mp4"], ["gone.mp4"], id="missing-files-are-reported-later"),
    ],
)
def test_inputs_become_videos(inputs: list[str], names: list[str], here: Path) -> None:
    assert [source.name for source in find_videos(inputs)] == names


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param("b.mp4", "b.mp4", id="here"),
        pytest.param("a/c.webm", "a/c.webm", id="below"),
        pytest.param("a/../b.mp4", "b.mp4", id="detour"),
        pytest.param("_a/_b=1.mp4", "%5Fa/%5Fb=1.mp4", id="underscores"),
        pytest.param(".a/.b.mp4", "%2Ea/%2Eb.mp4", id="dots"),
        pytest.param("video=1/c_=.mp4", "video%3D1/c_=.mp4", id="a-column"),
    ],
)
def test_a_file_below_the_working_folder_keeps_its_place(text: str, place: str, here: Path) -> None:
    (source,) = find_videos([text])
    assert source.place == place


def test_no_place_leads_out_of_the_folder_of_outputs(here: Path) -> None:
    for text in ("../elsewhere.mp4", str(here.parent / "elsewhere.mp4"), str(here / "b.mp4")):
        (source,) = find_videos([text])
        assert not source.place.startswith("/")
        assert ".." not in source.place.split("/")


def test_a_folder_mirrors_its_own_tree(here: Path) -> None:
    assert [source.place for source in find_videos([str(here / "a")])] == ["c.webm", "z.MKV"]


def test_a_link_is_a_video_of_its_own(here: Path) -> None:
    (here / "link.mp4").symlink_to(here / "b.mp4")
    assert [source.name for source in find_videos(["link.mp4", "b.mp4"])] == ["link.mp4", "b.mp4"]


def test_a_folder_that_cannot_be_searched_is_reported(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search = os.scandir

    def refuse(folder: Path) -> object:
        if folder.name == "a":
            raise PermissionError(13, "Permission denied")
        return search(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(VideoReadError, match="a cannot be searched: Permission denied"):
        find_videos(["."])


def test_a_folder_without_videos_is_reported_with_the_endings_that_count(here: Path) -> None:
    with pytest.raises(VideoReadError, match="holds no videos") as caught:
        find_videos(["empty"])
    assert ".mp4" in caught.value.hint


def test_two_videos_for_one_output_are_refused(here: Path) -> None:
    (here / "other" / "sub").mkdir(parents=True)
    (here / "other" / "c.webm").write_bytes(b"x")
    with pytest.raises(UsageError, match="would share the output"):
        find_videos(["a", "other"])


def test_no_input_is_refused() -> None:
    with pytest.raises(UsageError, match="no input"):
        find_videos([])
