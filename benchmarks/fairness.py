"""Errors by appearance: detection, landmarks, expressions and identity on rendered heads that differ in one attribute.

    FEELIT_HEADS=heads.tar.xz python benchmarks/fairness.py render --cache FOLDER [--heads 8]
    python benchmarks/fairness.py tables --cache FOLDER
    python benchmarks/fairness.py cards --cache FOLDER

`render` renders every head of HEADS in every variant of `variants`, each with seven expressions in three views, with
sample_videos/rendering, and analyses each picture at its original size and at a quarter of it. Only the results are stored;
heads that are stored already are skipped. `tables` prints the differences of each variant from its base head with the same
expression, view and light. Intervals are 95 % by bootstrap over heads, because pictures of one head are not independent.
`cards` prints the differences whose interval excludes 0, for the model cards.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "sample_videos"))

from rendering import skin
from rendering.acting import EMOTIONS as ACTED
from rendering.bust import Model, build, pose
from rendering.cast import DARK, DAY
from rendering.draw import Camera, draw
from rendering.landmarks import face_box, landmarks_5
from rendering.people import RGB, Head, Light, Pose
from rendering.rooms import room

from feelit.geometry import iou
from feelit.options import AnalyzeOptions
from feelit.run.pipeline import resolve
from feelit.run.segment import Networks, detect_and_classify, open_networks
from feelit.types import EMOTIONS, Float32, Sample, UInt8
from feelit.vision.multi_scale import MultiScaleDetector

SIDE_PX = 192
CAMERA = Camera(width=SIDE_PX, height=SIDE_PX, span=3.2, factor=2)

MONK: tuple[RGB, ...] = (
    (246, 237, 228), (243, 231, 219), (247, 234, 208), (234, 218, 186), (215, 189, 150),
    (160, 126, 86), (130, 92, 67), (96, 65, 52), (58, 49, 42), (41, 36, 32),
)  # fmt: skip
"""The Monk Skin Tone Scale (Ellis Monk, Google 2022), sRGB."""

USUAL_TONE = 5


def toned(head: Head, tone: int) -> Head:
    """The same head with a skin of the Monk scale, 1..10; lips follow the skin."""
    red, green, blue = MONK[tone - 1]
    return replace(head, skin=(red, green, blue), lips=(0.86 * red, 0.60 * green, 0.64 * blue))


def of_ancestry(head: Head, name: str) -> Head:
    """The same head in another shape."""
    return replace(head, african=float(name == "african"), asian=float(name == "asian"), caucasian=float(name == "caucasian"))


def usual(female: float, ancestry: str, style: str, seed: int, shape: str, weight: float) -> Head:
    """A head that others differ from."""
    target = {f"head/head-{shape}": weight}
    head = Head(female=female, age=0.2, style=style, seed=seed, shape=target, hair=(40, 30, 26), iris=(66, 46, 32))
    return toned(of_ancestry(head, ancestry), USUAL_TONE)


HEADS = (
    usual(1, "african", "bun", 101, "oval", 0.5),
    usual(0, "caucasian", "short", 102, "square", 0.4),
    usual(1, "asian", "bob", 103, "round", 0.4),
    usual(0, "african", "crop", 104, "square", 0.5),
    usual(1, "caucasian", "side", 105, "oval", 0.2),
    usual(0, "asian", "short", 106, "oval", 0.4),
    usual(1, "african", "side", 107, "round", 0.5),
    usual(0, "caucasian", "side", 108, "round", 0.3),
)
"""Whom all others differ from in one attribute."""

VIEWS: dict[str, tuple[Pose, Light]] = {
    "front": (Pose(), DAY),
    "side": (Pose(yaw=25, pitch=-5), DAY),
    "dim": (Pose(yaw=5), DARK),
}


def variants(head: Head) -> Iterator[tuple[str, str, Head]]:
    """Attribute, level and head; the head itself first, as "none"."""
    yield "none", "", head
    for tone in range(1, 11):
        if tone != USUAL_TONE:
            yield "skin tone", f"{tone:02d}", toned(head, tone)
    for name in ("african", "asian", "caucasian"):
        if getattr(head, name) < 1:
            yield "ancestry", name, of_ancestry(head, name)
    yield "sex", "female" if head.female < 0.5 else "male", replace(head, female=1 - head.female)
    for age in (0.6, 1.0):
        yield "age", f"{age:g}", replace(head, age=age)
    yield "glasses", "on", replace(head, glasses=True)
    yield "beard", "full", replace(head, beard=0.04)
    yield "head covering", "scarf", replace(head, scarf=(64, 74, 104))
    yield "mask", "on", replace(head, mask=True)


@dataclass(frozen=True, slots=True)
class Observer:
    """The built-in networks, and what they need for pictures of one size."""

    networks: Networks
    detector: MultiScaleDetector

    @classmethod
    def open(cls) -> Observer:
        """With default options."""
        networks = open_networks(resolve(AnalyzeOptions()).models)
        return cls(networks, MultiScaleDetector(networks.detector, SIDE_PX, SIDE_PX, None))

    def look(self, luma: UInt8, box: Float32, landmarks: Float32) -> dict[str, Any]:
        """What feelit finds in (H, W) luma, beside the truth: (4,) and (5, 2) px."""
        levels: UInt8 = np.arange(256, dtype=np.uint8)
        view = self.detector.view
        small = cv2.resize(luma, (view.width_px, view.height_px), interpolation=cv2.INTER_AREA)
        padded = np.zeros((view.padded_height_px, view.padded_width_px), np.uint8)
        padded[: view.height_px, : view.width_px] = small
        sample = Sample(0, 0, 0.0, 0, True, luma, levels, padded)
        faces = detect_and_classify([sample], self.detector, self.networks, 16)
        faces = faces.rows(faces.score >= self.networks.detector.threshold)
        overlap = iou(box[None], faces.box)[0] if len(faces) else np.zeros(0)
        best = int(np.argmax(overlap)) if len(faces) else -1
        found = best >= 0 and overlap[best] >= 0.3
        row: dict[str, Any] = {"found": found, "false": len(faces) - found, "score": 0.0, "error": np.nan}
        row |= {f"p_{name}": np.nan for name in EMOTIONS} | {"embedding": None, "face_px": np.nan}
        if found:
            apart = float(np.linalg.norm(landmarks[0] - landmarks[1]))
            row["score"] = float(faces.score[best])
            row["error"] = float(np.linalg.norm(faces.landmarks[best] - landmarks, axis=1).mean() / apart)
            row["face_px"] = float(faces.face_px[best])
            row |= {f"p_{name}": float(p) for name, p in zip(EMOTIONS, faces.probability[best], strict=True)}
            identity = self.networks.identity
            assert identity is not None
            row["embedding"] = identity.embed(identity.crop(luma, levels, faces.landmarks[best : best + 1]))[0]
        return row


@cache
def observer() -> Observer:
    """Opened once."""
    return Observer.open()


def rows_of(model: Model, attribute: str, level: str, number: int) -> list[dict[str, Any]]:
    """All expressions in all views of one variant of head `number`."""
    behind = room("office", SIDE_PX, SIDE_PX)
    rows = []
    for view, (held, light) in VIEWS.items():
        for acted, units in ACTED.items():
            posed = pose(model, replace(held, units=units))
            picture, _ = draw(model, posed, CAMERA, light, behind)
            luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
            box, points = face_box(posed, CAMERA), landmarks_5(posed, CAMERA)
            about = {"head": number, "attribute": attribute, "level": level, "view": view, "acted": acted}
            rows.append(about | {"size": "large"} | observer().look(luma, box, points))
            small = far_away(luma, cv2.cvtColor(behind, cv2.COLOR_RGB2GRAY), box, points)
            rows.append(about | {"size": "small"} | observer().look(*small))
    return rows


def far_away(luma: UInt8, behind: Any, box: Float32, points: Float32) -> tuple[UInt8, Float32, Float32]:
    """The same at a quarter of the size, in the middle of the room: a face of about 26 px."""
    side, corner = SIDE_PX // 4, SIDE_PX * 3 // 8
    picture = np.array(behind, np.uint8)
    picture[corner : corner + side, corner : corner + side] = cv2.resize(luma, (side, side), interpolation=cv2.INTER_AREA)
    return picture, np.float32(0.25) * box + np.float32(corner), np.float32(0.25) * points + np.float32(corner)


def render(cache_folder: Path, heads: int) -> None:
    """Draw what is missing in the cache: one file a head and variant."""
    skin.line = _line_once
    cache_folder.mkdir(parents=True, exist_ok=True)
    for number, head in enumerate(HEADS[:heads]):
        for attribute, level, changed in variants(head):
            target = cache_folder / f"{number}-{attribute.replace(' ', '_')}-{level}.parquet"
            if not target.exists():
                frame = pd.DataFrame(rows_of(build(changed), attribute, level, number))
                part = target.with_suffix(".part")
                frame.to_parquet(part)
                part.replace(target)
                print(target.stem, f"found {frame.found.mean():.2f}", flush=True)


_LINES: dict[Any, Any] = {}
_draw_line = skin.line


def _line_once(x: Any, y: Any, points: list[tuple[float, float]], width: float) -> Any:
    """A groove of the skin lies in the same place on every head: drawn once, it saves most of the time of `build`."""
    key = (tuple(points), width)
    if key not in _LINES:
        _LINES[key] = _draw_line(x, y, points, width)
    return _LINES[key]


METRICS = {
    "found": ("recall", "found"),
    "found_small": ("recall, small", "found, small"),
    "error": ("landmark error", "landmark error"),
    "intended": ("probability", "p of the intended"),
    "right": ("accuracy", "right"),
    "overconfidence": ("overconfidence", "confidence over rate"),
    "likeness": ("similarity within a head", "likeness to itself"),
    "joined": ("false matches at a plain cosine of 0.94", "strangers joined at a plain cosine of 0.94"),
}
"""Headings of the tables, and keys on the cards, which released models keep. Landmark errors are relative to the inter-ocular
distance; all others are shares or probabilities.
"""

RESAMPLES = 4000


@dataclass(frozen=True, slots=True)
class Variant:
    """All pictures of one variant: each metric a head, (H,) float64, and what needs two heads, (H, H)."""

    heads: Any
    values: dict[str, Any]
    joined: Any  # share of pairs of pictures that would be joined


def variant_of(frame: pd.DataFrame) -> Variant:
    """Average the rows of one variant by head."""
    heads = np.sort(frame["head"].unique())
    values: dict[str, list[float]] = {name: [] for name in METRICS if name != "joined"}
    vectors = []
    for head in heads:
        mine = frame[frame["head"] == head]
        large = mine[(mine["size"] == "large") & mine["found"]]
        p = large[[f"p_{name}" for name in EMOTIONS]].to_numpy(np.float64)
        acted = np.array([EMOTIONS.index(name) for name in large["acted"]])
        right = p.argmax(axis=1) == acted
        vector = np.stack(large["embedding"].to_numpy()).astype(np.float64)
        vectors.append(vector)
        likeness = vector @ vector.T
        values["found"].append(float(mine[mine["size"] == "large"]["found"].mean()))
        values["found_small"].append(float(mine[mine["size"] == "small"]["found"].mean()))
        values["error"].append(float(large["error"].mean()))
        values["intended"].append(float(p[np.arange(len(p)), acted].mean()))
        values["right"].append(float(right.mean()))
        values["overconfidence"].append(float(p.max(axis=1).mean() - right.mean()))
        values["likeness"].append(float(likeness[~np.eye(len(vector), dtype=bool)].mean()))
    joined = np.array([[float(((a @ b.T) >= JOINED).mean()) for b in vectors] for a in vectors])
    return Variant(heads, {name: np.array(value) for name, value in values.items()}, joined)


JOINED = 0.94
"""A plain cosine from which two groups of faces would be taken for one person; feelit corrects it by a cohort."""


def difference(changed: Variant, usual: Variant, metric: str, rng: np.random.Generator) -> tuple[float, float, float]:
    """How much a metric changes with a variant: mean over its heads, and the 95 % interval of the bootstrap over heads."""
    mine = np.searchsorted(usual.heads, changed.heads)
    drawn = rng.integers(0, len(mine), (RESAMPLES, len(mine)))
    if metric == "joined":
        change = changed.joined - usual.joined[np.ix_(mine, mine)]
        apart = ~np.eye(len(mine), dtype=bool)
        sums = []
        for heads in drawn:
            pairs = apart[np.ix_(heads, heads)]
            sums.append(float(change[np.ix_(heads, heads)][pairs].mean()) if pairs.any() else 0.0)
        return float(change[apart].mean()), *np.percentile(sums, [2.5, 97.5]).tolist()
    change = changed.values[metric] - usual.values[metric][mine]
    return float(change.mean()), *np.percentile(change[drawn].mean(axis=1), [2.5, 97.5]).tolist()


LEAST_HEADS = 4
"""With fewer heads no interval is given."""

MODELS = {
    "face": ("found", "found_small", "error"),
    "expression": ("intended", "right", "overconfidence"),
    "identity": ("likeness", "joined"),
}
"""The metrics of each model."""

Gap = tuple[float, float, float]


def read_cache(cache_folder: Path) -> pd.DataFrame:
    """The rows of all heads that are complete."""
    frame = pd.concat([pd.read_parquet(path) for path in sorted(cache_folder.glob("*.parquet"))], ignore_index=True)
    last = len(list(variants(HEADS[0])))
    complete = [head for head, mine in frame.groupby("head") if len(mine[["attribute", "level"]].drop_duplicates()) == last]
    return frame[frame["head"].isin(complete)]


def gaps_of(frame: pd.DataFrame) -> tuple[Variant, dict[str, tuple[int, dict[str, Gap]]]]:
    """The base heads; and for each variant the number of its heads and the differences of all metrics."""
    rng = np.random.default_rng(1)
    usual = variant_of(frame[frame["attribute"] == "none"])
    found = {}
    for (attribute, level), mine in frame[frame["attribute"] != "none"].groupby(["attribute", "level"]):
        changed = variant_of(mine)
        gaps = {metric: difference(changed, usual, metric, rng) for metric in METRICS}
        found[f"{attribute} {level}"] = (len(changed.heads), gaps)
    return usual, found


def exceeds(heads: int, gap: Gap) -> bool:
    """Whether an interval excludes 0, to the printed digits."""
    _, low, high = gap
    return heads >= LEAST_HEADS and (low >= 0.001 or high <= -0.001)


def tables(cache_folder: Path) -> None:
    """Print the differences of every variant, as Markdown; in bold where the interval excludes 0."""
    frame = read_cache(cache_folder)
    usual, found = gaps_of(frame)
    print(f"{len(frame) // 2} renderings of {len(usual.heads)} heads; {int(frame['false'].sum())} false faces")
    apart = ~np.eye(len(usual.heads), dtype=bool)
    for model, metrics in MODELS.items():
        print(f"\n{model}\n\n| variant | heads | " + " | ".join(METRICS[name][0] for name in metrics) + " |")
        print("|---|---|" + "---|" * len(metrics))
        means = [usual.joined[apart].mean() if name == "joined" else usual.values[name].mean() for name in metrics]
        print(f"| base heads | {len(usual.heads)} | " + " | ".join(f"{value:.3f}" for value in means) + " |")
        for name, (heads, gaps) in found.items():
            cells = []
            for metric in metrics:
                value, low, high = gaps[metric]
                text = f"{value:+.3f}" + (f" ({low:+.3f} to {high:+.3f})" if heads >= LEAST_HEADS else "")
                cells.append(f"**{text}**" if exceeds(heads, gaps[metric]) else text)
            print(f"| {name} | {heads} | " + " | ".join(cells) + " |")
    print("\n| rendered | " + " | ".join(EMOTIONS) + " |\n|---|" + "---|" * len(EMOTIONS))
    seen = frame[(frame["attribute"] == "none") & (frame["size"] == "large") & frame["found"]]
    for acted, mine in seen.groupby("acted"):
        print(f"| {acted} | " + " | ".join(f"{mine[f'p_{name}'].mean():.2f}" for name in EMOTIONS) + " |")


def cards(cache_folder: Path) -> None:
    """Print for each model the differences whose interval excludes 0, as JSON for its card."""
    _, found = gaps_of(read_cache(cache_folder))
    for model, metrics in MODELS.items():
        gaps: dict[str, dict[str, str]] = {}
        for metric in metrics:
            for name, (heads, mine) in found.items():
                if exceeds(heads, mine[metric]):
                    value, low, high = mine[metric]
                    gaps.setdefault(METRICS[metric][1], {})[name] = f"{value:+.3f} ({low:+.3f} to {high:+.3f})"
        print(json.dumps({model: gaps}))


def main() -> None:
    """Parse the command line; render, or print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("render", "tables", "cards"))
    parser.add_argument("--cache", type=Path, default=Path("fairness"), help="folder of the stored results")
    parser.add_argument("--heads", type=int, default=len(HEADS), help="number of heads to render")
    asked = parser.parse_args()
    if asked.what == "render":
        render(asked.cache, asked.heads)
    elif asked.what == "tables":
        tables(asked.cache)
    else:
        cards(asked.cache)


if __name__ == "__main__":
    main()
