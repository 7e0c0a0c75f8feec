from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.evaluation.classifier.metrics import reliability


def test_bins_agree_with_hand_computed_values() -> None:
    confidence = np.array([0.9, 0.8, 0.5, 0.25, 0.2501])
    agreement = np.array([0.7, 0.3, 0.5, 1.0, 0.0])
    found = reliability(confidence, agreement, bins=4)
    assert found.images.tolist() == [1, 2, 0, 2]  # (0, 0.25] holds 0.25, (0.25, 0.5] holds 0.2501 and 0.5
    assert found.confidence == pytest.approx([0.25, (0.5 + 0.2501) / 2, 0, 0.85])
    assert found.agreement == pytest.approx([1, 0.25, 0, 0.5])
    assert found.error == pytest.approx((0.75 + 2 * (0.37505 - 0.25) + 2 * 0.35) / 5)


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(0, 1)), max_size=30), st.integers(1, 20))
def test_the_error_is_a_share_and_no_more_than_the_mean_gap(pairs: list[tuple[float, float]], bins: int) -> None:
    confidence, agreement = np.array(pairs, np.float64).reshape(-1, 2).T
    found = reliability(confidence, agreement, bins)
    assert found.images.sum() == len(pairs)
    gap = np.abs(confidence - agreement).mean() if pairs else 0.0
    assert -1e-9 <= found.error <= gap + 1e-9


def test_the_error_against_votes_is_that_against_taggers_drawn_at_random() -> None:
    rng = np.random.default_rng(0)
    confidence, share = rng.uniform(0.2, 1, 400), rng.uniform(0, 1, 400)
    soft = reliability(confidence, share, bins=3).error
    drawn = rng.random((400, 500)) < share[:, None]  # each image as 500 taggers, one at a time, would label it
    hard = reliability(np.repeat(confidence, 500), drawn.ravel().astype(np.float64), bins=3).error
    assert soft == pytest.approx(hard, abs=0.01)
