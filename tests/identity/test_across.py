"""People of several files: joined where they are surely one, proposed where they may be, never within a file."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.identity.across import Candidate, group_people
from feelit.identity.likeness import JOIN, OFFSET, SLOPE, cohort, least_likeness, normal, normalised_likeness, probability
from feelit.types import Float32


def someone(seed: int, far: float = 0.06) -> Float32:
    """A direction near one of the cohort, as far from it as people are."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(np.random.default_rng(1).normal(0, 1, (128, 24)))[0].T
    vector = cohort()[seed % len(cohort())] + rng.normal(0, far, 24) @ axes
    result: Float32 = (vector / np.linalg.norm(vector)).astype(np.float32)
    return result


def candidate(
    file: int, number: int, direction: Float32, name: str | None = None, weight: float = 4.0, seed: int | None = None
) -> Candidate:
    noise = np.random.default_rng(100 * file + number if seed is None else seed).normal(0, 0.002, 128)
    return Candidate(
        file=file, number=number, total=(weight * (direction + noise)).astype(np.float32), weight=weight, name=name
    )


def test_the_cohort_is_no_person() -> None:
    means = cohort()
    assert means.shape[1] == 128
    assert len(means) > 100
    assert np.linalg.norm(means, axis=1).max() < 0.99, "an embedding has length one, a mean of many less"


def test_probability_falls_with_the_number_of_people_who_might_be_meant() -> None:
    at_even = -OFFSET / SLOPE
    found = [float(probability(np.array([at_even]), count)[0]) for count in (1, 10, 1000)]
    assert found[0] == pytest.approx(0.5, abs=0.01)
    assert found == sorted(found, reverse=True)
    assert float(probability(np.array([least_likeness(JOIN, 50)]), 50)[0]) == pytest.approx(JOIN)


def test_likeness_counts_from_how_alike_each_is_to_the_nearest_of_the_cohort() -> None:
    a, b = someone(3)[None], someone(4)[None]
    nearest = [np.sort(x @ cohort().T, axis=1)[:, -5:].mean() for x in (a, b)]
    assert normalised_likeness(a, b, normal(a), normal(b))[0, 0] == pytest.approx(
        float((a @ b.T)[0, 0]) - np.mean(nearest), abs=1e-5
    )


def alike(direction: Float32, wanted: float, candidates: float = 1) -> Float32:
    """Another direction that is the same person with a probability of about `wanted`."""
    noise = np.random.default_rng(5).normal(0, 1, 128)
    low, high = 0.0, 0.1
    for _ in range(40):
        scale = (low + high) / 2
        moved = direction + scale * noise
        other: Float32 = (moved / np.linalg.norm(moved)).astype(np.float32)
        score = normalised_likeness(direction[None], other[None], normal(direction[None]), normal(other[None])).astype(
            np.float64
        )
        low, high = (scale, high) if probability(score, candidates)[0, 0] > wanted else (low, scale)
    return other


def test_one_person_of_three_files_is_one_and_others_are_not() -> None:
    a, b, c = someone(1), someone(2), someone(3)
    people = [
        candidate(0, 1, a),
        candidate(0, 2, b),
        candidate(1, 1, b),
        candidate(1, 2, a),
        candidate(2, 1, c),
        candidate(2, 2, a),
    ]
    group, _ = group_people(people)
    assert group == [0, 1, 1, 0, 4, 0]


def test_people_of_one_file_are_never_joined() -> None:
    twin = someone(1)
    group, _ = group_people([candidate(0, 1, twin), candidate(0, 2, twin), candidate(1, 1, twin, seed=1)])
    assert len(set(group)) == 2
    assert group[0] != group[1]


def test_names_join_and_keep_apart() -> None:
    a, b = someone(1), someone(2)
    named = [candidate(0, 1, a, "Ann"), candidate(1, 1, a, "Eva"), candidate(2, 1, b, "Ann"), candidate(3, 1, a)]
    group, _ = group_people(named)
    assert group[0] == group[2], "one name is one person, however unlike"
    assert group[1] != group[0], "two names are two people, however alike"
    assert group[3] == 1, "who has no name goes to the name that is most alike"


def test_what_is_likely_but_not_sure_is_proposed() -> None:
    a = someone(1)
    pair = [Candidate(file=n, number=1, total=v, weight=1.0) for n, v in enumerate((a, alike(a, 0.6)))]
    group, (proposal,) = group_people(pair)
    assert (proposal.one, proposal.other) == (0, 1)
    assert proposal.probability == pytest.approx(0.6, abs=0.02)
    assert group == [0, 1]


def test_more_people_make_a_join_need_more() -> None:
    a = someone(1)
    pair = [Candidate(file=n, number=1, total=v, weight=1.0) for n, v in enumerate((a, alike(a, 0.995)))]
    crowd = [candidate(2 + n, 1, someone(500 + n, 0.05)) for n in range(300)]
    assert group_people(pair)[0] == [0, 0]
    group, proposals = group_people([*pair, *crowd])
    assert group[:2] == [0, 1]
    assert (0, 1) in {(p.one, p.other) for p in proposals}


def test_faces_that_are_too_poor_are_joined_to_nobody() -> None:
    a = someone(1)
    assert group_people([candidate(0, 1, a), candidate(1, 1, a, weight=0.1)])[0] == [0, 1]


def test_nobody_and_one_file() -> None:
    assert group_people([]) == ([], [])
    assert group_people([candidate(0, 1, someone(1)), candidate(0, 2, someone(2))])[0] == [0, 1]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [candidate(n % 7, n, someone(n % 5)) for n in range(35)]
    whole = group_people(people)
    monkeypatch.setattr("feelit.identity.across.BLOCK", 4)
    assert group_people(people) == whole
    assert len(set(whole[0])) == 5
