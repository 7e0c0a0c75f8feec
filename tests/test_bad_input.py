"""Odd and broken videos: each is analysed as far as it can be, or as one line, and harms no other.

All of them lie in one folder that is analysed by one real run of the command; the tests look at what it left behind.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from feelit.options import AnalyzeOptions, RunOptions
from feelit.run.job import VideoReport
from feelit.run.pipeline import analyze_videos
from feelit.run.plan import Source, find_videos
from feelit.types import VideoInfo
from tests.conftest import SerialEngine
from tests.video import clips
from tests.video.test_damage import count_frames

FEELIT = Path(sys.executable).with_name("feelit")
RATE_HZ = 5
Make = Callable[[Path], Path]


def crowd(path: Path, columns: int = 10, rows: int = 6) -> Path:
    """Sixty faces at a time, in three frames."""
    patch, _ = clips.face_patch()
    scale = 100 / patch.shape[0]
    face = cv2.resize(patch, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cell = np.full((120, 128, 3), 128, np.uint8)
    cell[10 : 10 + face.shape[0], 14 : 14 + face.shape[1]] = face  # with a margin: close to an edge the detector doubts some
    picture = np.tile(cell, (rows, columns, 1))
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE_HZ, options={"preset": "ultrafast"})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


def no_frames(path: Path) -> Path:
    """A container that promises a video and holds none of it."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        out.start_encoding()
    return path


@dataclass(frozen=True)
class Case:
    """A clip, and how long it is on the player's clock; `faces` says whether there is one in it."""

    name: str
    make: Make
    seconds: float = 2.0
    faces: bool = True


def _clip(make: Callable[..., Path], **asked: Any) -> Make:
    return lambda path: make(path, **asked)


def _sized(width_px: int, height_px: int) -> Make:
    return lambda path: clips.sized(path, width_px, height_px)


TALL = {"size": (320, 240), "face": True}
SOUND = [
    Case("plain.mp4", _clip(clips.plain, face=True)),
    Case("no-face.mp4", clips.plain, faces=False),
    Case("sixty-faces.mp4", crowd, 0.6),
    Case("vfr.mp4", _clip(clips.vfr, face=True), 5.08),
    Case("vfr.mkv", _clip(clips.vfr, face=True), 5.08),
    Case("turned-90.mp4", _clip(clips.rotated, **TALL)),
    Case("turned-180.mp4", _clip(clips.rotated, turn_deg=180, **TALL)),
    Case("turned-270.mp4", _clip(clips.rotated, turn_deg=270, **TALL)),
    Case("ten-bit.mp4", _clip(clips.ten_bit, face=True)),
    Case("grey.mkv", _clip(clips.grey, face=True)),
    Case("alpha.mov", _clip(clips.alpha, face=True)),
    Case("alpha.webm", _clip(clips.alpha, face=True)),
    Case("a.gif", _clip(clips.gif, face=True), 0.8),
    Case("fps120.mp4", _clip(clips.fps120, face=True), 1.0),
    Case("hour.mp4", _clip(clips.starts_at_an_hour, face=True)),
    Case("hour.mkv", _clip(clips.starts_at_an_hour, face=True)),
    Case("hour.ts", _clip(clips.starts_at_an_hour, face=True)),
    Case("back.ts", _clip(clips.jumping_back, face=True), 4.0),
    Case("one-frame.mp4", _clip(clips.one_frame, face=True), 0.04),
    Case("1x1.mov", _sized(1, 1), 0.2, faces=False),
    Case("1x1.gif", _sized(1, 1), 0.2, faces=False),
    Case("4001x3.mov", _sized(4001, 3), 0.2, faces=False),
    Case("3x4001.mp4", _sized(3, 4001), 0.2, faces=False),
    Case("321x181.mp4", _sized(321, 181), 0.2, faces=False),
    Case("open-gop.ts", _clip(clips.b_frames_open_gop, face=True)),
    Case("open-gop.mkv", _clip(clips.b_frames_open_gop, codec="libx264", face=True)),
    Case("sound.mp4", _clip(clips.with_audio, face=True)),
    Case("a [bold] 'name' \"of\" 10:30, ünï.mp4", _clip(clips.one_frame, face=True), 0.04),
    Case("new\nline.mp4", _clip(clips.one_frame, face=True), 0.04),
]
LOSSY = [
    Case("truncated.mkv", _clip(clips.truncated, face=True), 1.2),
    Case("truncated.ts", _clip(clips.truncated, face=True), 1.2),
    Case("truncated-index-first.mp4", _clip(clips.truncated, muxer={"movflags": "faststart"}, face=True), 1.2),
    Case("corrupt.mp4", _clip(clips.corrupt_packet, face=True)),
    Case("corrupt.mkv", _clip(clips.corrupt_packet, face=True)),
    Case("corrupt-keyframe.mp4", _clip(clips.corrupt_packet, packet=24, face=True)),
    Case("corrupt-first.mp4", _clip(clips.corrupt_packet, packet=0, face=True)),
    Case("corrupt-last.mp4", _clip(clips.corrupt_packet, packet=49, face=True)),
]
HOPELESS = {
    "sound-only.mkv": (clips.audio_only, "holds no video, only sound"),
    "empty.mp4": (clips.empty, "is empty"),
    "text.mp4": (clips.not_a_video, "is not a video that FFmpeg can open"),
    "truncated.mp4": (clips.truncated, "is not a video that FFmpeg can open"),
    "no-frames.mp4": (no_frames, "holds no video"),
    "no-frames.mkv": (no_frames, "is not a video that FFmpeg can open"),
}
ALL = SOUND + LOSSY


@dataclass(frozen=True)
class Run:
    """What one run left behind."""

    folder: Path
    out: Path
    reports: dict[str, dict[str, Any]]
    process: subprocess.CompletedProcess[str]

    def rows(self, name: str) -> dict[str, Any]:
        """The columns of a clip's timeline."""
        table: dict[str, Any] = pq.read_table(self.out / f"{name}.parquet").to_pydict()
        return table


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The command on the folder of all clips, with warnings as errors in all its processes."""
    folder, out = tmp_path_factory.mktemp("clips"), tmp_path_factory.mktemp("run") / "out"
    for case in ALL:
        case.make(folder / case.name)
    for name, (make, _) in HOPELESS.items():
        make(folder / name)
    command = [str(FEELIT), "analyze", str(folder), "--out", str(out), "--rate", str(RATE_HZ), "--min-face", "16", "--json"]
    environment = {"PYTHONWARNINGS": "error", "PATH": "", "LC_ALL": "C.UTF-8"}
    process = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment, check=False)
    reports = [json.loads(line) for line in process.stdout.splitlines()]
    return Run(folder, out, {Path(report["video"]).name: report for report in reports}, process)


def named(cases: list[Case], later: Collection[str] = ()) -> pytest.MarkDecorator:
    """A test for every clip, under its name; those of `later` are slow ones."""
    marks = {name: [pytest.mark.slow] for name in later}
    return pytest.mark.parametrize(
        "case", [pytest.param(c, id=ascii(c.name)[1:-1], marks=marks.get(c.name, [])) for c in cases]
    )


def test_a_run_with_failures_exits_10_and_says_no_more_than_a_line_for_each(run: Run) -> None:
    assert run.process.returncode == 10, run.process.stderr
    lines = run.process.stderr.splitlines()
    assert len(lines) == len(HOPELESS) + 1, run.process.stderr
    assert all(line.startswith("feelit: ") and line.endswith(")") for line in lines)
    assert lines[-1] == f"feelit: {len(HOPELESS)} of {len(ALL) + len(HOPELESS)} videos failed (the others are done)"


def test_nothing_is_left_but_the_timelines_and_the_manifest(run: Run) -> None:
    assert {p.name for p in run.out.iterdir()} == {"_manifest.parquet", *(f"{case.name}.parquet" for case in ALL)}
    assert {p.name for p in run.out.parent.iterdir()} == {"out"}


@pytest.mark.parametrize("name", HOPELESS)
def test_what_holds_no_video_is_reported_with_a_hint(name: str, run: Run) -> None:
    report = run.reports[name]
    assert (report["status"], report["exit_code"], report["error_kind"]) == ("failed", 3, "VideoReadError")
    assert f"{name} {HOPELESS[name][1]}" in report["error"]
    assert report["hint"]
    assert f"feelit: {report['error']} ({report['hint']})" in run.process.stderr.splitlines()


@named(ALL)
def test_frames_add_up_to_what_pyav_counts(case: Case, run: Run) -> None:
    report, rows = run.reports[case.name], run.rows(case.name)
    assert report["status"] == "done"
    assert report["decoded"] == report["sampled"] + report["skipped"]
    count = count_frames(run.folder / case.name)
    if case in LOSSY:  # what else would be lost with a damaged packet is not noticed where it is not decoded
        assert count <= report["decoded"] + report["discarded"] <= 50
    else:
        assert report["decoded"] + report["discarded"] == count
    assert report["sampled"] == len(set(rows["frame"]))
    assert report["faces"] == sum(track is not None for track in rows["track_id"])
    assert set(rows["video"]) == {report["video"]} == {str(run.folder / case.name)}


@named(ALL)
def test_time_begins_near_zero_runs_forward_and_ends_with_the_video(case: Case, run: Run) -> None:
    time_s = np.unique(run.rows(case.name)["time_s"])
    rows = run.rows(case.name)["time_s"]
    assert rows == sorted(rows)
    assert time_s[0] == pytest.approx(0.48 if case.name == "corrupt-first.mp4" else 0, abs=0.001)
    assert time_s[-1] < case.seconds + 0.05
    assert time_s[-1] >= case.seconds - 1 / RATE_HZ - 0.1
    assert run.reports[case.name]["duration_s"] == pytest.approx(case.seconds, abs=0.2 if case in LOSSY else 0.001)


@named([c for c in SOUND if c.seconds < 5])
def test_the_first_frame_of_every_interval_is_sampled(case: Case, run: Run) -> None:
    time_s = np.unique(run.rows(case.name)["time_s"])
    frame_s = 1 / 120 if case.name == "fps120.mp4" else 0.04
    assert time_s == pytest.approx(np.arange(len(time_s)) / RATE_HZ, abs=frame_s + 0.001)
    assert len(time_s) == int(np.ceil((case.seconds - 1e-6) * RATE_HZ))


@pytest.mark.parametrize("name", ["vfr.mp4", "vfr.mkv"])
def test_pauses_stay_pauses(name: str, run: Run) -> None:
    time_s = np.unique(run.rows(name)["time_s"])
    assert np.diff(time_s).max() == pytest.approx(2.0, abs=0.11)
    assert time_s[-1] == pytest.approx(5.0, abs=0.05)


@named([c for c in SOUND if c.faces and c.name != "sixty-faces.mp4"])
def test_the_face_is_found_where_it_is_in_the_upright_picture(case: Case, run: Run) -> None:
    rows = run.rows(case.name)
    size = {"turned-90.mp4": (240, 320), "turned-180.mp4": (320, 240), "turned-270.mp4": (240, 320)}.get(case.name, (320, 180))
    found = [i for i, track in enumerate(rows["track_id"]) if track is not None]
    assert len(found) >= 0.9 * run.reports[case.name]["sampled"]
    off = []
    for i in found:
        truth = clips.face_box(rows["frame"][i] % 50 if case.name == "back.ts" else rows["frame"][i], size)
        box = [rows[key][i] for key in ("x0", "y0", "x1", "y1")]
        off.append(np.abs(np.array(box) - truth).max() / (truth[3] - truth[1]))
    assert np.median(off) < 0.35


@named([c for c in ALL if not c.faces])
def test_where_nobody_is_there_are_rows_without_a_track(case: Case, run: Run) -> None:
    rows = run.rows(case.name)
    assert rows["track_id"] == rows["x0"] == rows["emotion"] == [None] * run.reports[case.name]["sampled"]
    assert not any(rows["readable"])


def test_sixty_faces_are_sixty_tracks(run: Run) -> None:
    assert run.reports["sixty-faces.mp4"]["tracks"] == 60
    assert len(run.rows("sixty-faces.mp4")["frame"]) == 60 * 3


@named([c for c in LOSSY if c.name.startswith("corrupt")])
def test_a_corrupt_packet_is_counted_and_the_rest_is_kept(case: Case, run: Run) -> None:
    report = run.reports[case.name]
    assert report["decode_errors"] == 1
    assert 38 <= report["decoded"] + report["discarded"] < 50
    assert report["faces"] > 0


def test_sound_videos_have_no_errors(run: Run) -> None:
    assert {name: r["decode_errors"] for name, r in run.reports.items() if r["decode_errors"]}.keys() <= {c.name for c in LOSSY}


class Silent:
    """Watches a run and says nothing."""

    def started(self, source: Source, info: VideoInfo) -> None: ...

    def advanced(self, source: Source, frames: int) -> None: ...

    def finished(self, report: VideoReport) -> None: ...


def analyze(videos: list[Path], out: Path, config: AnalyzeOptions, **how: Any) -> list[VideoReport]:
    """A run in this process."""
    return analyze_videos(find_videos(map(str, videos)), config, RunOptions(out=out, **how), Silent())


@named([c for c in ALL if c.name in {
    "plain.mp4", "vfr.mp4", "turned-90.mp4", "a.gif", "hour.ts", "back.ts", "open-gop.ts", "open-gop.mkv", "corrupt.mp4",
    "corrupt.mkv", "truncated.ts", "fps120.mp4",
}], later={
    "plain.mp4", "turned-90.mp4", "a.gif", "hour.ts", "open-gop.mkv", "corrupt.mp4", "truncated.ts", "fps120.mp4",
})  # fmt: skip
def test_rows_do_not_depend_on_how_the_work_was_cut(
    case: Case, run: Run, tmp_path: Path, serial: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feelit.run.pipeline.LEAST_SEGMENT_S", 0.1)
    monkeypatch.setattr("feelit.run.plan.LEAST_APART_S", 0.1)
    tables = []
    for i, (segment_s, batch) in enumerate([(100.0, 16), (0.1, 3)]):
        out = tmp_path / f"{i}.parquet"
        options = AnalyzeOptions(rate="12.5")
        (report,) = analyze([run.folder / case.name], out, options, segment_s=segment_s, batch=batch, workers=1)
        assert report.ok
        tables.append(pq.read_table(out))
    assert tables[0].num_rows > 5
    assert tables[0].equals(tables[1])


@pytest.mark.slow
def test_rows_do_not_depend_on_the_workers(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["open-gop.mkv", "corrupt.mp4", "vfr.mkv"]
    monkeypatch.setattr("feelit.run.pipeline.LEAST_SEGMENT_S", 0.5)
    monkeypatch.setattr("feelit.run.plan.LEAST_APART_S", 0.1)
    videos = [run.folder / name for name in names]
    analyze(videos, tmp_path / "real.parquet", AnalyzeOptions(rate="12.5"), workers=2, segment_s=0.5)
    monkeypatch.setattr("feelit.run.pipeline.LocalEngine", SerialEngine)
    analyze(videos, tmp_path / "serial.parquet", AnalyzeOptions(rate="12.5"), workers=1, segment_s=100)
    real, serial = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("real", "serial"))
    assert real.num_rows > 70
    assert real.equals(serial)


@pytest.mark.parametrize(
    ("start_s", "end_s", "frames"),
    [
        pytest.param(0.0, 1.0, range(0, 25), id="beginning"),
        pytest.param(1.0, float("inf"), range(25, 50), id="end"),
        pytest.param(0.5, 1.5, range(13, 38), id="middle"),
        pytest.param(1.99, 99.0, range(50, 50), id="after-the-last-frame"),
        pytest.param(100.0, 200.0, range(50, 50), id="beyond"),
    ],
)
@pytest.mark.parametrize("name", ["plain.mp4", "hour.ts", "open-gop.mkv"])
def test_only_what_lies_between_start_and_end_is_sampled(
    name: str,
    start_s: float,
    end_s: float,
    frames: range,
    run: Run,
    tmp_path: Path,
    serial: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("feelit.run.pipeline.LEAST_SEGMENT_S", 0.1)
    monkeypatch.setattr("feelit.run.plan.LEAST_APART_S", 0.1)
    config = AnalyzeOptions(rate="native", start_s=start_s, end_s=end_s, min_face_px=60)
    (report,) = analyze([run.folder / name], tmp_path / "a.parquet", config, segment_s=0.1, workers=1)
    rows = pq.read_table(tmp_path / "a.parquet")
    assert list(dict.fromkeys(rows["frame"].to_pylist())) == list(frames)
    assert sorted(set(rows["time_s"].to_pylist())) == pytest.approx([float(Fraction(n, 25)) for n in frames], abs=0.002)
    assert report.decoded == report.sampled + report.skipped
