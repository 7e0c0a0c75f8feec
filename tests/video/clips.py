"""Tiny videos for tests: sound ones, odd ones and broken ones, each made in well under a second.

Every function writes one file and returns its path; the suffix of the path chooses the container. The picture is a
gradient that moves, with the number of the frame written across the top in sixteen black and white blocks, which
`number_of(luma)` reads back (from 128x48 px on), so that a test can tell which frame it was given.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from fractions import Fraction
from functools import cache, lru_cache
from itertools import accumulate, islice
from pathlib import Path
from typing import TypedDict, Unpack

import av
import cv2
import numpy as np

from feelit.types import Float32, UInt8

SAMPLE = Path(__file__).parents[2] / "sample_videos" / "sample.mp4"
BITS = 16
SOUND_HZ = 48_000
FINE = Fraction(1, 90_000)  # a time base in which every usual frame time is a whole number


class Recipe(TypedDict, total=False):
    """What may be asked of a clip; what is left out comes from DEFAULT."""

    frames: int
    size: tuple[int, int]  # width, height of the stored picture, px
    rate: int | Fraction
    codec: str
    pix_fmt: str
    gop: int
    options: dict[str, str]  # for the encoder
    muxer: dict[str, str]  # for the container: {"movflags": "faststart"} puts an .mp4's index first
    times_s: Sequence[float]  # when each frame is shown, instead of frame / rate
    cuts: tuple[int, ...]  # frames at which another scene begins
    turn_deg: int  # the picture is stored turned anticlockwise by this much: 0, 90, 180 or 270
    face: bool  # paste a real face, where `face_box` says
    sound: bool


DEFAULT: Recipe = {
    "frames": 50,
    "size": (320, 180),
    "rate": 25,
    "codec": "libx264",
    "pix_fmt": "yuv420p",
    "gop": 12,
    "options": {},
    "muxer": {},
    "times_s": (),
    "cuts": (),
    "turn_deg": 0,
    "face": False,
    "sound": False,
}
QUIET = {
    "libx264": {"preset": "ultrafast", "crf": "18", "bf": "2"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:frame-threads=1:wpp=0"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8"},
}


@cache
def face_patch() -> tuple[UInt8, tuple[int, int, int, int]]:
    """A face with some surroundings: (H, W, 3) RGB, and the face's box (x0, y0, x1, y1) px within it.

    From the sample video where the repository has one, otherwise from scikit-image: both are NASA's portrait.
    """
    if SAMPLE.exists():
        import pyarrow.parquet as pq

        first = pq.read_table(SAMPLE.with_suffix(".truth.parquet")).to_pylist()[0]
        with av.open(str(SAMPLE)) as source:
            picture = next(islice(source.decode(video=0), first["frame"], None)).to_ndarray(format="rgb24")
        x0, y0, x1, y1 = (round(first[k]) for k in ("x0", "y0", "x1", "y1"))
    else:
        from skimage import data

        picture, (x0, y0, x1, y1) = data.astronaut(), (180, 62, 271, 176)  # type: ignore[no-untyped-call]
    side = round(0.4 * (y1 - y0))
    left, top = max(x0 - side, 0), max(y0 - side, 0)
    patch = np.ascontiguousarray(picture[top : y1 + side, left : x1 + side]).astype(np.uint8)
    return patch, (x0 - left, y0 - top, x1 - left, y1 - top)


def _face_corner(n: int, size: tuple[int, int]) -> tuple[int, int, float]:
    """Left and top px of the pasted patch in frame n, and its scale: it is 0.7 of the picture high and sways."""
    width, height = size
    patch, _ = face_patch()
    scale = 0.7 * height / patch.shape[0]
    left = (width - patch.shape[1] * scale) * (0.5 + 0.25 * np.sin(n / 8))
    return round(left), round(0.2 * height), scale


def face_box(n: int, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Where the face of frame n is in a picture of (width, height): x0, y0, x1, y1 px, to within a pixel or two."""
    left, top, scale = _face_corner(n, size)
    x0, y0, x1, y1 = (scale * v for v in face_patch()[1])
    return left + x0, top + y0, left + x1, top + y1


def picture(n: int, recipe: Recipe) -> UInt8:
    """Frame n, (H, W, 4) RGBA, read-only; it is half transparent on the left, which only formats with alpha show."""
    scene = sum(cut <= n for cut in recipe["cuts"])
    return _picture(n, recipe["size"], scene, recipe["face"], recipe["turn_deg"])


@lru_cache(maxsize=200)  # clips of many formats show the same fifty pictures
def _picture(n: int, size: tuple[int, int], scene: int, face: bool, turn_deg: int) -> UInt8:
    width, height = size if turn_deg % 180 == 0 else size[::-1]
    sine, cosine = _waves(width, height, scene % 2)
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = (70, 170, 120)[scene % 3] + 50 * math.cos(n / 10) * sine + 50 * math.sin(n / 10) * cosine
    rgba[:, : width // 2, 3] = 128
    if face:
        patch, _ = face_patch()
        left, top, scale = _face_corner(n, (width, height))
        small = cv2.resize(patch, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[: height - top]
        rgba[top : top + small.shape[0], left : left + small.shape[1], :3] = small
    for bit in range(BITS if width >= 128 and height >= 48 else 0):
        rgba[: height // 8, bit * width // BITS : (bit + 1) * width // BITS, :3] = 235 if n >> bit & 1 else 20
    turned = np.ascontiguousarray(np.rot90(rgba, turn_deg // 90))
    turned.flags.writeable = False
    return turned


def _frame(n: int, recipe: Recipe) -> av.VideoFrame:
    scene = sum(cut <= n for cut in recipe["cuts"])
    width, height = recipe["size"]
    if recipe["pix_fmt"] != "yuv420p" or width % 2 or height % 2:
        return av.VideoFrame.from_ndarray(picture(n, recipe), format="rgba")
    return av.VideoFrame.from_ndarray(_planes(n, (width, height), scene, recipe["face"], recipe["turn_deg"]), format="yuv420p")


@lru_cache(maxsize=200)  # to convert a picture takes longer than to encode it
def _planes(n: int, size: tuple[int, int], scene: int, face: bool, turn_deg: int) -> UInt8:
    rgba = av.VideoFrame.from_ndarray(_picture(n, size, scene, face, turn_deg), format="rgba")
    return np.asarray(rgba.reformat(format="yuv420p").to_ndarray(), np.uint8)


@lru_cache(maxsize=8)
def _waves(width: int, height: int, falling: int) -> tuple[Float32, Float32]:
    """Sine and cosine of the phase of the gradient of three channels in frame 0: (H, W, 3) each."""
    x, y = np.arange(width)[None, :, None] / width, np.arange(height)[:, None, None] / height
    phase = 2 * np.pi * (x - y if falling else x + y) + np.arange(3)
    return np.sin(phase).astype(np.float32), np.cos(phase).astype(np.float32)


def number_of(luma: UInt8) -> int:
    """The number written across the top of an upright picture, (H, W); scaling does no harm."""
    height, width = luma.shape
    row = luma[height // 16, [int((bit + 0.5) * width / BITS) for bit in range(BITS)]]
    return sum(1 << bit for bit, value in enumerate(row) if value > 127)


def plain(path: Path, **asked: Unpack[Recipe]) -> Path:
    """A video as `asked`: by default 50 frames of 320x180 H.264 at 25 frames a second with a keyframe every 12.

    The same video is encoded once in a process: hundreds of tests begin with one.
    """
    recipe: Recipe = {**DEFAULT, **asked}
    key = path.suffix, repr(recipe)
    if key not in _ENCODED:
        _encode(path, recipe)
        _ENCODED[key] = path.read_bytes()
    else:
        path.write_bytes(_ENCODED[key])
    return path


_ENCODED: dict[tuple[str, str], bytes] = {}
"""Whole files by their ending, which names the container, and their recipe."""


def _encode(path: Path, recipe: Recipe) -> None:
    rate, times_s = Fraction(recipe["rate"]), recipe["times_s"]
    with av.open(str(path), "w", options=recipe["muxer"]) as out:
        options = QUIET.get(recipe["codec"], {}) | recipe["options"]
        video = out.add_stream(recipe["codec"], rate=rate, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height = recipe["size"]
        video.pix_fmt, video.gop_size = recipe["pix_fmt"], recipe["gop"]
        base = FINE if times_s else 1 / rate
        video.codec_context.time_base = base
        sound = out.add_stream("aac", rate=SOUND_HZ) if recipe["sound"] else None
        for n in range(len(times_s) or recipe["frames"]):
            frame = _frame(n, recipe)
            frame.pts, frame.time_base = (round(times_s[n] / base) if times_s else n), base
            out.mux(video.encode(frame))
            if isinstance(sound, av.AudioStream):
                out.mux(sound.encode(_tone(round(n / rate * SOUND_HZ), round((n + 1) / rate * SOUND_HZ))))
        out.mux(video.encode())
        if isinstance(sound, av.AudioStream):
            out.mux(sound.encode())


def _or(asked: Recipe, **usual: Unpack[Recipe]) -> Recipe:
    """What was asked for, and for the rest the usual of a kind of clip."""
    return {**usual, **asked}


def _tone(start: int, stop: int) -> av.AudioFrame:
    """Samples start..stop of a 440 Hz tone."""
    samples = 3000 * np.sin(2 * np.pi * 440 * np.arange(start, stop)[None, :] / SOUND_HZ)
    frame = av.AudioFrame.from_ndarray(samples.astype(np.int16), format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, start, Fraction(1, SOUND_HZ)
    return frame


def vfr(path: Path, **asked: Unpack[Recipe]) -> Path:
    """Variable frame rate: 25 frames 40 ms apart, 20 frames 100 ms apart, one pause of 2 s, 5 frames 20 ms apart."""
    steps = [0.0] + [0.04] * 24 + [0.1] * 20 + [2.0] + [0.02] * 4
    return plain(path, **_or(asked, times_s=tuple(accumulate(steps))))


def rotated(path: Path, **asked: Unpack[Recipe]) -> Path:
    """An .mp4 as phones write it: stored lying down, and noted to be turned clockwise by `turn_deg`, 90 unless asked.

    `size` is that of the stored picture. FFmpeg names the same note by the anticlockwise angle: 90 reads as -90.
    """
    turn_deg = asked.setdefault("turn_deg", 90)
    data = bytearray(plain(path, **asked).read_bytes())
    track = data.index(b"tkhd")
    a, b = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[turn_deg]
    # ISO 14496-12, 8.3.2: type 4, version and flags 4, times and id 20, reserved 8, layer to reserved 8, then the matrix
    matrix = struct.pack(">9i", a << 16, b << 16, 0, -b << 16, a << 16, 0, 0, 0, 1 << 30)
    assert data[track + 4] == 0, "version 1 has wider fields"
    data[track + 44 : track + 80] = matrix
    path.write_bytes(data)
    return path


def ten_bit(path: Path, **asked: Unpack[Recipe]) -> Path:
    """HEVC Main 10."""
    return plain(path, **_or(asked, codec="libx265", pix_fmt="yuv420p10le"))


def grey(path: Path, **asked: Unpack[Recipe]) -> Path:
    """One plane of luma and no colour at all: lossless FFV1, in .mkv."""
    return plain(path, **_or(asked, codec="ffv1", pix_fmt="gray"))


def alpha(path: Path, **asked: Unpack[Recipe]) -> Path:
    """Half transparent: QuickTime animation in a .mov, VP9 in a .webm."""
    vp9 = path.suffix == ".webm"
    return plain(path, **_or(asked, codec="libvpx-vp9" if vp9 else "qtrle", pix_fmt="yuva420p" if vp9 else "argb"))


def gif(path: Path, **asked: Unpack[Recipe]) -> Path:
    """A .gif of 20 frames."""
    return plain(path, **_or(asked, codec="gif", pix_fmt="rgb8", frames=20))


def fps120(path: Path, **asked: Unpack[Recipe]) -> Path:
    """120 frames a second, for one second."""
    return plain(path, **_or(asked, rate=120, frames=120))


def starts_at_an_hour(path: Path, **asked: Unpack[Recipe]) -> Path:
    """The first frame's timestamp is 3600 s, as in a piece cut out of a long stream."""
    return plain(path, **_or(asked, times_s=tuple(3600 + n / 25 for n in range(asked.get("frames", 50)))))


def jumping_back(path: Path, **asked: Unpack[Recipe]) -> Path:
    """A .ts made of the same recording twice, so that the timestamps jump back in the middle."""
    path.write_bytes(plain(path, **asked).read_bytes() * 2)
    return path


def one_frame(path: Path, **asked: Unpack[Recipe]) -> Path:
    """A video of a single picture."""
    return plain(path, **_or(asked, frames=1))


def sized(path: Path, width_px: int, height_px: int, **asked: Unpack[Recipe]) -> Path:
    """Five frames of any size down to 1x1, odd ones too: PNG in a .mov, GIF in a .gif, H.264 4:4:4 in all else."""
    codec, pix_fmt = {".mov": ("png", "rgb24"), ".gif": ("gif", "rgb8")}.get(path.suffix, ("libx264", "yuv444p"))
    return plain(path, **_or(asked, size=(width_px, height_px), codec=codec, pix_fmt=pix_fmt, frames=5))


def b_frames_open_gop(path: Path, **asked: Unpack[Recipe]) -> Path:
    """B-frames that follow a keyframe in the file, are shown before it, and need the group before it (.mp4, .mkv, .ts).

    MPEG-2 unless asked otherwise; with codec="libx264" the groups are open as well.
    """
    options = {"bf": "2"}
    if asked.get("codec") == "libx264":
        options |= {"x264-params": "open-gop=1:scenecut=0:bframes=2:b-adapt=0:keyint=12:min-keyint=12"}
    return plain(path, **_or(asked, codec="mpeg2video", options=options))


def with_audio(path: Path, **asked: Unpack[Recipe]) -> Path:
    """A video with a 440 Hz tone."""
    return plain(path, **_or(asked, sound=True))


def audio_only(path: Path) -> Path:
    """A .wav or .mkv of one second of sound: it opens, and has no video."""
    with av.open(str(path), "w") as out:
        sound = out.add_stream("pcm_s16le", rate=SOUND_HZ, layout="mono")
        assert isinstance(sound, av.AudioStream)
        out.mux(sound.encode(_tone(0, SOUND_HZ)) + sound.encode())
    return path


def empty(path: Path) -> Path:
    """A file without a single byte."""
    path.write_bytes(b"")
    return path


def not_a_video(path: Path) -> Path:
    """Text under the name of a video."""
    path.write_text("The minutes of the meeting, not the recording.\n" * 40)
    return path


def truncated(path: Path, keep: float = 0.6, **asked: Unpack[Recipe]) -> Path:
    """The first part of a file. An .mp4 has its index at the end and cannot be opened; .mkv and .ts can, and
    so can an .mp4 with muxer={"movflags": "faststart"}."""
    data = plain(path, **asked).read_bytes()
    path.write_bytes(data[: int(keep * len(data))])
    return path


def corrupt_packet(path: Path, packet: int | None = None, **asked: Unpack[Recipe]) -> Path:
    """An .mp4 or .mkv in which one packet, by default the middle one, is overwritten with noise."""
    with av.open(str(plain(path, **asked))) as source:
        places = [(p.pos, p.size) for p in source.demux(video=0) if p.size and p.pos is not None]
    start, length = places[len(places) // 2 if packet is None else packet]
    if path.suffix == ".mkv":  # the position is that of the block: its track number, time and flags stay whole
        start, length = start + 4, length - 4
    data = bytearray(path.read_bytes())
    data[start : start + length] = np.random.default_rng(0).integers(0, 256, length, np.uint8).tobytes()
    path.write_bytes(data)
    return path
