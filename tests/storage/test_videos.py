"""Videos in a bucket are what they are on a disk, and cost few requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from feelit.errors import UsageError, VideoReadError
from feelit.run.plan import cut
from feelit.storage import blocks, objects
from feelit.storage.location import Url
from feelit.types import Sampling, VideoInfo
from feelit.video.decoding import SegmentDecoder
from feelit.video.probe import Probe, fingerprint, open_video, probe
from tests.storage.conftest import Bucket
from tests.storage.proxy import Fault, Trouble
from tests.video import clips

FAST = {"movflags": "faststart"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}
HYBRID = {"movflags": "frag_keyframe"}


def make(name: str, maker: Callable[..., Path], later: bool = False, **asked: object) -> object:
    """A clip; `later` leaves it to the slow tests."""
    name_of_case = f"{maker.__name__}{''.join(f'-{v}' for v in asked.values())}-{name}"
    return pytest.param(name, maker, asked, id=name_of_case, marks=[pytest.mark.slow] if later else [])


CLIPS = [
    make("a.mp4", clips.plain),
    make("a.mp4", clips.plain, muxer=FAST),
    make("a.mp4", clips.plain, muxer=FRAGMENTS),
    make("a.mp4", clips.plain, muxer=HYBRID),
    make("a.mp4", clips.plain, later=True, codec="libx265"),
    make("a.mp4", clips.vfr),
    make("a.mp4", clips.rotated, later=True),
    make("a.mov", clips.alpha, frames=3),
    make("a.mp4", clips.b_frames_open_gop, later=True),
    make("a.mp4", clips.with_audio, later=True),
    make("a.mp4", clips.one_frame),
    make("a.mp4", clips.truncated, muxer=FAST),
    make("a.mp4", clips.corrupt_packet),
    make("a.mkv", clips.plain),
    make("a.webm", clips.plain, codec="libvpx-vp9"),
    make("a.ts", clips.starts_at_an_hour),
    make("a.avi", clips.plain, later=True, codec="mpeg4"),
    make("a.gif", clips.gif, later=True),
]


def lumas(info: VideoInfo, found: Probe) -> list[tuple[int | None, bytes]]:
    plan = cut(found, Sampling(), 0.5)
    return [(frame.pts, bytes(frame.planes[0])) for segment in plan.segments for frame in SegmentDecoder(info, segment)]


@pytest.mark.parametrize(("name", "maker", "asked"), CLIPS)
def test_a_video_in_a_bucket_is_the_one_on_the_disk(
    name: str,
    maker: Callable[..., Path],
    asked: dict[str, object],
    bucket: Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 1 << 14)
    path = maker(tmp_path / name, **asked)
    local = probe(path)
    there = probe(bucket.put(name, path))
    assert replace(there.info, path=path) == local.info
    assert isinstance(there.info.path, Url)
    assert there.info.path.tag
    assert set(there.keyframe_pts) <= set(local.keyframe_pts)
    assert lumas(there.info, local) == lumas(local.info, local)
    assert fingerprint(there.info.path) == fingerprint(path)


@pytest.fixture
def fine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks, and what a fingerprint is taken of, are small, so that small videos are long."""
    monkeypatch.setattr(blocks, "BLOCK", 1 << 13)
    monkeypatch.setattr("feelit.video.probe.MIB", 1 << 13)


@pytest.mark.parametrize("muxer", [{}, FAST], ids=["index last", "index first"])
def test_an_mp4_is_probed_by_its_index(bucket: Bucket, tmp_path: Path, muxer: dict[str, str], fine: None) -> None:
    """Its beginning, where its first frames are, and its end; nothing between."""
    path = clips.plain(tmp_path / "a.mp4", frames=100, muxer=muxer, options={"crf": "8"})
    assert path.stat().st_size > 32 << 13
    found = probe(bucket.put("a.mp4", path))
    assert len(found.keyframe_pts) == 9
    assert (bucket.proxy.count("HEAD"), bucket.proxy.count("GET")) <= (1, 8)
    assert bucket.proxy.bytes_given() < 12 << 13


def test_any_other_video_is_read_once(bucket: Bucket, tmp_path: Path, fine: None) -> None:
    path = clips.plain(tmp_path / "a.mkv", frames=50)
    size = path.stat().st_size
    probe(bucket.put("a.mkv", path))
    assert bucket.proxy.bytes_given() == size
    assert bucket.proxy.count("GET") <= 4 + size / (blocks.MOST_AHEAD * blocks.BLOCK)


def test_segments_of_one_video_share_what_was_read(bucket: Bucket, tmp_path: Path) -> None:
    path = clips.plain(tmp_path / "a.mp4", frames=100)
    found = probe(bucket.put("a.mp4", path))
    bucket.proxy.forget()
    assert lumas(found.info, found) == lumas(replace(found.info, path=path), found)
    assert bucket.proxy.asked == [], "all of it had been read by the probe"


@pytest.mark.parametrize("trouble", ["reset", "503", "break off", "too short"])
def test_a_storage_that_fails_in_the_middle_is_no_damaged_video(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Trouble, capfd: pytest.CaptureFixture[str]
) -> None:
    """Damage is bridged over; this is not, or rows would be missing."""
    monkeypatch.setattr(blocks, "BLOCK", 1 << 14)
    found = probe(bucket.put("a.mkv", clips.plain(tmp_path / "a.mkv")))
    for after in range(3):
        objects._latest.clear()
        bucket.fail(Fault(trouble, times=99, after=after))
        with pytest.raises(VideoReadError, match=r"s3://lab/a\.mkv"):
            lumas(found.info, found)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_probe_that_is_cut_short_is_reported(bucket: Bucket, tmp_path: Path, method: str) -> None:
    url = bucket.put("a.mkv", clips.plain(tmp_path / "a.mkv"))
    bucket.fail(Fault("reset", method, times=99))
    with pytest.raises(VideoReadError, match="cannot be reached: the connection was reset"):
        probe(url)


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        pytest.param(b"", "s3://lab/a.mp4 is empty", id="empty"),
        pytest.param(b"no video" * 99, "s3://lab/a.mp4 is not a video that FFmpeg can open", id="text"),
    ],
)
def test_what_is_no_video_is_reported(bucket: Bucket, content: bytes, reported: str) -> None:
    with pytest.raises(VideoReadError, match=reported):
        probe(bucket.put("a.mp4", content))


def test_a_playlist_in_a_bucket_opens_nothing_else(bucket: Bucket, tmp_path: Path) -> None:
    """FFmpeg would ask any machine, and read any file, that a playlist names."""
    path = clips.plain(tmp_path / "part.ts")
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\n{}\n#EXT-X-ENDLIST\n"
    for target in (f"{bucket.proxy.url}/lab/part.ts", f"file:{path}", str(path)):
        url = bucket.put("list.m3u8", playlist.format(target).encode())
        bucket.put("part.ts", path)
        bucket.proxy.forget()
        with pytest.raises(VideoReadError):
            probe(url)
        assert bucket.proxy.count("GET", "part.ts") == 0
    script = bucket.put("list.ffconcat", f"ffconcat version 1.0\nfile '{path}'\n".encode())
    with pytest.raises(VideoReadError):
        probe(script)


def test_a_path_that_was_an_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"s3://lab/a\.mp4 is an address, and a local file is needed here"):
        open_video(Path("s3://lab/a.mp4"))
    (tmp_path / "s3:" / "lab").mkdir(parents=True)
    clips.plain(tmp_path / "s3:" / "lab" / "a.mp4")
    assert probe(Path("s3:/lab/a.mp4")).info.packets == 50
