"""Damaged videos, through the whole of `feelit analyze` and on to a summary of what it wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Unpack

import numpy as np

from tests.fuzz.mutations import Material, mutated
from tests.fuzz.product import MisbehavedError, feelit, nothing_but
from tests.video import clips
from tests.video.clips import Recipe


def tiny(**asked: Unpack[Recipe]) -> Recipe:
    """Eight frames with a face, in two groups."""
    usual: Recipe = {"frames": 8, "size": (96, 64), "gop": 4, "face": True}
    return {**usual, **asked}


SEEDS: dict[str, Recipe] = {
    "h264.mp4": {},
    "sound.mp4": {"sound": True},
    "fragments.mp4": {"muxer": {"movflags": "frag_keyframe+empty_moov"}},
    "index-first.mp4": {"muxer": {"movflags": "faststart"}},
    "av1.mp4": {"codec": "libsvtav1", "options": {"preset": "12", "svtav1-params": "lp=1"}},
    "hevc.mkv": {"codec": "libx265"},
    "ffv1.mkv": {"codec": "ffv1"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "vp8.webm": {"codec": "libvpx"},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mjpeg.mov": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "png.mov": {"codec": "png", "pix_fmt": "rgb24"},
    "palette.gif": {"codec": "gif", "pix_fmt": "rgb8"},
    "mpeg2.ts": {"codec": "mpeg2video"},
    "h264.ts": {},
    "mpeg1.mpg": {"codec": "mpeg1video"},
    "sorenson.flv": {"codec": "flv"},
    "wmv2.asf": {"codec": "wmv2"},
}
"""Fourteen codecs in ten containers."""

_NAMES = b"""
    moov mdat trak stbl stsd stts ctts stsc stsz stco co64 elst tkhd mdhd avc1 hvc1 av01 jpeg mp4v avcC hvcC pasp colr moof traf
    trun V_VP9 V_AV1 V_MPEGH/ISO/HEVC V_MPEG4/ISO/AVC V_UNCOMPRESSED V_MS/VFW/FOURCC
    RIFF LIST movi idx1 strh strf 00dc GIF89a IHDR IDAT FLV
"""
_CODES = """
    1a45dfa3 18538067 1f43b675 1654ae6b 1c53bb6b a3 e7
    21f904 21ff0b 2c 3b 00000001 000001b3 00000100 000001ba 000001e0 47400010 89504e470d0a1a0a ffd8 ffc0 ffda ffd9 67 68
"""
WORDS = (*_NAMES.split(), *map(bytes.fromhex, _CODES.split()))
"""Names of boxes, elements, chunks and start codes."""

RATES = ("native", "10", "5", "1000000", "0.001", "30000/1001")


class VideoTarget:
    """Clips of many codecs, damaged."""

    def __init__(self, folder: Path) -> None:
        os.environ["SVT_LOG"] = "1"  # the encoder of AV1 else writes about itself on standard error
        self._seeds = {}
        for name, asked in SEEDS.items():
            path = folder / name
            if not path.exists():
                clips.plain(path, **tiny(**asked))
            self._seeds[name] = path.read_bytes()
        self._material = Material(WORDS, tuple(self._seeds.values()))

    def run(self, rng: np.random.Generator, folder: Path) -> str:
        """See `Target.run`."""
        name = list(self._seeds)[int(rng.integers(len(self._seeds)))]
        video, out = folder / f"case{Path(name).suffix}", folder / "out.parquet"
        video.write_bytes(mutated(self._seeds[name], rng, self._material))
        rate, start = str(rng.choice(RATES)), float(rng.choice([0.0, 0.0, 0.1]))
        reported = feelit(
            "analyze", video, "--quiet", "--out", out, "--rate", rate, "--start", start, "--min-face", 16, "--device", "cpu"
        )
        if reported.code:
            nothing_but(folder, {video.name})
            if reported.code != 3:
                raise MisbehavedError(f"exit code {reported.code}: {reported.err!r}")
            return "refused"
        nothing_but(folder, {video.name, out.name})
        for command in (("summarize", "--by", "video"), ("events",)) if rng.random() < 0.25 else ():
            if (then := feelit(command[0], out, *command[1:], "--format", "json")).code:
                raise MisbehavedError(f"{command[0]} refuses what analyze wrote: {then.err!r}")
        return "analysed"
