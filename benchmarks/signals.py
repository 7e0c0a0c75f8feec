"""Agreement of signals with their teacher, and their errors on rendered heads.

    python benchmarks/signals.py --teacher face_landmarker.task --faces val.parquet test.parquet --clips CLIP.mp4 ...
    python benchmarks/signals.py --heads heads/*.npz

Faces and clips must not be in the training data. For comparison, the correlation of the teacher with itself on the mirrored
picture is printed, which is an upper limit. Labels are stored in --cache. `sample_videos/make_heads.py` renders the heads.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from feelit.models.paths import model_path
from feelit.signals.columns import ACTION_UNITS, BASIC, BLENDSHAPES, OUTPUTS, POSE
from feelit.signals.derive import derive, in_mirror, turned
from feelit.training.face.data import load_images
from feelit.training.signals.data import TURNED_OVER, Faces, crop, cut_face
from feelit.training.signals.teacher import Teacher
from feelit.training.signals.train import Recipe, scale_of
from feelit.types import Bool, Float32, UInt8
from feelit.vision.align import similarity_to_template
from feelit.vision.detector import FaceDetector
from feelit.vision.face_crops import find_close_faces
from feelit.vision.signals import SignalsModel

ASKED = ("mouth_open", "AU26", "smile", "blink", "brow_raise", "brow_lower")
ANGLES = ("pitch_deg", "yaw_deg", "roll_deg", "gaze_yaw_deg", "gaze_pitch_deg")
NAMES = (*POSE, *BASIC, *ACTION_UNITS, *(f"bs_{name.lstrip('_')}" for name in BLENDSHAPES))
LEAST_SPREAD = 0.02
SIZES = ((32, 48), (48, 64), (64, 96), (96, 9999))
YAWS = ((0, 15), (15, 30), (30, 90))
HEAD_YAWS = ((0, 15), (15, 30), (30, 45), (0, 45), (45, 60), (60, 75), (45, 75))


@dataclass(frozen=True)
class Cuts:
    """Crops of faces, as made by `cut_face`, with their landmarks, and the size of each face in px."""

    picture: list[UInt8]
    landmarks: list[Float32]
    size: list[float]

    def add(self, luma: UInt8, landmarks: Float32, size: float) -> None:
        """Crop one more."""
        picture, where = cut_face(luma, landmarks)
        self.picture.append(picture)
        self.landmarks.append(where)
        self.size.append(size)


@dataclass(frozen=True)
class Seen:
    """Outputs of the teacher for faces and their mirror images, and outputs of the model: columns of NAMES."""

    size: Float32
    teacher: Float32
    again: Float32
    model: Float32


def cut_pictures(path: Path) -> Cuts:
    """Faces of labelled pictures."""
    cuts = Cuts([], [], [])
    images = load_images([path])
    for i in np.flatnonzero(~images.masked).tolist():
        rows = images.faces(i)
        side = (images.box[rows, 2:] - images.box[rows, :2]).min(axis=1)
        luma = np.asarray(cv2.cvtColor(images.image(i), cv2.COLOR_BGR2GRAY), np.uint8)
        for landmarks, px, skip in zip(images.landmarks[rows], side.tolist(), images.ignore[rows], strict=True):
            if px >= SIZES[0][0] and not skip:
                cuts.add(luma, landmarks, px)
    return cuts


def cut_clips(paths: list[Path], every_s: float) -> Cuts:
    """Faces of videos, found as in a picture, every so many seconds."""
    cuts = Cuts([], [], [])
    detector = FaceDetector(model_path("face"), "cpu")
    for path in paths:
        with av.open(str(path)) as source:
            following = 0.0
            for frame in source.decode(video=0):
                if frame.time is None or frame.time < following:
                    continue
                following = frame.time + every_s
                luma = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
                found = find_close_faces(detector, luma)
                for box, landmarks in zip(found.box, found.landmarks, strict=True):
                    cuts.add(luma, landmarks, float(np.sqrt(np.prod(box[2:] - box[:2]))))
    return cuts


def look(cuts: Cuts, teacher: Path, cache: Path, both_ways: bool) -> Seen:
    """Outputs of the teacher, stored or computed, and of the model."""
    if not cache.exists():
        scale, looks = scale_of(Recipe()), Teacher(teacher)
        nothing = np.full(len(OUTPUTS), np.nan, np.float32)
        said = {}
        for name, step in (("plain", 1), ("mirrored", -1)):
            targets = [looks.predict(np.ascontiguousarray(picture[:, ::step]), scale) for picture in cuts.picture]
            said[name] = np.stack([nothing if target is None else target for target in targets])
        np.savez(cache, plain=said["plain"], mirrored=said["mirrored"])
    with np.load(cache) as kept:
        plain, mirrored = kept["plain"], in_mirror(kept["mirrored"])
    known = np.isfinite(plain[:, 0]) & np.isfinite(mirrored[:, 0])
    print(f"{cache.stem}: {known.sum()} of {len(known)} faces; the teacher finds no face in the others")
    faces = Faces(np.stack(cuts.picture), np.stack(cuts.landmarks), plain, np.ones_like(plain)).rows(known)
    crops = crop(faces, 64)
    again = crop(Faces(faces.picture, faces.landmarks, mirrored[known], faces.weight), 64)
    upright = np.zeros(len(crops.crop), np.float32)
    outputs = SignalsModel(model_path("signals"), (), "cpu", mirrored=both_ways).outputs(crops.crop)
    columns = [derive(values.astype(np.float32), upright, NAMES) for values in (crops.target, again.target, outputs)]
    return Seen(np.array(cuts.size, np.float32)[known], *columns)


def correlation(a: Float32, b: Float32) -> float:
    """Pearson's correlation; NaN for few or constant values."""
    return float(np.corrcoef(a, b)[0, 1]) if len(a) > 9 and min(a.std(), b.std()) > 1e-6 else float("nan")


def scores(seen: Seen, where: Bool) -> dict[str, list[float]]:
    """By column: correlation with the teacher, and the repeatability of the teacher; for angles mean differences."""
    found = {}
    for name in (*ASKED, *ACTION_UNITS, *ANGLES):
        t, a, m = (values[where][:, NAMES.index(name)] for values in (seen.teacher, seen.again, seen.model))
        if name in ANGLES:
            found[name] = [float(np.abs(m - t).mean()), float(np.abs(a - t).mean())] if len(t) else [float("nan")] * 2
        else:
            found[name] = [correlation(m, t), correlation(a, t)]
    for title, names in (("mean of the AUs", tuple(ACTION_UNITS)), ("mean of the blendshapes", NAMES[-len(BLENDSHAPES) :])):
        moving = [n for n in names if seen.teacher[where][:, NAMES.index(n)].std() > LEAST_SPREAD]
        pairs = [
            [correlation(v[where][:, NAMES.index(n)], seen.teacher[where][:, NAMES.index(n)]) for v in (seen.model, seen.again)]
            for n in moving
        ]
        found[title] = np.nanmean(pairs, axis=0).tolist() if pairs else [float("nan")] * 2
    return found


def table(title: str, columns: dict[str, dict[str, list[float]]]) -> None:
    print(f"\n{title}: correlation with the teacher / repeatability of the teacher; for angles mean absolute differences")
    print("| | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for name in next(iter(columns.values())):
        print(f"| {name} | " + " | ".join("{:.2f} / {:.2f}".format(*column[name]) for column in columns.values()) + " |")


def report(title: str, seen: Seen) -> dict[str, list[float]]:
    large = seen.size >= 48
    whole = scores(seen, large)
    table(f"{title}, {large.sum()} faces of 48 px or more", {"all": whole})
    groups = {
        f"{a} to {b if b < 999 else '...'} px ({k.sum()})": k
        for a, b in SIZES
        if (k := (seen.size >= a) & (seen.size < b)).sum() > 19
    }
    yaw = np.abs(seen.teacher[:, NAMES.index("yaw_deg")])
    groups |= {f"yaw {a} to {b}° ({k.sum()})": k for a, b in YAWS if (k := large & (yaw >= a) & (yaw < b)).sum() > 19}
    table(f"{title}, by size and yaw", {name: scores(seen, k) for name, k in groups.items()})
    return whole


def rotation_deg(one: Float32, other: Float32) -> Float32:
    """The angle of the rotation between two head poses: (N, 3) pitch, yaw, roll each -> (N,), degrees."""
    axes = [
        np.stack([turned((x, y, z), *angles.T.astype(np.float64)) for x, y, z in np.eye(3).tolist()]) for angles in (one, other)
    ]
    trace = np.einsum("ijn,ijn->n", *axes)
    return np.asarray(np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1))), np.float32)


def heads(paths: list[Path], both_ways: bool) -> dict[str, dict[str, float]]:
    model = SignalsModel(model_path("signals"), (), "cpu", mirrored=both_ways)
    rows: list[tuple[Float32, Float32, Float32, float, float]] = []
    missed = 0
    for path in paths:
        content = dict(np.load(path))
        for i in range(len(content["image"])):
            points = content["found"][i]
            if not np.isfinite(points).all():
                missed += 1
                continue
            crops = model.crop(content["image"][i], np.arange(256, dtype=np.uint8), points[None])
            matrix = similarity_to_template(points[None], 64)
            angle = np.degrees(np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0])).astype(np.float32)
            found = derive(model.outputs(crops), angle, NAMES)[0]
            rows.append((found, content["angles"][i], content["gaze_camera"][i], content["gap"][i], content["close"][i].max()))
    found = np.array([row[0] for row in rows])
    pose, gaze, opened, closed = (np.array([row[k] for row in rows]) for k in (1, 2, 3, 4))
    print(f"\nrendered heads: {len(rows)} pictures of {len(paths)} people; {missed} not detected")
    result = {}
    upright = np.abs(pose[:, [0, 2]]).max(axis=1) < TURNED_OVER
    for low, high in HEAD_YAWS:
        k = (np.abs(pose[:, 1]) >= low) & (np.abs(pose[:, 1]) < high)
        errors = {n: float(np.abs(found[k, NAMES.index(n)] - pose[k, j]).mean()) for j, n in enumerate(ANGLES[:3])}
        eyes = k & (closed < 0.5)
        errors |= {n: float(np.abs(found[eyes, NAMES.index(n)] - gaze[eyes, j]).mean()) for j, n in enumerate(ANGLES[3:])}
        errors |= {n: correlation(found[k, NAMES.index(n)], opened[k]) for n in ("mouth_open",)}
        errors["blink"] = correlation(found[k, NAMES.index("AU45")], closed[k])
        errors["rotation_deg"] = float(rotation_deg(found[k][:, [NAMES.index(n) for n in ANGLES[:3]]], pose[k]).mean())
        known = k & upright
        errors |= {
            f"{n}, upright": float(np.abs(found[known, NAMES.index(n)] - pose[known, j]).mean())
            for j, n in enumerate(ANGLES[:3])
        }
        result[f"yaw {low} to {high}°"] = errors
        print(
            f"| yaw {low} to {high}° ({k.sum()}, upright {known.sum()}) | "
            + " | ".join(f"{n} {v:.2f}" for n, v in errors.items())
            + " |"
        )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", type=Path)
    parser.add_argument("--faces", type=Path, nargs="*", default=[])
    parser.add_argument("--clips", type=Path, nargs="*", default=[])
    parser.add_argument("--every", type=float, default=0.5, help="seconds between samples of a clip")
    parser.add_argument("--heads", type=Path, nargs="*", default=[])
    parser.add_argument("--mirrored", action="store_true", help="as `feelit analyze --mirrored`")
    parser.add_argument("--cache", type=Path, default=Path("signals-cache"))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    given.cache.mkdir(exist_ok=True)
    found: dict[str, object] = {}
    for path in given.faces:
        found[path.name] = report(
            path.name, look(cut_pictures(path), given.teacher, given.cache / f"{path.stem}.npz", given.mirrored)
        )
    if given.clips:
        found["clips"] = report(
            "clips", look(cut_clips(given.clips, given.every), given.teacher, given.cache / "clips.npz", given.mirrored)
        )
    if given.heads:
        found["heads"] = heads(given.heads, given.mirrored)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
