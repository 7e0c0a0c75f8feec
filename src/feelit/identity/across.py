"""Groups the people of many recordings: average linkage of those who are likely enough to be one person.

Only pairs with enough likeness are compared, found block by block: a mean is never above its largest member. So ten thousand
people take seconds, without a matrix of all pairs. People with the same name are always joined; otherwise people of one file,
and people with two names, never are.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from feelit.identity.likeness import JOIN, LEAST_WEIGHT, least_likeness, normal, normalised_likeness, probability
from feelit.types import Float32, Float64

PROPOSE = 0.1  # pairs are proposed from this probability on

BLOCK = 1024

MOST_NEAR = 64  # each person is compared with at most this many nearest ones, which limits the time for many equal faces


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One person of one file."""

    file: int
    number: int
    total: Float32  # (128,) sum of quality times embedding
    weight: float  # sum of quality
    name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """Two people, by the indices of the first members of their groups, who may be one."""

    one: int
    other: int
    probability: float


@dataclass(slots=True)
class _Group:
    members: list[int]
    files: set[int]
    names: set[str]
    total: Float64
    weight: float
    normal: float = 0.0
    near: set[int] = field(default_factory=set)


def group_people(people: Sequence[Candidate]) -> tuple[list[int], list[Proposal]]:
    """Join the people of several files.

    Returns
    -------
    The group of each, as the index of its first member; and the pairs of groups that may be one person, but are not joined.
    """
    if not people:
        return [], []
    count = len({person.file for person in people})
    candidates = max(1.0, len(people) * (1 - 1 / count)) if count > 1 else 1.0
    means = np.stack([p.total / max(p.weight, 1e-6) for p in people]).astype(np.float32)
    usual = normal(means)
    groups = {
        n: _Group([n], {p.file}, {p.name} if p.name else set(), p.total.astype(np.float64), p.weight, float(usual[n]))
        for n, p in enumerate(people)
    }
    _join_names(groups)
    near = _near_pairs(people, means, usual, least_likeness(PROPOSE, candidates))
    owner = {member: number for number, group in groups.items() for member in group.members}
    for one, other in near:
        a, b = owner[one], owner[other]
        if a != b:
            groups[a].near.add(b)
            groups[b].near.add(a)
    _join(groups, least_likeness(JOIN, candidates))
    owner = {member: number for number, group in groups.items() for member in group.members}
    first = {number: min(group.members) for number, group in groups.items()}
    return [first[owner[n]] for n in range(len(people))], _proposals(groups, first, candidates)


def _near_pairs(people: Sequence[Candidate], means: Float32, usual: Float32, least: float) -> list[tuple[int, int]]:
    """Pairs from two files with at least the given likeness, found block by block."""
    file = np.array([person.file for person in people])
    good = np.array([person.weight >= LEAST_WEIGHT for person in people])
    found: list[tuple[int, int]] = []
    for start in range(0, len(people), BLOCK):
        stop = min(start + BLOCK, len(people))
        score = normalised_likeness(means[start:stop], means[start:], usual[start:stop], usual[start:])
        score[(file[start:stop, None] == file[None, start:]) | ~good[start:stop, None] | ~good[None, start:]] = -np.inf
        score[np.tril_indices(stop - start)] = -np.inf  # each pair once
        if score.shape[1] > MOST_NEAR:
            weakest = np.partition(score, -MOST_NEAR, axis=1)[:, -MOST_NEAR]
            score[score < weakest[:, None]] = -np.inf
        rows, columns = np.nonzero(score >= least)
        found += [(start + i, start + j) for i, j in zip(rows.tolist(), columns.tolist(), strict=True)]
    return found


def _join_names(groups: dict[int, _Group]) -> None:
    """Join people with the same name."""
    first: dict[str, int] = {}
    for number in sorted(groups):
        for name in groups[number].names:
            keep = first.setdefault(name, number)
            if keep != number:
                _merge(groups, keep, number)
                break


def _join(groups: dict[int, _Group], least: float) -> None:
    """Join the two groups with the highest likeness until it is below `least`."""
    queue: list[tuple[float, int, int]] = []

    def push(one: int, other: int) -> None:
        score = _score(groups[one], groups[other])
        if score >= least:
            heapq.heappush(queue, (-score, min(one, other), max(one, other)))

    for one, group in groups.items():
        for other in group.near:
            if one < other:
                push(one, other)
    while queue:
        score, one, other = heapq.heappop(queue)
        if one not in groups or other not in groups or _score(groups[one], groups[other]) != -score:
            continue  # one of them has changed meanwhile
        if not _may_join(groups[one], groups[other]):
            continue
        _merge(groups, one, other)
        for neighbour in groups[one].near:
            push(one, neighbour)


def _may_join(one: _Group, other: _Group) -> bool:
    return one.files.isdisjoint(other.files) and len(one.names | other.names) < 2


def _score(one: _Group, other: _Group) -> float:
    return float(one.total @ other.total) / max(one.weight * other.weight, 1e-9) - 0.5 * (one.normal + other.normal)


def _merge(groups: dict[int, _Group], keep: int, gone: int) -> None:
    mine, theirs = groups[keep], groups.pop(gone)
    mine.members += theirs.members
    mine.files |= theirs.files
    mine.names |= theirs.names
    mine.total, mine.weight = mine.total + theirs.total, mine.weight + theirs.weight
    mine.normal = float(normal((mine.total / max(mine.weight, 1e-6)).astype(np.float32)[None])[0])
    for number in theirs.near:
        groups[number].near.discard(gone)
        if number != keep:
            groups[number].near.add(keep)
    mine.near = (mine.near | theirs.near) - {keep, gone}


def _proposals(groups: dict[int, _Group], first: dict[int, int], candidates: float) -> list[Proposal]:
    found = []
    for one, group in groups.items():
        for other in group.near:
            if one < other and _may_join(group, groups[other]):
                sure = float(probability(np.array([_score(group, groups[other])]), candidates)[0])
                if sure >= PROPOSE:
                    a, b = sorted((first[one], first[other]))
                    found.append(Proposal(one=a, other=b, probability=sure))
    return sorted(found, key=lambda p: (-p.probability, p.one, p.other))
