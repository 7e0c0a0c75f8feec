"""Make sample.mp4 and its truth: a short invented meeting, out of one public-domain portrait.

    python sample_videos/make_sample.py [FOLDER]

Five shots of 960x540 px at 25 frames a second: a call of four tiles in which one camera goes off, a zoom onto one of two
people, a slide with nobody, a pan along a wall of portraits, and the call again with other places. Everybody is a
variant of NASA's portrait of Eileen Collins that scikit-image ships. The face's place in the portrait is known, so the
truth is arithmetic: the same affine map moves the pixels and the box. Nothing is random.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import cos, pi, radians, sin
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from skimage import data

UInt8 = NDArray[np.uint8]
Float64 = NDArray[np.float64]

WIDTH_PX, HEIGHT_PX, RATE = 960, 540, 25
CUTS = (150, 275, 350, 475)  # the first frame of every shot but the first
FRAMES = 550
PAN_PX = 14  # a frame
SOUND_HZ = 48_000

# Where YuNet (yunet_n, MIT) finds the face, at 0.3, 0.5, 0.75, 1 and 1.5 times the portrait's 512x512 px: the medians.
PORTRAIT_PX = 512
FACE_BOX = (180.4, 62.3, 270.7, 176.4)
FACE_X, FACE_Y = (FACE_BOX[0] + FACE_BOX[2]) / 2, (FACE_BOX[1] + FACE_BOX[3]) / 2
FACE_WIDTH, FACE_HEIGHT = FACE_BOX[2] - FACE_BOX[0], FACE_BOX[3] - FACE_BOX[1]

Window = tuple[float, float, float, float]
FULL: Window = (0, 0, WIDTH_PX, HEIGHT_PX)


@dataclass(frozen=True)
class Look:
    """How one person's portrait differs from the original."""

    mirrored: bool
    gain: tuple[float, float, float]  # of red, green and blue
    contrast: float
    brightness: float  # added, of 255
    colour: float  # 0 grey .. 1 as it was

    def apply(self, portrait: UInt8) -> UInt8:
        """(H, W, 3) uint8 -> the same shape."""
        value = portrait.astype(np.float32)
        grey = value.mean(axis=2, keepdims=True)
        value = (grey + self.colour * (value - grey)) * np.asarray(self.gain, np.float32)
        value = (value - 128) * self.contrast + 128 + self.brightness
        graded = np.clip(value, 0, 255).round().astype(np.uint8)
        return np.ascontiguousarray(graded[:, ::-1] if self.mirrored else graded)


PEOPLE = (
    Look(mirrored=False, gain=(1.0, 1.0, 1.0), contrast=1.0, brightness=0, colour=1.0),
    Look(mirrored=True, gain=(1.05, 0.95, 0.8), contrast=0.9, brightness=-35, colour=0.9),
    Look(mirrored=False, gain=(0.85, 1.0, 1.15), contrast=0.8, brightness=18, colour=0.8),
    Look(mirrored=True, gain=(1.0, 1.0, 1.0), contrast=1.2, brightness=-8, colour=0.0),
)


@dataclass(frozen=True)
class Placed:
    """One portrait in the scene: where its face is, and the window that it is seen through, in px of the scene."""

    person: int
    x: float
    y: float
    scale: float
    window: Window = FULL
    turn_deg: float = 0

    def sway(self, n: int) -> Placed:
        """The same at frame n: a person sitting still moves a little, each at a pace of their own."""
        t, pace = n / RATE, 0.8 + 0.17 * self.person
        x, y = self.x + 9 * self.scale * sin(2 * pi * t * pace / 3), self.y + 4 * self.scale * sin(2 * pi * t * pace / 2)
        return replace(self, x=x, y=y, turn_deg=2.5 * sin(2 * pi * t * pace / 4))

    def seen_by(self, zoom: float, left: float) -> Placed:
        """The same in px of the frame, for a camera whose frame begins at (left, 0) of the scene."""
        x0, y0, x1, y1 = self.window
        window = ((x0 - left) * zoom, y0 * zoom, (x1 - left) * zoom, y1 * zoom)
        return replace(self, x=(self.x - left) * zoom, y=self.y * zoom, scale=self.scale * zoom, window=window)

    def affine(self) -> Float64:
        """(2, 3): px of the portrait -> px of the frame; turns and scales about the middle of the face."""
        face_x = PORTRAIT_PX - FACE_X if PEOPLE[self.person].mirrored else FACE_X
        c, s = self.scale * cos(radians(self.turn_deg)), self.scale * sin(radians(self.turn_deg))
        return np.array([[c, -s, self.x - c * face_x + s * FACE_Y], [s, c, self.y - s * face_x - c * FACE_Y]])

    def face(self) -> Window | None:
        """The visible part of the face's box in the frame, or None where that is less than half of it.

        The box does not turn with the head: one that leans by 2.5 degrees still has an upright box of its own size.
        """
        w, h = FACE_WIDTH * self.scale, FACE_HEIGHT * self.scale
        x0, y0 = max(self.x - w / 2, self.window[0], 0), max(self.y - h / 2, self.window[1], 0)
        x1, y1 = min(self.x + w / 2, self.window[2], WIDTH_PX), min(self.y + h / 2, self.window[3], HEIGHT_PX)
        return (x0, y0, x1, y1) if max(x1 - x0, 0) * max(y1 - y0, 0) >= 0.5 * w * h else None


def tile(place: int) -> Window:
    """One of the four tiles of the call, px: 0 and 1 above, 2 and 3 below."""
    x, y = place % 2 * WIDTH_PX / 2, place // 2 * HEIGHT_PX / 2
    return x + 4, y + 4, x + WIDTH_PX / 2 - 4, y + HEIGHT_PX / 2 - 4


def in_call(person: int, place: int) -> Placed:
    """A person in a tile of the call. Person 2 is far away, the others fill their tiles."""
    x0, y0, x1, _ = tile(place)
    x, y = (x0 + x1) / 2 + (-15, 15, -20, 20)[person], y0 + (118, 128, 78, 112)[person]
    return Placed(person, x, y, (1.18, 1.3, 0.62, 1.02)[person], tile(place))


def placed(n: int) -> list[Placed]:
    """Everybody in frame n, in px of the frame."""
    shot = sum(cut <= n for cut in CUTS)
    since = n - (0, *CUTS)[shot]
    if shot == 0:  # the camera of person 2 is off for two seconds
        return [in_call(k, k).sway(n) for k in range(4) if not (k == 2 and 75 <= n < 125)]
    if shot == 1:  # two people side by side; the camera goes in on person 0, and person 1 leaves the frame
        zoom = 1 + 0.95 * (1 - cos(pi * since / (CUTS[1] - CUTS[0]))) / 2
        pair = Placed(0, 236, 120, 1.1, (0, 0, 480, 540)), Placed(1, 714, 120, 1.1, (480, 0, 960, 540))
        return [p.sway(n).seen_by(zoom, 0) for p in pair]
    if shot == 3:  # a pan along a wall where three portraits hang, out to where there is none
        wall = [Placed(k, 330 + 620 * i, 230, 0.9 + 0.15 * i) for i, k in enumerate((3, 1, 0))]
        wall = [replace(p, window=(p.x - 200, p.y - 115 * p.scale, p.x + 200, p.y + 240 * p.scale)) for p in wall]
        return [p.seen_by(1, PAN_PX * since) for p in wall]
    return [in_call(k, place).sway(n) for k, place in enumerate((3, 0, 1, 2))] if shot == 4 else []


def backdrop(n: int) -> UInt8:
    """(540, 960, 3) RGB: a soft gradient, other in each shot; on the slide, bars that grow."""
    shot = sum(cut <= n for cut in CUTS)
    since = n - (0, *CUTS)[shot]
    pan = PAN_PX * since if shot == 3 else 0
    x, y = np.arange(WIDTH_PX)[None, :] + pan, np.arange(HEIGHT_PX)[:, None]
    base = np.array(((44, 52, 70), (72, 60, 52), (214, 220, 226), (150, 140, 120), (44, 52, 70))[shot])
    wave = np.sin(x / 170 + shot) + np.cos(y / 130 + x / 400)
    picture: UInt8 = np.clip(base + 9 * wave[..., None], 0, 255).round().astype(np.uint8)
    if shot == 2:
        for bar in range(6):
            height = round((90 + 45 * bar) * min(1.0, since / (20 + 6 * bar)))
            left = 150 + 115 * bar
            picture[470 - height : 470, left : left + 70] = (60 + 25 * bar, 110, 190 - 20 * bar)
        picture[470:474, 120:860] = 40
    return picture


def paint(canvas: UInt8, portraits: list[UInt8], where: Placed) -> None:
    """Draw one person into `canvas`, (540, 960, 3), within their window."""
    x0, y0, x1, y1 = (round(v) for v in where.window)
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, WIDTH_PX), min(y1, HEIGHT_PX)
    if x0 >= x1 or y0 >= y1:
        return
    portrait, shrink = portraits[where.person], 2 if where.scale < 0.75 else 1
    if shrink > 1:  # a warp alone would alias
        portrait = cv2.resize(portrait, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA).astype(np.uint8)
    matrix = where.affine()
    matrix[:, :2] *= shrink
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - (x0 + 0.5, y0 + 0.5)  # OpenCV counts from the middle of the first pixel
    view = np.ascontiguousarray(canvas[y0:y1, x0:x1])
    cv2.warpAffine(portrait, matrix, (x1 - x0, y1 - y0), view, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
    canvas[y0:y1, x0:x1] = view


def pictures() -> Iterator[UInt8]:
    """Every frame, (540, 960, 3) RGB."""
    original = np.asarray(data.astronaut(), np.uint8)  # type: ignore[no-untyped-call]
    portraits = [look.apply(original) for look in PEOPLE]
    for n in range(FRAMES):
        canvas = backdrop(n)
        for where in placed(n):
            paint(canvas, portraits, where)
        yield canvas


def truth() -> pa.Table:
    """One row a visible face a frame: frame, time_s, person, and the box x0 y0 x1 y1 in px of the frame."""
    rows = [(n, n / RATE, p.person, *box) for n in range(FRAMES) for p in placed(n) if (box := p.face())]
    kinds = [pa.int64(), pa.float64(), pa.int32(), *[pa.float32()] * 4]
    names = ["frame", "time_s", "person", "x0", "y0", "x1", "y1"]
    columns = [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
    return pa.table(columns, names=names)


def sound() -> NDArray[np.int16]:
    """(1, samples) at 48 kHz: a quiet chord, another in each shot, that fades in and out."""
    pieces = []
    chords = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (164.8, 207.7, 246.9), (220.0, 277.2, 329.6))
    for chord, start, stop in zip(chords, (0, *CUTS), (*CUTS, FRAMES), strict=True):
        t = np.arange((stop - start) * SOUND_HZ // RATE) / SOUND_HZ
        fade = np.clip(np.minimum(t, t[-1] - t) / 0.3, 0, 1)
        pieces.append(900 * fade * sum(np.sin(2 * pi * hz * t) for hz in chord))
    return np.concatenate(pieces)[None, :].astype(np.int16)


def write_video(path: Path) -> None:
    """H.264 with a keyframe at least every three seconds, and AAC."""
    samples, per_frame = sound(), SOUND_HZ // RATE
    with av.open(str(path), "w", options={"movflags": "faststart"}) as out:
        options = {"crf": "24", "preset": "slow", "threads": "1"}  # one thread: the same bytes on any machine
        video, audio = (
            out.add_stream("libx264", rate=RATE, options=options),
            out.add_stream("aac", rate=SOUND_HZ, layout="mono"),
        )
        video.width, video.height, video.pix_fmt, video.gop_size = WIDTH_PX, HEIGHT_PX, "yuv420p", 75
        audio.bit_rate = 48_000
        for n, picture in enumerate(pictures()):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, RATE)
            out.mux(video.encode(frame))
            heard = av.AudioFrame.from_ndarray(samples[:, n * per_frame : (n + 1) * per_frame], format="s16", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = SOUND_HZ, n * per_frame, Fraction(1, SOUND_HZ)
            out.mux(audio.encode(heard))
        out.mux(video.encode())
        out.mux(audio.encode())


def main(folder: Path) -> None:
    """Write sample.mp4 and sample.truth.parquet into `folder`."""
    pq.write_table(truth(), folder / "sample.truth.parquet")
    write_video(folder / "sample.mp4")
    print(f"wrote {folder / 'sample.mp4'} and {folder / 'sample.truth.parquet'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
