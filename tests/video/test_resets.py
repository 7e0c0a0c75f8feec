"""Which samples a segment could begin with: after these, nothing that came before counts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from feelit.options.analyze import rate_hz
from feelit.run.plan import cut
from feelit.types import Sampling, View
from feelit.video.probe import probe
from feelit.video.reader import SegmentReader
from tests.video.clips import plain

VIEW = View(32, 32, 32, 32, 1.0, 1.0, "luma")


def resets(path: Path, rate: str, segment_s: float) -> list[float]:
    """Their times in s; of two samples of one interval, the one of the earlier segment counts."""
    found, sampling = probe(path), Sampling(rate_hz(rate))
    times, tick = [], -1
    for segment in cut(found, sampling, segment_s).segments:
        for sample in SegmentReader(found.info, segment, sampling, VIEW):
            if sample.tick != tick and sample.reset:
                times.append(round(sample.time_s, 2))
            tick = sample.tick
    return times


@pytest.mark.parametrize("segment_s", [1.0, 100.0], ids=["cut", "whole"])
@pytest.mark.parametrize(
    ("gop", "rate", "expected"),
    [
        pytest.param(25, "10", [0, 1, 2, 3], id="keyframes-that-begin-an-interval"),
        pytest.param(26, "native", [0, 1.04, 2.08, 3.12], id="every-frame"),
        pytest.param(26, "10", [0, 1.12, 2.12, 3.12, 3.2], id="keyframes-within-an-interval"),
    ],
)
def test_a_keyframe_begins_again_once(tmp_path: Path, gop: int, rate: str, segment_s: float, expected: list[float]) -> None:
    path = plain(tmp_path / "clip.mp4", frames=100, gop=gop, size=(64, 48), options={"x264-params": f"keyint={gop}:scenecut=0"})
    assert resets(path, rate, segment_s) == expected


@pytest.mark.parametrize("segment_s", [1.0, 100.0], ids=["cut", "whole"])
@pytest.mark.parametrize(
    ("gop", "rate", "expected"),
    [
        pytest.param(26, "native", [0, 0.52, 1.0, 1.04, 1.52, 2.0, 2.08, 2.52], id="every-frame"),
        pytest.param(26, "10", [0, 0.52, 1.0, 1.12, 1.52, 2.0, 2.12, 2.52], id="keyframes-within-an-interval"),
    ],
)
def test_which_faces_are_classified_does_not_depend_on_segments(
    tmp_path: Path, gop: int, rate: str, segment_s: float, expected: list[float]
) -> None:
    path = plain(tmp_path / "clip.mp4", frames=75, gop=gop, size=(64, 48), options={"x264-params": f"keyint={gop}:scenecut=0"})
    found, sampling = probe(path), Sampling(rate_hz(rate), classify_hz=Fraction(2))
    times, tick = [], -1
    for segment in cut(found, sampling, segment_s).segments:
        for sample in SegmentReader(found.info, segment, sampling, VIEW):
            if sample.tick != tick and sample.classified:
                times.append(round(sample.time_s, 2))
            tick = sample.tick
    assert times == expected
