from __future__ import annotations

import numpy as np
import pytest

from feelit.datasets.faces import majority_labels, vote_shares


@pytest.mark.parametrize(
    ("votes", "label"),
    [
        pytest.param([10, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0, id="unanimous"),
        pytest.param([0, 4, 3, 0, 0, 0, 0, 0, 0, 3], -1, id="most votes but not more than half"),
        pytest.param([5, 0, 0, 5, 0, 0, 0, 0, 0, 0], -1, id="a tie is no majority"),
        pytest.param([1, 1, 1, 1, 1, 5, 0, 0, 0, 0], 5, id="single votes are slips and count as none"),
        pytest.param([0, 0, 0, 5, 4, 1, 0, 0, 0, 0], 3, id="more than half only after a slip is dropped"),
        pytest.param([0, 2, 0, 0, 0, 0, 0, 0, 8, 0], -1, id="unknown wins"),
        pytest.param([0, 2, 0, 0, 0, 0, 0, 0, 0, 8], -1, id="not a face wins"),
        pytest.param([0, 0, 0, 0, 0, 0, 0, 5, 5, 0], -1, id="unknown takes away the majority"),
        pytest.param([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], -1, id="nothing but slips"),
    ],
)
def test_majority_protocol_of_fer_plus(votes: list[int], label: int) -> None:
    assert majority_labels(np.array([votes], np.uint8)).tolist() == [label]


def test_majority_of_no_images_is_empty() -> None:
    assert majority_labels(np.zeros((0, 10), np.uint8)).shape == (0,)


@pytest.mark.parametrize(
    ("votes", "shares"),
    [
        pytest.param([6, 4, 0, 0, 0, 0, 0, 0, 0, 0], [0.6, 0.4, 0, 0, 0, 0, 0, 0], id="two labels"),
        pytest.param([6, 2, 1, 1, 0, 0, 0, 0, 0, 0], [0.75, 0.25, 0, 0, 0, 0, 0, 0], id="slips are dropped"),
        pytest.param([6, 0, 0, 0, 0, 0, 0, 0, 4, 0], [1, 0, 0, 0, 0, 0, 0, 0], id="unknown is left out of the shares"),
        pytest.param([0, 4, 0, 0, 0, 0, 0, 0, 0, 6], [0, 0, 0, 0, 0, 0, 0, 0], id="not a face"),
        pytest.param([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0], id="nothing but slips"),
    ],
)
def test_vote_shares(votes: list[int], shares: list[float]) -> None:
    assert vote_shares(np.array([votes], np.uint8))[0] == pytest.approx(shares)


def test_shares_of_no_images_are_none() -> None:
    assert vote_shares(np.zeros((0, 10), np.uint8)).shape == (0, 8)
