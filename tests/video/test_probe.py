"""Files that claim more than they hold, or that point elsewhere."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest

from feelit.errors import VideoReadError
from feelit.run.segment import BATCH_BYTES
from feelit.types import MOST_S, Sampling, Segment
from feelit.video import probe as module
from feelit.video.probe import open_video, probe, video_stream
from feelit.video.reader import SegmentReader
from feelit.video.shape import MOST_PIXELS
from feelit.vision.detector import view_of
from tests.video import clips


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ffconcat version 1.0\nfile other.mp4\n", id="concat"),
        pytest.param("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.mp4\n#EXT-X-ENDLIST\n", id="hls"),
        pytest.param(
            "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n", id="hls-address"
        ),
        pytest.param("v=0\no=- 0 0 IN IP4 127.0.0.1\nt=0 0\nm=video 1 RTP/AVP 96\na=rtpmap:96 H264/90000\n", id="sdp"),
        pytest.param(
            '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet><Representation'
            ' mimeType="video/mp4" bandwidth="1"><BaseURL>other.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>',
            id="dash",
        ),
    ],
)
@pytest.mark.parametrize("name", ["list.mp4", "list.m3u8"])
def test_a_list_of_other_files_is_no_video(text: str, name: str, tmp_path: Path) -> None:
    clips.plain(tmp_path / "other.mp4", frames=3)
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(VideoReadError, match="is not a video that FFmpeg can open"):
        probe(tmp_path / name)


def claims(path: Path, width_px: int, height_px: int) -> Path:
    """A picture of that size in a few bytes: nearly all of it is missing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">2I5B", width_px, height_px, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 16))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def test_a_picture_that_only_claims_to_be_huge_takes_no_memory(tmp_path: Path) -> None:
    with pytest.raises(VideoReadError):
        probe(claims(tmp_path / "a.png", 16_000, 15_000))


def test_the_size_that_a_container_claims_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    data = clips.plain(path, codec="rawvideo", size=(64, 64), frames=2).read_bytes()
    for element, old in ((b"\xb0", 64), (b"\xba", 64)):  # PixelWidth and PixelHeight, one byte each
        assert data.count(element + b"\x81" + bytes([old])) == 1
    data = data.replace(b"\xb0\x81\x40", b"\xb0\x82\x7f\xff").replace(b"\xba\x81\x40", b"\xba\x82\x7f\xff")
    path.write_bytes(data)
    with pytest.raises(VideoReadError, match=r"a\.mkv"):
        probe(path)


def test_the_largest_picture_is_larger_than_8k_and_bounded(tmp_path: Path) -> None:
    assert 2 * 7680 * 4320 <= MOST_PIXELS <= 4 * BATCH_BYTES
    path = clips.sized(tmp_path / "a.mov", 4001, 3)
    with open_video(path) as container:
        assert video_stream(container, path).codec_context.options == {"max_pixels": str(MOST_PIXELS)}


def test_a_picture_that_is_larger_is_reported_with_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clips.plain(tmp_path / "a.mp4", frames=2, size=(320, 180))
    monkeypatch.setattr("feelit.video.probe.MOST_PIXELS", 320 * 180 - 1)
    with pytest.raises(VideoReadError, match="claims a picture of 320 x 180 px"):
        probe(path)


def test_a_timestamp_beyond_all_reason_is_taken_for_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.nut"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for n in range(6):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96), 40 * n, np.uint8), format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = n, Fraction(1, 25)
            for packet in stream.encode(frame):
                if n == 5:
                    packet.pts = packet.dts = round(2 * MOST_S) * 25
                out.mux(packet)
        out.mux(stream.encode())
    found = probe(path)
    assert found.info.duration_s == pytest.approx(0.24)  # six frames of 0.04 s
    assert found.keyframe_pts == ()
    reader = SegmentReader(found.info, Segment(0, None, None, 6), Sampling(None), view_of(96, 64, 20))
    assert [sample.time_s for sample in reader] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16, 0.2])


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(clips.plain, id="mp4"),
        pytest.param(clips.b_frames_open_gop, id="b-frames"),
        pytest.param(clips.rotated, id="rotated"),
        pytest.param(clips.ten_bit, id="10-bit"),
        pytest.param(clips.with_audio, id="sound"),
        pytest.param(clips.starts_at_an_hour, id="late-start"),
        pytest.param(clips.vfr, id="variable-rate"),
        pytest.param(partial(clips.plain, codec="hevc"), id="hevc"),
        pytest.param(partial(clips.plain, codec="mpeg4"), id="mpeg4"),
        pytest.param(partial(clips.corrupt_packet, packet=0), id="damaged-first-packet"),
    ],
)
def test_a_probe_that_decodes_little_finds_the_same(
    make: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "a.mp4")
    found = probe(path)
    monkeypatch.setattr(module, "open_video", lambda path, **_: open_video(path))
    monkeypatch.setattr(module, "_first_frame", module._try_decode)
    assert probe(path) == found


def test_frames_are_not_decoded_to_open_an_mp4_for_its_packets(tmp_path: Path) -> None:
    path = clips.plain(tmp_path / "a.mp4")
    for decoding in (True, False):
        with open_video(path, decoding=decoding) as container:  # FFmpeg knows the pixel format from a decoded frame alone
            assert (container.streams.video[0].codec_context.pix_fmt is not None) is decoding
