"""The sample video and its truth are whole, agree with each other, and can be made again."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FOLDER = Path(__file__).parents[1] / "sample_videos"
VIDEO, TRUTH = FOLDER / "sample.mp4", FOLDER / "sample.truth.parquet"
FRAMES = 550
BOX = ("x0", "y0", "x1", "y1")


@pytest.fixture(scope="module")
def truth() -> pa.Table:
    return pq.read_table(TRUTH)


@pytest.fixture(scope="module")
def program() -> Iterator[ModuleType]:
    """The program that made the sample, as a module."""
    pytest.importorskip("skimage")
    spec = importlib.util.spec_from_file_location("make_sample", FOLDER / "make_sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_sample"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["make_sample"]


def test_it_is_small() -> None:
    assert VIDEO.stat().st_size < 2_000_000


def test_it_is_22_seconds_of_video_with_a_keyframe_every_three_seconds_or_sooner() -> None:
    with av.open(str(VIDEO)) as source:
        video = source.streams.video[0]
        assert (video.codec_context.name, video.pix_fmt, video.width, video.height) == ("h264", "yuv420p", 960, 540)
        assert video.average_rate == 25
        packets = [p for p in source.demux(video) if p.pts is not None]
        times_s = sorted(float(p.pts * p.time_base) for p in packets if p.pts is not None)
        keys_s = sorted(float(p.pts * p.time_base) for p in packets if p.pts is not None and p.is_keyframe)
    assert times_s == pytest.approx([n / 25 for n in range(FRAMES)])
    assert max(b - a for a, b in pairwise([*keys_s, FRAMES / 25])) <= 3


def test_it_has_sound_as_long_as_the_picture() -> None:
    with av.open(str(VIDEO)) as source:
        assert source.streams.audio[0].codec_context.name == "aac"
        sound = np.concatenate([frame.to_ndarray()[0] for frame in source.decode(audio=0)])
        assert len(sound) / source.streams.audio[0].rate == pytest.approx(FRAMES / 25, abs=0.1)
    assert 0.01 < np.abs(sound).max() < 0.3  # heard, and soft


def test_the_truth_lies_within_the_frames(truth: pa.Table) -> None:
    kinds = {"frame": pa.int64(), "time_s": pa.float64(), "person": pa.int32()}
    assert dict(zip(truth.schema.names, truth.schema.types, strict=True)) == kinds | dict.fromkeys(BOX, pa.float32())
    frame, time_s, person, x0, y0, x1, y1 = (column.to_numpy() for column in truth.columns)
    assert frame.min() == 0
    assert frame.max() == FRAMES - 1
    assert (time_s == frame / 25).all()
    assert sorted(set(person)) == [0, 1, 2, 3]
    assert ((x0 >= 0) & (x0 < x1) & (x1 <= 960)).all()
    assert ((y0 >= 0) & (y0 < y1) & (y1 <= 540)).all()
    assert ((y1 - y0 >= 60) & (y1 - y0 <= 250)).all()
    assert len(set(zip(frame, person, strict=True))) == len(frame)


def test_the_truth_counts_who_is_there(truth: pa.Table) -> None:
    faces = np.bincount(truth["frame"].to_numpy(), minlength=FRAMES)
    assert (faces[:75] == 4).all()
    assert (faces[75:125] == 3).all()  # a camera is off
    assert (faces[275:350] == 0).all()  # the slide
    assert (faces[475:] == 4).all()


def test_it_is_made_again_with_the_same_truth(program: ModuleType, tmp_path: Path, truth: pa.Table) -> None:
    pq.write_table(program.truth(), tmp_path / "again.parquet")
    again = pq.read_table(tmp_path / "again.parquet")
    assert again.schema.equals(truth.schema)
    for name in truth.schema.names:  # another machine's sine may differ in the last bit
        assert again[name].to_numpy() == pytest.approx(truth[name].to_numpy(), abs=0.001 if name in BOX else 0), name


def test_the_video_is_what_the_program_draws(program: ModuleType) -> None:
    with av.open(str(VIDEO)) as source:
        frames = source.decode(video=0)
        for n, drawn in zip(range(3), program.pictures(), strict=False):
            shown = next(frames).to_ndarray(format="rgb24")
            assert np.abs(shown.astype(float) - drawn).mean() < 4, f"frame {n}"
