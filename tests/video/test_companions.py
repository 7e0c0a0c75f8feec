"""Sound in several languages, subtitles, titles and dates on their way into another file."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from feelit.video.cutting import Cutting, Stretch
from feelit.video.probe import probe
from feelit.video.transcoding import left_out, transcode
from feelit.video.writer import Encoding

TEXTS = [(0.5, 0.7, "Grüße"), (1.5, 0.5, "Zwei")]
TONES = {"deu": (440.0, "Original"), "eng": (880.0, "Translation")}


def recording(path: Path) -> Path:
    """Two seconds with two languages, a subtitle and an attachment, as a recorder of interviews writes them."""
    with av.open(str(path), "w") as out:
        out.metadata.update({"title": "Session 3", "creation_time": "2024-05-06T07:08:09.000000Z", "location": "+48.1+011.5/"})
        video = out.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 160, 90, "yuv420p"
        sounds = {}
        for language, (_, title) in TONES.items():
            sounds[language] = out.add_stream("aac", rate=48000)
            sounds[language].codec_context.layout = "mono"
            sounds[language].metadata.update({"language": language, "title": title})
        text = out.add_stream("subrip")
        text.codec_context.time_base = Fraction(1, 1000)
        text.codec_context.subtitle_header = b"[Script Info]\n"
        text.metadata["language"] = "fra"
        out.add_attachment("consent.txt", "text/plain", b"yes")
        for n in range(50):
            out.mux(video.encode(av.VideoFrame.from_ndarray(np.full((90, 160, 3), 4 * n, np.uint8), "rgb24")))
        out.mux(video.encode())
        for language, (hz, _) in TONES.items():
            wave = np.sin(2 * np.pi * hz * np.arange(96_000) / 48_000).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(wave, "fltp", "mono")
            frame.sample_rate, frame.pts = 48_000, 0
            out.mux(sounds[language].encode(frame))
            out.mux(sounds[language].encode())
        for start_s, length_s, words in TEXTS:
            packet = av.Packet(words.encode())
            packet.stream, packet.time_base = text, Fraction(1, 1000)
            packet.pts = packet.dts = round(1000 * start_s)
            packet.duration = round(1000 * length_s)
            out.mux(packet)
    return path


def rewritten(path: Path, out: Path) -> Path:
    with closing(transcode(probe(path).info, out, Encoding())) as pictures:
        for _ in pictures:
            pass
    return out


def tone_hz(path: Path, number: int) -> float:
    """The pitch of a track of sound."""
    with av.open(str(path)) as source:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in source.decode(audio=number)])[4000:44_000]
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * 48_000 / len(sound))


def name_of(stream: av.stream.Stream) -> str | None:
    return stream.metadata.get("title") or stream.metadata.get("name")


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_all_sound_with_its_languages_subtitles_and_the_date_are_kept(name: str, tmp_path: Path) -> None:
    path = recording(tmp_path / "a.mkv")
    for again in (rewritten(path, tmp_path / name), rewritten(tmp_path / name, tmp_path / f"again-{name}")):
        with av.open(str(again)) as source:
            assert [s.metadata["language"] for s in source.streams.audio] == ["deu", "eng"]
            assert [name_of(s) for s in source.streams.audio] == ["Original", "Translation"]
            assert [s.metadata["language"] for s in source.streams.subtitles] == ["fra"]
            assert source.metadata["title"] == "Session 3"
            assert source.metadata["creation_time"] == "2024-05-06T07:08:09.000000Z"
            assert not [key for key in source.metadata if "location" in key.lower()]
            shown = [
                (round(float(p.pts * p.time_base), 2), round(float((p.duration or 0) * p.time_base), 2), bytes(p))
                for p in source.demux(source.streams.subtitles[0])
                if p.size > 2 and p.pts is not None
            ]
        assert [(start_s, length_s) for start_s, length_s, _ in shown] == [t[:2] for t in TEXTS]
        for (_, _, packet), (_, _, words) in zip(shown, TEXTS, strict=True):
            assert words.encode() in packet
        assert [tone_hz(again, n) for n in range(2)] == pytest.approx([440, 880], abs=3)


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    info = probe(recording(tmp_path / "a.mkv")).info
    (attachment,) = left_out(info, tmp_path / "out.mp4")
    assert "attachment" in attachment


def test_a_clip_has_all_sound_with_its_languages(tmp_path: Path) -> None:
    path, out = recording(tmp_path / "a.mkv"), tmp_path / "clip.mp4"
    for _ in Cutting(probe(path), Stretch(0.2, 1.8), out, Encoding()):
        pass
    with av.open(str(out)) as source:
        assert [s.metadata["language"] for s in source.streams.audio] == ["deu", "eng"]
        assert [name_of(s) for s in source.streams.audio] == ["Original", "Translation"]
    assert [tone_hz(out, n) for n in range(2)] == pytest.approx([440, 880], abs=3)
