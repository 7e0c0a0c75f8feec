"""Loudness of a video's sound, on the player's clock."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from feelit.errors import VideoReadError
from feelit.signals.voice import QUIETEST_DB
from feelit.storage.location import Url
from feelit.types import Float32
from feelit.video import voice
from feelit.video.voice import LATER, Loudness, measures

RATE_HZ = 16_000


def noise(length_s: float, level: float = 0.2, seed: int = 1) -> Float32:
    return (level * np.random.default_rng(seed).standard_normal(round(length_s * RATE_HZ))).astype(np.float32)


def clip(path: Path, sound: Float32 | None, first_s: float = 0.0) -> Path:
    """Two seconds of grey, with sound that begins at a time."""
    with av.open(str(path), "w") as out:
        pictures = out.add_stream("mpeg4", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        track = out.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono") if sound is not None else None
        for _ in range(50):
            out.mux(pictures.encode(av.VideoFrame.from_ndarray(np.full((48, 64), 90, np.uint8), "gray")))
        out.mux(pictures.encode(None))
        if track is not None and sound is not None:
            for first in range(0, len(sound), 1600):
                part = av.AudioFrame.from_ndarray((sound[None, first : first + 1600] * 32767).astype(np.int16), "s16", "mono")
                part.sample_rate, part.time_base = RATE_HZ, Fraction(1, RATE_HZ)
                part.pts = first + round(first_s * RATE_HZ)
                out.mux(track.encode(part))
            out.mux(track.encode(None))
    return path


@pytest.mark.parametrize("asked", [[99.0], [0.1, 0.7, 0.7, 99.0]])
def test_loudness_is_that_of_the_time_however_it_is_asked_for(tmp_path: Path, asked: list[float]) -> None:
    quiet = np.zeros(RATE_HZ // 2, np.float32)
    path = clip(tmp_path / "a.mkv", np.concatenate([quiet, noise(0.5), quiet, noise(0.5)]))
    found = Loudness(path)
    for time_s in asked:
        sound = found.until(time_s)
        assert len(sound) <= np.ceil(time_s * 50)
    level = sound[:, 0]
    assert len(level) in (98, 99)
    assert (level[2:22] == QUIETEST_DB).all()
    assert (level[27:48] > -25).all()
    assert (level[52:73] == QUIETEST_DB).all()
    assert (level[77:97] > -25).all()
    np.testing.assert_array_equal(sound, Loudness(path).until(99))


def test_sound_that_begins_late_is_silent_before(tmp_path: Path) -> None:
    level = Loudness(clip(tmp_path / "a.mkv", noise(1.0), first_s=0.6)).until(99)[:, 0]
    assert (level[:28] < -90).all()
    assert (level[32:75] > -25).all()


def test_a_video_without_sound_and_one_that_is_none_have_no_loudness(tmp_path: Path) -> None:
    assert not len(Loudness(clip(tmp_path / "a.mkv", None)).until(9))
    (tmp_path / "b.mp4").write_bytes(b"no video")
    assert not len(Loudness(tmp_path / "b.mp4").until(9))
    assert not len(Loudness(tmp_path / "missing.mp4").until(9))


def test_a_damaged_stretch_is_silent_and_nothing_is_shifted(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mkv", noise(2.0))
    whole = Loudness(path).until(99)[:, 0]
    data = bytearray(path.read_bytes())
    data[len(data) * 3 // 4 :] = b""
    path.write_bytes(data)
    cut = Loudness(path).until(99)[:, 0]
    assert 20 < len(cut) < len(whole)
    np.testing.assert_allclose(cut[:-3], whole[: len(cut) - 3], atol=1)


def test_beeps_are_no_voices() -> None:
    time_s = np.arange(8000) / 8000
    beep, voiced = np.sin(2 * np.pi * 440 * time_s), sum(np.sin(2 * np.pi * 140 * k * time_s) / k for k in range(1, 12))
    assert (measures(beep.astype(np.float32))[:, 0] == QUIETEST_DB).all()
    assert (measures(0.2 * np.asarray(voiced, np.float32))[:, 0] > -25).all()
    assert measures(beep.astype(np.float32)[:100]).shape == (0, 2)


def test_a_held_note_is_like_itself_and_changing_sounds_are_not(tmp_path: Path) -> None:
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ

    def tone(hz: float) -> Float32:
        return np.asarray(0.1 * sum(np.sin(2 * np.pi * hz * k * time_s) / k for k in range(1, 9)), np.float32)

    held = Loudness(clip(tmp_path / "a.mkv", tone(220.0))).until(99)[:, 1]
    assert (held[:LATER] == 0).all()
    assert (held[LATER + 2 : 90] > 0.95).all()
    parts = [tone(hz)[: RATE_HZ // 10] for hz in (180.0, 310.0, 230.0, 420.0) * 5]
    changing = Loudness(clip(tmp_path / "b.mkv", np.concatenate(parts))).until(99)[:, 1]
    assert changing[LATER + 2 : 90].mean() < 0.5


def test_windows_are_the_same_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = clip(tmp_path / "a.mkv", noise(2.0))
    whole = Loudness(path).until(99)
    monkeypatch.setattr(voice, "READ_AT_ONCE_S", 0.05)
    np.testing.assert_array_equal(Loudness(path).until(99), whole)


def test_a_storage_that_fails_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object, **options: object) -> None:
        raise VideoReadError("the storage answers no more", "try again")

    monkeypatch.setattr(voice, "open_video", fails)
    with pytest.raises(VideoReadError, match="answers no more"):
        Loudness(Url("s3", "bucket", "a.mp4"))
    assert not len(Loudness(Path("a.mp4")).until(9))
