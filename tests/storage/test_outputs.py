"""What commands other than analyze write into buckets, and the videos that they read there."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import av
import numpy as np
import pytest

import feelit
from feelit.types import Float32
from tests.conftest import Command, serially
from tests.evaluation.made import classifier, write_data
from tests.storage.conftest import Bucket
from tests.video import clips

FAST = ("--method", "occlusion", "--patch", "32", "--stride", "32")


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with v.mp4, which shows a face, and its timeline t.parquet."""
    folder = tmp_path_factory.mktemp("analysed")
    clips.plain(folder / "v.mp4", face=True, rate=10, frames=16)
    with contextlib.chdir(folder), serially():
        feelit.analyze("v.mp4", "t.parquet", workers=1)
    return folder


@pytest.fixture
def here(bucket: Bucket, analysed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with links to both; the video is in the bucket as well."""
    folder = tmp_path / "here"
    folder.mkdir()
    for name in ("v.mp4", "t.parquet"):
        (folder / name).symlink_to(analysed / name)
    monkeypatch.chdir(folder)
    bucket.put("videos/v.mp4", analysed / "v.mp4")
    return folder


def is_refused(command: Command, *arguments: str, out: str) -> bool:
    """Whether a second run says that an object is in the way."""
    ran = command(*arguments)
    return (ran.code, ran.lines) == (5, [f"feelit: {out} exists already (give another --out, or --force to replace it)"])


def shown(video: str) -> list[Float32]:
    """The frames of a video as they are stored."""
    with av.open(video) as container:
        return [frame.to_ndarray().astype(np.float32) for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("arguments", "key", "start"),
    [
        pytest.param(["export", "t.parquet", "--out", "s3://lab/o/a.srt"], "o/a.srt", b"1\n00:", id="export"),
        pytest.param(
            ["export", "t.parquet", "--format", "elan", "--out", "s3://lab/o/"], "o/v.mp4.eaf", b"<?xml", id="export, a folder"
        ),
        pytest.param(["export", "t.parquet", "--out", "s3://lab/o/a.csv"], "o/a.csv", b"video,", id="export, of any number"),
        pytest.param(
            ["explain", "expression", "v.mp4@0.5", *FAST, "--out", "s3://lab/o/e.png"], "o/e.png", b"\x89PNG", id="explain"
        ),
        pytest.param(["people", "t.parquet", "--sheet", "s3://lab/o/p.html"], "o/p.html", b"<!doctype", id="people"),
    ],
)
def test_outputs_go_into_a_bucket(
    here: Path, bucket: Bucket, command: Command, arguments: list[str], key: str, start: bytes
) -> None:
    assert command(*arguments).code == 0
    assert bucket.get(key).startswith(start)
    assert is_refused(command, *arguments, out=f"s3://lab/{key}")
    assert sorted(path.name for path in here.rglob("*")) == ["t.parquet", "v.mp4"]


def test_formats_of_any_number_of_videos_need_a_file(here: Path, command: Command) -> None:
    ran = command("export", "t.parquet", "--format", "csv", "--out", "s3://lab/o/")
    assert (ran.code, ran.lines) == (
        2, ["feelit: --out s3://lab/o/ is a folder (name a file in it, as in s3://lab/o/timeline.csv)"]
    )  # fmt: skip


def test_an_export_that_is_an_input_is_refused(here: Path, bucket: Bucket, command: Command) -> None:
    there = "s3://lab/t.parquet"
    bucket.put("t.parquet", here / "t.parquet")
    ran = command("export", there, "--format", "csv", "--out", there, "--force")
    assert (ran.code, ran.lines) == (
        2,
        [f"feelit: {there} is read, and would be replaced (choose another name for the output)"],
    )
    assert bucket.get("t.parquet") == (here / "t.parquet").read_bytes()
    bucket.put("t.csv", b"old")
    assert command("export", there, "--out", "s3://lab/t.csv", "--force").code == 0
    assert bucket.get("t.csv").startswith(b"video,")


def test_an_evaluation_goes_into_a_bucket(here: Path, bucket: Bucket, command: Command) -> None:
    model, data = classifier(here), write_data(here)
    arguments = ("evaluate", str(model), "--data", str(data), "--framing", "original", "--json", "--out", "s3://lab/scores/")
    ran = command(*arguments)
    assert ran.code == 0
    assert json.loads(bucket.get("scores/scores.json")) == json.loads(ran.out)
    assert [key for key in bucket.names() if key.endswith(".png")] == ["scores/confusion.png", "scores/reliability.png"]
    assert is_refused(command, *arguments, out="s3://lab/scores/scores.json")


def test_annotated_videos_of_an_analysis_go_into_a_bucket(here: Path, bucket: Bucket, command: Command, serial: None) -> None:
    ran = command("analyze", "s3://lab/videos/", "--out", "out", "--annotate", "s3://lab/drawn/", "--quiet")
    assert (ran.code, ran.err) == (0, "")
    assert bucket.get("drawn/v.mp4.annotated.mp4")[4:8] == b"ftyp"
    assert not list(here.rglob("*.annotated.mp4"))
    before = bucket.get("videos/v.mp4")
    ran = command("analyze", "s3://lab/videos/v.mp4", "--annotate", "s3://lab/videos/v.mp4", "--force")
    assert (ran.code, bucket.get("videos/v.mp4")) == (2, before)


def test_clips_of_a_video_in_a_bucket_go_into_a_bucket(here: Path, bucket: Bucket, command: Command) -> None:
    arguments = ("clips", "s3://lab/videos/v.mp4", "t.parquet", "--before", "0.2", "--after", "0.2", "--out", "s3://lab/c/")
    assert command(*arguments, "--at", "0.5,1").code == 0
    first = [key for key in bucket.names() if key.startswith("c/")]
    assert len(first) == 3
    assert first[-1] == "c/clips.csv"
    assert all(bucket.get(key)[4:8] == b"ftyp" for key in first[:2])
    assert command("clips", "v.mp4", *arguments[2:-1], "here", "--at", "0.5,1").code == 0
    assert bucket.get("c/clips.csv").replace(b"s3://lab/videos/", b"") == Path("here/clips.csv").read_bytes()
    ran = command(*arguments, "--at", "0.7")
    assert (ran.code, ran.lines) == (
        5, ["feelit: s3://lab/c/ holds clips already (give another --out, or --force to replace them)"]
    )  # fmt: skip
    assert command(*arguments, "--at", "0.7", "--force").code == 0
    (clip, index) = [key for key in bucket.names() if key.startswith("c/")]
    assert clip not in first
    assert clip.removeprefix("c/") in bucket.get(index).decode()


def test_a_video_in_a_bucket_is_annotated_as_the_file_is(here: Path, bucket: Bucket, command: Command) -> None:
    bucket.put("t.parquet", here / "t.parquet")
    there, video = "s3://lab/t.parquet", "s3://lab/videos/v.mp4"
    ran = command("annotate", video, there, "--out", "s3://lab/a.mp4")
    assert (ran.code, ran.err) == (0, "")
    assert command("annotate", "v.mp4", "t.parquet", "--out", "a.mp4").code == 0
    Path("b.mp4").write_bytes(bucket.get("a.mp4"))
    pairs = list(zip(shown("a.mp4"), shown("b.mp4"), strict=True))
    assert len(pairs) == 16
    assert max(np.abs(one - other).mean() for one, other in pairs) < 1  # the encoder may do without a bit
    ran = command("annotate", video, there, "--out", video, "--force")
    assert (ran.code, ran.lines[0].startswith(f"feelit: {video} is read, and would be replaced")) == (2, True)
    ran = command("annotate", "s3://lab/none.mp4", there, "--out", "c.mp4")
    assert (ran.code, ran.lines[0].startswith("feelit: s3://lab/none.mp4 does not exist")) == (3, True)


@pytest.mark.parametrize("given", ["s3://lab/videos/", "s3://lab/videos/v.mp4"])
def test_a_report_shows_faces_of_a_video_in_a_bucket(here: Path, command: Command, given: str) -> None:
    assert command("report", "t.parquet", "--video", given, "--out", "r.html").code == 0
    page = Path("r.html").read_text(encoding="utf-8")
    assert '"footage": {"status": "bucket"}' in page or '"footage":{"status":"bucket"}' in page
    assert "data:image/jpeg" in page


@pytest.mark.parametrize("given", ["s3://lab/videos/", "s3://lab/videos/v.mp4"])
def test_a_sheet_shows_faces_of_a_video_in_a_bucket(here: Path, command: Command, given: str) -> None:
    (here / "v.mp4").unlink()
    ran = command("people", "t.parquet", "--videos", given, "--sheet", "p.html", "--quiet")
    assert (ran.code, ran.err) == (0, "")
    assert "data:image/jpeg" in Path("p.html").read_text(encoding="utf-8")
    ran = command("people", "t.parquet", "--videos", "s3://lab/none/", "--sheet", "q.html")
    assert (ran.code, ran.lines[0].startswith("feelit: s3://lab/none/ does not exist")) == (3, True)
