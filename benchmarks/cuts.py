"""Precision and recall of cuts, on clips with known cuts and on synthetic sequences.

    python benchmarks/cuts.py [--rate 10] [--made] CLIP[@T,T,...] ...

Each clip is given with the times of its cuts in seconds, none for a continuous shot. With `--made`, sequences are generated
from the shots: movement and light without a cut (zooms, pans, a shaking camera, flashes, fades, lights that are switched on, a
hand in front of the camera), and cuts (spliced clips; tiles of a call that change places, or whose person leaves or returns). A
cut counts as found if a cut is reported less than 0.35 s away; each reported cut is matched once.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np

from feelit.run.segment import SIGNATURE_PX
from feelit.tracking.cuts import CutDetector
from feelit.types import Float32, UInt8
from feelit.vision.measures import thumbnails

WIDTH_PX, HEIGHT_PX = 320, 180  # made sequences, and what clips are shrunk to
TOLERANCE_S = 0.35
LENGTH = 60  # frames of a made sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Sequence:
    """Frames with the times of their cuts."""

    source: str
    frames: list[UInt8]  # each (180, 320)
    time_s: list[float]
    cuts_s: list[float]


@dataclass(kw_only=True, slots=True)
class Counts:
    """Counts of the sequences of one source."""

    frames: int = 0
    cuts: int = 0
    found: int = 0
    false: int = 0

    def __str__(self) -> str:
        recall = f"{self.found / self.cuts:.3f}" if self.cuts else "-"
        precision = f"{self.found / (self.found + self.false):.3f}" if self.found + self.false else "-"
        return f"{self.frames:>7}{self.cuts:>6}{self.found:>7}{self.false:>7}{precision:>11}{recall:>8}"


def read(path: Path, rate_hz: float | None, cuts_s: list[float]) -> Sequence:
    """The sampled frames of a clip."""
    frames: list[UInt8] = []
    times: list[float] = []
    tick = -1
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            time_s = float(frame.time or 0)
            now = len(times) if rate_hz is None else int(time_s * rate_hz + 1e-6)
            if now > tick or rate_hz is None:
                grey = np.asarray(frame.reformat(format="gray").to_ndarray(), np.uint8)
                frames.append(_fitted(grey))
                times.append(time_s)
                tick = now
    return Sequence(source=path.stem, frames=frames, time_s=times, cuts_s=cuts_s)


def stretches(clip: Sequence, length: int) -> list[list[UInt8]]:
    """Disjoint stretches of a clip without a cut, of `length` frames."""
    edges = [0.0, *clip.cuts_s, float("inf")]
    shots = [[f for f, t in zip(clip.frames, clip.time_s, strict=True) if a + 0.15 <= t < b - 0.15] for a, b in pairwise(edges)]
    return [shot[i : i + length] for shot in shots for i in range(0, len(shot) - length + 1, length)]


def made(clips: list[Sequence], rate_hz: float) -> Iterator[Sequence]:
    """Synthetic sequences with known cuts. The same clips give the same sequences."""
    rng = np.random.default_rng(7)
    shots = [(clip.source, shot) for clip in clips for shot in stretches(clip, LENGTH // 2)[:6]]
    names = [name for name, _ in shots]
    effects: dict[str, Callable[[list[UInt8], float], list[UInt8]]] = {
        "zoom": zoom,
        "pan": pan,
        "shake": shake,
        "flash": flash,
        "white-out": white_out,
        "fade": fade,
        "lights on": lights_on,
        "lamp on": lamp_on,
        "exposure": exposure,
        "hand": hand,
    }
    for kind, effect in effects.items():
        for _, shot in shots:
            yield _sequence(kind, effect(shot, rate_hz), [], rate_hz)
    if len(set(names)) < 2:
        return
    for _ in range(60):
        first = int(rng.integers(len(shots)))
        others = [i for i, name in enumerate(names) if name != names[first]]
        second = int(rng.choice(others))
        a, b = shots[first][1], shots[second][1]
        yield _sequence("splice", [*a, *b], [len(a)], rate_hz)
        yield _sequence("fade to another", [*_faded(a, rate_hz, 1, 0), *_faded(b, rate_hz, 0, 1)], [len(a)], rate_hz)
        for rows, columns in ((2, 2), (2, 3)):
            yield _call(shots, rows, columns, "swap", rng, rate_hz)
            yield _call(shots, rows, columns, "away", rng, rate_hz)
            yield _call(shots, rows, columns, "another", rng, rate_hz)


def zoom(shot: list[UInt8], rate_hz: float) -> list[UInt8]:
    """Zoom in up to 1.8 times within two seconds, then out at the same speed."""
    scale = 1 + 0.8 * np.abs(np.sin(np.arange(len(shot)) / rate_hz * np.pi / 4))
    return [_crop(f, 0.5, 0.5, 1 / s) for f, s in zip(shot, scale, strict=True)]


def pan(shot: list[UInt8], rate_hz: float) -> list[UInt8]:
    """Over three tenths of the picture's width in a second, back and forth, with an eased start."""
    place = 0.5 - 0.5 * np.cos(np.arange(len(shot)) / rate_hz * np.pi)
    return [_crop(f, 0.35 + 0.3 * p, 0.5, 0.7) for f, p in zip(shot, place, strict=True)]


def shake(shot: list[UInt8], rate_hz: float) -> list[UInt8]:
    """A camera held by hand: up to two per cent of the picture a frame."""
    jitter = np.random.default_rng(3).normal(0, 0.01, (len(shot), 2)).clip(-0.02, 0.02)
    return [_crop(f, 0.5 + x, 0.5 + y, 0.9) for f, (x, y) in zip(shot, jitter, strict=True)]


def flash(shot: list[UInt8], rate_hz: float) -> list[UInt8]:
    """A photographer's flash in one frame out of ten, brighter on one side."""
    falloff = np.linspace(120, 40, WIDTH_PX, dtype=np.float32)
    return [_grey(f * 1.3 + falloff) if n % 10 == 5 else f for n, f in enumerate(shot)]


def white_out(shot: list[UInt8], rate_hz: float) -> list[UInt8]:
    """One frame out of ten is all white or all black."""
    return [np.full_like(f, 255 if n % 20 == 5 else 0) if n % 10 == 5 else f for n, f in enumerate(shot)]


def fade(shot: list[UInt8], rate_hz: float) -> list[UInt8]:
    """To black and back within two seconds."""
    middle = len(shot) // 2
    return [*_faded(shot[:middle], rate_hz, 1, 0), *_faded(shot[middle:], rate_hz, 0, 1)]


def lights_on(shot: list[UInt8], rate_hz: float) -> list[UInt8]:
    """From a third of the light to all of it, from one frame to the next; noise of the sensor in the dark."""
    noise = np.random.default_rng(5).normal(0, 3, shot[0].shape)
    return [_grey(f * 0.33 + 8 + noise) if n < len(shot) // 2 else f for n, f in enumerate(shot)]


def lamp_on(shot: list[UInt8], rate_hz: float) -> list[UInt8]:
    """A lamp lights one side of the room from one frame to the next."""
    gain = 0.6 + 0.8 / (1 + np.exp(-np.linspace(-4, 4, WIDTH_PX)))
    return [_grey(f * gain) if n >= len(shot) // 2 else _grey(f * 0.6) for n, f in enumerate(shot)]


def exposure(shot: list[UInt8], rate_hz: float) -> list[UInt8]:
    """A camera that corrects its exposure in steps of a fifth."""
    return [_grey(f.astype(np.float32) * (0.7, 0.85, 1.0, 1.2)[(n // 7) % 4]) for n, f in enumerate(shot)]


def hand(shot: list[UInt8], rate_hz: float) -> list[UInt8]:
    """A hand passes near the camera: a fifth of the picture, in and out within a second, three times."""
    frames = []
    for n, frame in enumerate(shot):
        phase = (n / rate_hz) % 1.5
        picture = frame.copy()
        if phase < 1:
            x = int(WIDTH_PX * (0.15 + 0.5 * np.sin(np.pi * phase)))
            y = int(HEIGHT_PX * (1.25 - 0.75 * np.sin(np.pi * phase)))
            cv2.ellipse(picture, (x, y), (58, 70), 25, 0, 360, 175, -1)
            for k in range(4):
                cv2.ellipse(picture, (x - 40 + 28 * k, y - 62), (9, 30), 0, 0, 360, 165, -1)
            picture = np.asarray(cv2.GaussianBlur(picture, (9, 9), 0), np.uint8) if phase > 0 else picture
            mask = np.abs(picture.astype(int) - frame) > 8
            picture = np.where(mask, picture, frame).astype(np.uint8)
        frames.append(picture)
    return frames


def _call(
    shots: list[tuple[str, list[UInt8]]], rows: int, columns: int, kind: str, rng: np.random.Generator, rate_hz: float
) -> Sequence:
    """A video call with one change in the middle: two tiles swap, one goes dark, or one shows another picture."""
    count = rows * columns
    before: list[int | None] = [int(i) for i in rng.choice(len(shots), count, replace=count > len(shots))]
    i, j = (int(k) for k in rng.choice(count, 2, replace=False))
    here = shots[before[i] or 0][0]
    others = [k for k, (name, _) in enumerate(shots) if name != here]
    if kind == "swap":
        before[j] = int(rng.choice(others))
    after = list(before)
    if kind == "swap":
        after[i], after[j] = before[j], before[i]
    elif kind == "away":
        after[i] = None
        if rng.integers(2):
            before, after = after, before
    else:
        after[i] = int(rng.choice(others))
    frames = []
    for n in range(LENGTH // 2):
        shown = before if n < LENGTH // 4 else after
        picture = np.full((HEIGHT_PX, WIDTH_PX), 24, np.uint8)
        height, width = HEIGHT_PX // rows, WIDTH_PX // columns
        for k, which in enumerate(shown):
            if which is not None:
                y, x = k // columns * height, k % columns * width
                picture[y : y + height, x : x + width] = _filled(shots[which][1][n], width, height)
        frames.append(picture)
    return _sequence(f"call of {count}, {kind}", frames, [LENGTH // 4], rate_hz)


def _faded(shot: list[UInt8], rate_hz: float, start: float, end: float) -> list[UInt8]:
    """The first or last second of a shot, out of or into black."""
    count = min(max(2, round(rate_hz)), len(shot))
    gain = np.ones(len(shot))
    ramp = np.linspace(start, end, count)
    if start < end:
        gain[:count] = ramp
    else:
        gain[len(shot) - count :] = ramp
    return [_grey(f * g) for f, g in zip(shot, gain, strict=True)]


def _sequence(source: str, frames: list[UInt8], cuts: list[int], rate_hz: float) -> Sequence:
    return Sequence(
        source=source, frames=frames, time_s=[n / rate_hz for n in range(len(frames))], cuts_s=[n / rate_hz for n in cuts]
    )


def _crop(frame: UInt8, x: float, y: float, share: float) -> UInt8:
    """A part of a frame, `share` of its width and height about (x, y), enlarged to its size."""
    height, width = frame.shape
    matrix = np.array([[share, 0, (x - share / 2) * width], [0, share, (y - share / 2) * height]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(frame, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT), np.uint8)


def _fitted(image: UInt8) -> UInt8:
    return np.asarray(cv2.resize(image, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _filled(image: UInt8, width: int, height: int) -> UInt8:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _grey(values: Float32 | np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> UInt8:
    return np.asarray(np.clip(np.round(values), 0, 255), np.uint8)


def reported(sequence: Sequence) -> list[float]:
    """The times at which the detector reports a cut."""
    detector = CutDetector()
    signatures = thumbnails(sequence.frames, SIGNATURE_PX)
    return [t for t, s in zip(sequence.time_s, signatures, strict=True) if detector.is_cut(s)]


def compare(sequence: Sequence, cuts_s: list[float], counts: Counts) -> None:
    """Add the results of a sequence to the counts of its source."""
    left = list(cuts_s)
    found = 0
    slack = TOLERANCE_S + (1.0 if sequence.source == "fade to another" else 0.0)
    for cut in sequence.cuts_s:
        near = [t for t in left if abs(t - cut) <= slack]
        if near:
            left.remove(min(near, key=lambda t: abs(t - cut)))
            found += 1
    counts.frames += len(sequence.frames)
    counts.cuts += len(sequence.cuts_s)
    counts.found += found
    counts.false += len(left)


def parse(text: str) -> tuple[Path, list[float]]:
    """`CLIP@T,T` as a path and seconds."""
    path, _, times = text.partition("@")
    return Path(path), [float(t) for t in times.split(",") if t]


def main(arguments: list[str] | None = None) -> None:
    """Print one line per source, and the total."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=parse, metavar="CLIP[@T,T,...]")
    parser.add_argument("--rate", default="10", help="samples per second, or native")
    parser.add_argument("--made", action="store_true", help="also use synthetic sequences made from the clips")
    parser.add_argument("--verbose", action="store_true", help="print the times that are reported in the clips")
    asked = parser.parse_args(arguments)
    rate_hz = None if asked.rate == "native" else float(asked.rate)
    clips = [read(path, rate_hz, cuts_s) for path, cuts_s in asked.clips]
    sequences = [*clips, *(made(clips, rate_hz or 25.0) if asked.made else ())]
    by_source: dict[str, Counts] = {}
    for sequence in sequences:
        times = reported(sequence)
        compare(sequence, times, by_source.setdefault(sequence.source, Counts()))
        if asked.verbose and sequence in clips:
            print(sequence.source, [round(t, 2) for t in times])
    print(f"{'source':<24}{'frames':>7}{'cuts':>6}{'found':>7}{'false':>7}{'precision':>11}{'recall':>8}")
    total = Counts()
    for source, counts in by_source.items():
        print(f"{source:<24}{counts}")
        for name in ("frames", "cuts", "found", "false"):
            setattr(total, name, getattr(total, name) + getattr(counts, name))
    print(f"{'all':<24}{total}")


if __name__ == "__main__":
    main()
