"""Frames that nobody looks at are not decoded, and nothing else changes: pixels, numbers and times of samples stay the same."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from feelit.run.plan import cut
from feelit.types import Sampling, View
from feelit.video.decoding import DISCARDING
from feelit.video.probe import Probe, probe
from feelit.video.reader import SegmentReader

VIEW = View(32, 32, 32, 32, 1.0, 1.0, "luma")
SIZE = (160, 96)
FRAMES = 120

ENCODERS = {
    "h264": ("libx264", {"bf": "3", "g": "40"}),
    "h264-pyramid-open-gop": (
        "libx264",
        {"bf": "3", "b-pyramid": "normal", "g": "40", "flags": "-cgop", "x264-params": "open-gop=1"},
    ),
    "h264-no-b-frames": ("libx264", {"bf": "0", "g": "40"}),
    "hevc": ("libx265", {"x265-params": "keyint=40:bframes=3:open-gop=0:log-level=error"}),
    "hevc-open-gop": ("libx265", {"x265-params": "keyint=40:bframes=3:open-gop=1:log-level=error"}),
    "mpeg4": ("mpeg4", {"bf": "2", "g": "40"}),
    "vp9": ("libvpx-vp9", {"g": "40", "deadline": "realtime", "cpu-used": "8"}),
    "av1": ("libsvtav1", {"g": "40", "preset": "12"}),
}


@pytest.fixture(scope="module", params=ENCODERS)
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Probe:
    """A moving pattern with noise, keyframes 40 frames apart."""
    encoder, options = ENCODERS[request.param]
    if encoder not in av.codecs_available:
        pytest.skip(f"no {encoder} in this FFmpeg")
    path = tmp_path_factory.mktemp("discarding") / f"{request.param}.mkv"
    rng = np.random.default_rng(3)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    with av.open(str(path), "w") as out:
        stream = cast(VideoStream, out.add_stream(encoder, 25, options=options))
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for n in range(FRAMES):
            luma = 128 + 60 * np.sin((x + 3 * n) / 9) + 40 * np.cos((y - 2 * n) / 7) + rng.normal(0, 6, x.shape)
            frame = av.VideoFrame.from_ndarray(np.repeat(luma.clip(0, 255).astype(np.uint8)[..., None], 3, 2), "rgb24")
            frame.pts = n
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return probe(path)


def read(video: Probe, sampling: Sampling, segment_s: float, threads: int) -> tuple[list[tuple[int, float, bytes]], int, int]:
    """The samples with their frame numbers, the frames that were decoded, and those that were not."""
    samples, decoded, discarded = [], 0, 0
    plan = cut(video, sampling, segment_s)
    for segment in plan.segments:
        reader = SegmentReader(video.info, segment, sampling, VIEW, threads)
        before = plan.first_frame + decoded + discarded
        samples += [(s.frame + before, s.time_s, s.luma.tobytes()) for s in reader]
        decoded, discarded = decoded + reader.decoded, discarded + reader.discarded
    return samples, decoded, discarded


def first_of_ticks(samples: list[tuple[int, float, bytes]], rate: Fraction) -> list[tuple[int, float, bytes]]:
    """What sampling at a rate has to give, from all frames."""
    found: dict[int, tuple[int, float, bytes]] = {}
    for sample in samples:
        found.setdefault(int(Fraction(sample[1]).limit_denominator(1000) * rate // 1), sample)
    return list(found.values())


@pytest.fixture(scope="module")
def everything(video: Probe) -> list[tuple[int, float, bytes]]:
    """All frames of a video."""
    samples, decoded, discarded = read(video, Sampling(None), 100.0, 1)
    assert (len(samples), decoded, discarded) == (FRAMES, FRAMES, 0)
    return samples


# at 13/20 a second frames 39 and 77 are wanted, which in an open group need frames of the group before
@pytest.mark.parametrize("rate", ["10", "13/20", *(pytest.param(rate, marks=pytest.mark.slow) for rate in ("5", "1", "0.3"))])
def test_samples_are_those_of_decoding_everything(
    video: Probe, everything: list[tuple[int, float, bytes]], rate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a whole and in segments, by one thread and by two."""
    monkeypatch.setattr("feelit.run.plan.LEAST_APART_S", 0.0)
    sampling = Sampling(Fraction(rate))
    expected = first_of_ticks(everything, Fraction(rate))
    numbers = {number for number, _, _ in expected}
    whole: tuple[int, int] | None = None
    for segment_s, threads in ((100.0, 1), (100.0, 2), (0.5, 1), (0.5, 2)):
        samples, decoded, discarded = read(video, sampling, segment_s, threads)
        assert [sample for sample in samples if sample[0] in numbers] == expected, (segment_s, threads)
        assert all(sample in everything for sample in samples), "at a boundary both sides of a tick are sampled"
        assert decoded + discarded == video.info.packets == FRAMES
        whole = whole or (decoded, discarded)
        if rate == "10":  # else a keyframe that a segment begins with is decoded as well
            assert (decoded, discarded) == whole


def test_a_start_within_a_group_discards_what_comes_before(video: Probe) -> None:
    sampling = Sampling(Fraction(10), 2.1, 3.0)
    plain = replace(video.info, codec="none of these")
    reader = SegmentReader(plain, cut(video, sampling, 100.0).segments[0], sampling, VIEW)
    expected = [(s.frame, s.time_s, s.luma.tobytes()) for s in reader]
    assert reader.discarded == 0
    reader = SegmentReader(video.info, cut(video, sampling, 100.0).segments[0], sampling, VIEW)
    assert [(s.frame, s.time_s, s.luma.tobytes()) for s in reader] == expected


def test_frames_are_discarded_at_all(video: Probe) -> None:
    _, _, fine = read(video, Sampling(Fraction(5)), 100.0, 1)
    _, _, coarse = read(video, Sampling(Fraction(1, 4)), 100.0, 1)
    name = video.info.path.name
    assert coarse >= (60 if video.info.codec in DISCARDING and "open" not in name else 0)
    assert (fine > 20) == (name.startswith(("h264.", "h264-pyramid", "hevc", "mpeg4")))
