"""Grouping of people across recordings: errors by group of people, calibration, and time and memory of grouping.

    python benchmarks/across.py pairs UTKFACE.parquet IDENTITY.parquet [--write COHORT.npy]
    python benchmarks/across.py left IDENTITY.parquet
    python benchmarks/across.py group [--tracks 10000] [--files 1000]

`pairs` embeds the pictures of two files of aligned faces. UTKFACE has `image`, `age`, `sex` (0 male, 1 female) and `race`;
pairs of its faces of one group are treated as pairs of strangers, and give false matches by group. IDENTITY has `image`,
`source` and `person`, and gives pairs of one person. Of UTKFACE, half is for the cohort, a quarter for calibration and a
quarter for the results; of the people of IDENTITY, half is for calibration and half for the results. `--write` writes the
cohort. `left` prints the equal error rate of single pictures and of means, and, for several factors of the odds, the shares of
pairs of one person and of two people that are merged if a change of layout leaves only these two tracks unmatched. `group`
groups simulated people: embeddings around the means of the cohort, with about the same distributions of similarity as printed
by `pairs`.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from feelit.identity.across import Candidate, group_people
from feelit.identity.group import JOIN_UNMATCHED, odds_times
from feelit.identity.likeness import JOIN, OFFSET, SLOPE, cohort, least_likeness, normal, normalised_likeness, probability
from feelit.models.paths import model_path
from feelit.types import Bool, Float32, Float64, Int64
from feelit.vision.identity import IdentityModel

SEXES = ("men", "women")
RACES = ("White", "Black", "Asian", "Indian", "other")
MOST = 1500
"""Faces of a group at most, which make a million pairs."""

CLUSTERS, LEAST_FACES = 30, 20
"""Of the cohort: means a group, and the least number of faces in one."""

OWN_AXES, OWN, NOISE = 24, 0.055, 0.004
"""How far simulated people lie from the cohort, and their templates from them."""

THRESHOLDS = (0.03, 0.04, 0.05, round(least_likeness(JOIN, 1), 4), 0.06, 0.07, 0.08, 0.1)
"""That of a join within a video is among them."""

PLAIN = 0.9356
"""The cosine from which tracks within a video were joined before likeness was normalised."""


def embedded(images: pd.Series, model: IdentityModel) -> Float32:
    """(N,) encoded aligned crops -> (N, 128) float32 of length one, as analysis rounds them."""
    rows = []
    for image in images:
        crop = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert crop is not None
        vector = model.embed(cv2.resize(crop, (model.size_px, model.size_px))[None].astype(np.uint8))[0]
        rows.append(np.clip(np.round(vector * 256), -127, 127))
    found = np.array(rows, np.float32)
    result: Float32 = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
    return result


def made_cohort(vectors: Float32, groups: Int64, rng: np.random.Generator) -> Float32:
    """Means of many faces each, per group: k-means (Lloyd 1982), without small clusters, so that no mean is of one person."""
    means = []
    for group in np.unique(groups):
        mine = vectors[groups == group]
        centre = mine[rng.choice(len(mine), CLUSTERS, replace=False)]
        for _ in range(25):
            near = np.argmax(mine @ centre.T - 0.5 * (centre**2).sum(axis=1), axis=1)
            centre = np.stack([mine[near == k].mean(axis=0) if (near == k).any() else centre[k] for k in range(CLUSTERS)])
        means += [centre[k] for k in range(CLUSTERS) if (near == k).sum() >= LEAST_FACES]
    return np.stack(means).astype(np.float32)


def templates(vectors: Float32, code: Int64, people: Int64, rng: np.random.Generator) -> tuple[Float32, Float32]:
    """Pairs of means of 1 to 8 pictures of one person each."""
    one, other = [], []
    for person in people:
        mine = np.flatnonzero(code == person)
        for _ in range(16):
            count = min(len(mine) // 2, int(rng.choice([1, 2, 4, 8])))
            chosen = rng.choice(mine, 2 * count, replace=False)
            one.append(vectors[chosen[:count]].mean(axis=0))
            other.append(vectors[chosen[count:]].mean(axis=0))
    return np.array(one, np.float32), np.array(other, np.float32)


def strangers(vectors: Float32, means: Float32) -> Float64:
    """Normalised similarity of all pairs of some faces."""
    found = normalised_likeness(vectors, vectors, normal(vectors, means), normal(vectors, means))
    return np.asarray(found[np.triu_indices(len(vectors), 1)], np.float64)


def fitted(same: Float64, different: Float64) -> tuple[float, float]:
    """Slope and offset of a logistic curve (Platt 1999), by Newton's method; pairs of one and of two people weigh the same."""
    x = np.concatenate([same, different])
    y = np.concatenate([np.ones(len(same)), np.zeros(len(different))])
    weight = np.concatenate([np.full(len(same), 0.5 / len(same)), np.full(len(different), 0.5 / len(different))])
    beta, features = np.zeros(2), np.stack([x * 50, np.ones(len(x))], axis=1)
    for _ in range(50):
        p = 1 / (1 + np.exp(-features @ beta))
        gradient = features.T @ (weight * (y - p))
        beta = beta + np.linalg.solve((features * (weight * p * (1 - p))[:, None]).T @ features + 1e-9 * np.eye(2), gradient)
    return float(beta[0] * 50), float(beta[1])


def pairs(utkface: Path, identity: Path, write: Path | None) -> None:
    """Measure and print; see the top of the file."""
    rng = np.random.default_rng(0)
    model = IdentityModel(model_path("identity"), "cpu")
    faces = pd.read_parquet(utkface, columns=["image", "age", "sex", "race"])
    known = pd.read_parquet(identity, columns=["image", "source", "person"])
    vectors, pictures = embedded(faces["image"], model), embedded(known["image"], model)
    group = (faces["sex"] * 5 + faces["race"]).to_numpy(np.int64)
    part = rng.permutation(len(faces)) % 4  # 0 and 1: cohort, 2: calibration, 3: report
    if write is not None:
        made = made_cohort(vectors[part < 2], group[part < 2], np.random.default_rng(1))
        np.save(write, np.clip(np.round(made * 256), -127, 127).astype(np.int8))
        means = (np.round(made * 256) / 256).astype(np.float32)
    else:
        means = cohort()
    print(f"cohort: {len(means)} means")
    code = pd.factorize(known["source"] + known["person"].astype(str))[0].astype(np.int64)
    people = rng.permutation(np.unique(code))
    halves = [templates(pictures, code, people[k::2], rng) for k in (0, 1)]
    same = [_of_pairs(one, other, means) for one, other in halves]
    adult = (faces["age"] >= 16).to_numpy()
    by_group = {g: [vectors[_some(adult & (group == g) & (part == half), rng)] for half in (2, 3)] for g in range(10)}
    calibrating = np.concatenate([_sampled(strangers(found[0], means), rng) for found in by_group.values()])
    for half, name in ((0, "calibrated"), (1, "reported")):
        print(f"curve fitted on the people {name}: slope %.2f, offset %.2f" % fitted(same[half], calibrating), end="; ")
    print(f"used: {SLOPE}, {OFFSET}")
    print(f"similarity of one person: mean {same[1].mean():.3f}, standard deviation {same[1].std():.3f}")
    print("pairs of one person, of 26 people not used for calibration:", len(same[1]))
    plain = {g: np.asarray((f[1] @ f[1].T)[np.triu_indices(len(f[1]), 1)], np.float64) for g, f in by_group.items()}
    even = np.quantile(np.concatenate([_sampled(s, rng) for s in plain.values()]), 0.999)
    cosines = (halves[1][0] * halves[1][1]).sum(axis=1)
    print(f"plain cosine at 0.1 % over all groups: {(cosines > even).mean():.3f} recall; false matches in %:")
    print("  " + _row(plain, float(even)))
    print(f"plain cosine at {PLAIN}: {(cosines > PLAIN).mean():.3f} recall; false matches in %:\n  {_row(plain, PLAIN)}")
    scores = {g: strangers(found[1], means) for g, found in by_group.items()}
    for threshold in (float(np.quantile(np.concatenate([_sampled(s, rng) for s in scores.values()]), 0.999)), *THRESHOLDS):
        share = (same[1] > threshold).mean()
        print(f"normalised at {threshold:.4f}: {share:.3f} recall; false matches in %:\n  {_row(scores, threshold)}")


def left(identity: Path) -> None:
    """Measure and print equal error rates, and the effect of the odds for the only unmatched pair."""
    known = pd.read_parquet(identity, columns=["image", "source", "person"])
    vectors = embedded(known["image"], IdentityModel(model_path("identity"), "cpu"))
    code = pd.factorize(known["source"] + known["person"].astype(str))[0].astype(np.int64)
    i, j = np.triu_indices(len(code), 1)
    usual = normal(vectors)
    cosine = np.asarray((vectors @ vectors.T)[i, j], np.float64)
    plain, normed = (equal_error(score, code[i] == code[j]) for score in (cosine, cosine - 0.5 * (usual[i] + usual[j])))
    print(f"single pictures, {len(i)} pairs: equal error rate {100 * plain:.2f} % by cosine, {100 * normed:.2f} % normalised")
    for half in (0, 1):
        rng = np.random.default_rng(half)
        people = rng.permutation(np.unique(code))[half::2]
        one, other = templates(vectors, code, people, rng)
        owner = np.repeat(people, 16)
        order = rng.permutation(len(owner))
        strange = owner != owner[order]
        same, different = _of_pairs(one, other, cohort()), _of_pairs(one[strange], other[order][strange], cohort())
        score = np.concatenate([same, different])
        error = equal_error(score, np.arange(len(score)) < len(same))
        print(f"means of 1 to 8 pictures of {len(people)} people: equal error rate {100 * error:.2f} %")
        for odds in (1, 5, 10, 20, 40):
            shares = [(odds_times(probability(s, 1), odds) >= JOIN_UNMATCHED).mean() for s in (same, different)]
            print(f"  unmatched pair, odds times {odds}: {shares[0]:.3f} of one person merged, {shares[1]:.3f} of two")


def equal_error(score: Float64, same: Bool) -> float:
    """The equal error rate: where the false match rate equals the false non-match rate."""
    at = np.quantile(score, np.linspace(0, 1, 20_001))
    missed = np.searchsorted(np.sort(score[same]), at) / same.sum()
    false = 1 - np.searchsorted(np.sort(score[~same]), at) / (~same).sum()
    best = int(np.argmin(np.abs(missed - false)))
    return float(missed[best] + false[best]) / 2


def _of_pairs(one: Float32, other: Float32, means: Float32) -> Float64:
    return np.asarray((one * other).sum(axis=1) - 0.5 * (normal(one, means) + normal(other, means)), np.float64)


def _some(mask: Bool, rng: np.random.Generator) -> Int64:
    return np.asarray(rng.permutation(np.flatnonzero(mask))[:MOST], np.int64)


def _sampled(values: Float64, rng: np.random.Generator) -> Float64:
    return np.asarray(rng.choice(values, 100_000), np.float64)


def _row(scores: dict[int, Float64], threshold: float) -> str:
    return ", ".join(f"{RACES[g % 5]} {SEXES[g // 5]} {100 * (s > threshold).mean():.4f}" for g, s in scores.items())


def group(tracks: int, files: int) -> None:
    """Group simulated people, and print the errors, the time and the memory."""
    rng = np.random.default_rng(0)
    real, each = tracks // 5, tracks // files
    means = cohort()
    axes = np.linalg.qr(rng.normal(0, 1, (128, OWN_AXES)))[0].T
    own = means[rng.integers(len(means), size=real)] + rng.normal(0, OWN, (real, OWN_AXES)) @ axes
    who = np.stack([rng.permutation(real)[:each] for _ in range(files)]).ravel()
    vector = own[who] / np.linalg.norm(own[who], axis=1, keepdims=True) + rng.normal(0, NOISE, (len(who), 128))
    some = rng.permutation(len(who))[:2000]
    usual = normal(vector[some].astype(np.float32))
    score = normalised_likeness(vector[some].astype(np.float32), vector[some].astype(np.float32), usual, usual)
    same = who[some][:, None] == who[some][None]
    upper = np.triu(np.ones_like(same), 1)
    for name, chosen in (("one person", same & upper), ("two people", ~same & upper)):
        print(f"similarity of {name}: mean {score[chosen].mean():.3f}, standard deviation {score[chosen].std():.3f}")
    found = [
        Candidate(file=n // each, number=n % each + 1, total=(4 * vector[n]).astype(np.float32), weight=4.0)
        for n in range(len(who))
    ]
    began = time.perf_counter()
    groups, proposals = group_people(found)
    wall_s = time.perf_counter() - began
    label = np.array(groups)
    joined = {(int(a), int(b)) for a, b in zip(label, who, strict=True)}
    mixed = len(joined) - len(set(label.tolist()))
    print(
        f"{len(who)} persons of {files} files, {real} people: {len(set(label.tolist()))} groups, {mixed} wrong merges, "
        f"{len(proposals)} proposals at a merging probability of {JOIN}; {wall_s:.1f} s, "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most"
    )


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("pairs")
    first.add_argument("utkface", type=Path)
    first.add_argument("identity", type=Path)
    first.add_argument("--write", type=Path)
    commands.add_parser("left").add_argument("identity", type=Path)
    second = commands.add_parser("group")
    second.add_argument("--tracks", type=int, default=10_000)
    second.add_argument("--files", type=int, default=1000)
    asked = parser.parse_args()
    if asked.command == "pairs":
        pairs(asked.utkface, asked.identity, asked.write)
    elif asked.command == "left":
        left(asked.identity)
    else:
        group(asked.tracks, asked.files)


if __name__ == "__main__":
    main()
