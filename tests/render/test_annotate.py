"""A whole annotated video, from the file to the file."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from feelit.errors import FeelitError, OutputError, UsageError, VideoReadError
from feelit.options.videos import AnnotateOptions
from feelit.render.annotate import annotate_video
from feelit.render.rows import TimelineRows
from feelit.types import UInt8
from tests.render.scenes import rows, view
from tests.video import clips
from tests.video.test_writer import files_no_larger_than

SIZE = (320, 180)
TENTHS = np.arange(20) / 10


def pictures(path: Path) -> list[UInt8]:
    """All frames, (H, W, 3) RGB."""
    with av.open(str(path)) as source:
        return [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in source.decode(video=0)]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return clips.plain(tmp_path / "video.mp4", face=True, size=SIZE, sound=True, options={"crf": "10"})


@pytest.fixture
def faces() -> TimelineRows:
    """The face of the clip as track 1, and a second track that nobody is at."""
    mine = [clips.face_box(round(25 * t), SIZE) for t in TENTHS]
    other = [(5.0, 100.0, 45.0, 150.0)] * 20
    return rows(
        [t for t in TENTHS for _ in range(2)],
        track_id=[1, 2] * 20,
        box=[box for pair in zip(mine, other, strict=True) for box in pair],
        emotion=[1, 4] * 20,
    )


def annotate(video: Path, faces: TimelineRows, options: AnnotateOptions) -> list[UInt8]:
    annotate_video(video, view(faces, TENTHS), options)
    assert isinstance(options.out, Path)
    return pictures(options.out)


def detail_kept(before: UInt8, after: UInt8, box: tuple[float, ...]) -> float:
    """How much the fine structure of a face's inside is still that of the original: a correlation, 1 where it is untouched.

    The flat cells have edges of their own, so that sharpness alone would not tell.
    """
    x0, y0, x1, y1 = (round(v) for v in box)
    fine = []
    for image in (before, after):
        grey = cv2.cvtColor(image[y0 + 10 : y1 - 10, x0 + 10 : x1 - 10], cv2.COLOR_RGB2GRAY).astype(np.float64)
        fine.append((grey - cv2.GaussianBlur(grey, (0, 0), 2)).ravel())
    return float(np.atleast_2d(np.corrcoef(fine))[0, 1])


def test_boxes_follow_the_face_between_samples(tmp_path: Path, video: Path, faces: TimelineRows) -> None:
    out = annotate(video, faces, AnnotateOptions(out=tmp_path / "out.mp4"))
    before = pictures(video)
    assert len(out) == len(before) == 50
    for n in range(2, 46):
        x0, y0, _, y1 = (round(v) for v in clips.face_box(n, SIZE))
        left = out[n][(y0 + y1) // 2, x0 - 6 : x0 + 8].astype(int)
        yellow = (left[:, 0] > 150) & (left[:, 1] > 150) & (left[:, 2] < 110)
        assert yellow.any(), f"no edge of the box near x = {x0} in frame {n}"


def test_the_strip_lies_below_an_unharmed_picture(tmp_path: Path, video: Path) -> None:
    out = annotate(video, rows([]), AnnotateOptions(out=tmp_path / "out.mp4", crf=4))
    before = pictures(video)
    assert out[0].shape[0] > 180
    assert out[0].shape[1] == 320
    assert np.abs(out[20][:180].astype(int) - before[20]).mean() < 2


def test_tracks_limits_what_is_drawn(tmp_path: Path, video: Path, faces: TimelineRows) -> None:
    both, one = (
        annotate(video, faces, AnnotateOptions(out=tmp_path / f"{name}.mp4", tracks=tracks))
        for name, tracks in (("both", None), ("one", (1,)))
    )
    clean = pictures(video)[20].astype(int)
    edge = slice(105, 145), slice(5, 7)
    assert np.abs(both[20][edge] - clean[edge]).mean() > 40
    assert np.abs(one[20][edge] - clean[edge]).mean() < 8
    assert one[0].shape[0] < both[0].shape[0]  # and a lane less


@pytest.mark.parametrize(
    ("blur", "tracks", "hidden"),
    [
        pytest.param("none", None, False, marks=pytest.mark.slow),
        ("all", None, True),
        ("others", (2,), True),
        ("others", (1,), False),
        pytest.param("all", (1,), True, marks=pytest.mark.slow),
    ],
)
def test_blurred_faces_lose_their_detail(
    tmp_path: Path, video: Path, faces: TimelineRows, blur: str, tracks: tuple[int, ...] | None, hidden: bool
) -> None:
    options = replace(AnnotateOptions(out=tmp_path / "out.mp4", tracks=tracks), blur=blur)  # type: ignore[arg-type]
    out, before = annotate(video, faces, options), pictures(video)
    for n in range(0, 50, 7):
        kept = detail_kept(before[n], out[n], clips.face_box(n, SIZE))
        assert (kept < 0.4) if hidden else (kept > 0.9)


def test_a_face_is_hidden_before_it_was_first_seen(tmp_path: Path, video: Path, faces: TimelineRows) -> None:
    late = faces.rows(faces.time_s >= 0.8)
    out = annotate(video, late, AnnotateOptions(out=tmp_path / "out.mp4", blur="all"))
    box = clips.face_box(20, SIZE)
    assert detail_kept(pictures(video)[15], out[15], box) < 0.4


def test_progress_rises_to_the_end(tmp_path: Path, video: Path, faces: TimelineRows) -> None:
    shares: list[float] = []
    annotate_video(video, view(faces, TENTHS), AnnotateOptions(out=tmp_path / "out.mp4"), shares.append)
    assert shares == sorted(shares)
    assert 0.95 < shares[-1] <= 1


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (15, 17), (16, 16), (159, 91), (161, 89), (161, 91)], ids=str)
def test_no_size_is_too_small_or_odd(tmp_path: Path, size: tuple[int, int]) -> None:
    video = clips.sized(tmp_path / "video.mov", *size)
    width, height = size
    crowd = rows([0.0, 0.1] * 2, track_id=[1, 1, 2, 2], box=[(0, 0, width, height)] * 2 + [(-5, -5, 2 * width, 2 * height)] * 2)
    out = annotate(video, crowd, AnnotateOptions(out=tmp_path / "out.mp4", blur="all"))
    assert len(out) == 5
    assert out[0].shape[1] == width + width % 2


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path, video: Path, faces: TimelineRows) -> None:
    out = tmp_path / "out.mp4"
    out.write_text("precious")
    with pytest.raises(OutputError, match="exists already") as caught:
        annotate_video(video, view(faces, TENTHS), AnnotateOptions(out=out))
    assert "--force" in caught.value.hint
    assert out.read_text() == "precious"
    annotate_video(video, view(faces, TENTHS), AnnotateOptions(out=out, force=True))
    assert len(pictures(out)) == 50


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        pytest.param({"blur": "others"}, UsageError, "whom not to blur", id="others than whom"),
        pytest.param({"tracks": (1, 7)}, UsageError, "no track 7", id="unknown track"),
        pytest.param({"people": (1, "Eve")}, UsageError, "no person Eve", id="unknown person"),
        pytest.param({"codec": "theora"}, UsageError, "cannot encode with theora", id="unknown codec"),
        pytest.param({"crf": 99}, UsageError, "out of range", id="impossible quality"),
        pytest.param({"out": "video.mp4"}, UsageError, "would be replaced", id="onto the video"),
        pytest.param({"out": "out.avi"}, UsageError, "not a name for a video", id="unknown container"),
    ],
)
def test_impossible_wishes_are_refused_before_any_work(
    tmp_path: Path, video: Path, faces: TimelineRows, options: dict[str, object], error: type[FeelitError], message: str
) -> None:
    asked = options | {"out": tmp_path / str(options.get("out", "out.mp4"))}
    with pytest.raises(error, match=message):
        annotate_video(video, view(faces, TENTHS), AnnotateOptions(**asked))  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == [video]


@pytest.mark.parametrize("maker", [clips.not_a_video, clips.empty, None], ids=["text", "empty", "missing"])
def test_what_is_no_video_is_reported(tmp_path: Path, faces: TimelineRows, maker: object) -> None:
    video = tmp_path / "video.mp4"
    if callable(maker):
        maker(video)
    with pytest.raises(VideoReadError, match=r"video\.mp4"):
        annotate_video(video, view(faces, TENTHS), AnnotateOptions(out=tmp_path / "out.mp4"))
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX")
def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path, video: Path, faces: TimelineRows) -> None:
    with files_no_larger_than(4096), pytest.raises(OutputError, match=r"out\.mp4 cannot be written"):
        annotate_video(video, view(faces, TENTHS), AnnotateOptions(out=tmp_path / "out.mp4", crf=1))
    assert list(tmp_path.iterdir()) == [video]


def test_an_interruption_leaves_nothing(tmp_path: Path, video: Path, faces: TimelineRows) -> None:
    def interrupt(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_video(video, view(faces, TENTHS), AnnotateOptions(out=tmp_path / "out.mp4"), interrupt)
    assert list(tmp_path.iterdir()) == [video]
