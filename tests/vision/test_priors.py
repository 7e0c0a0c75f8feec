"""Probabilities under other shares of the labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.errors import ModelError, UsageError
from feelit.models.card import ModelCard
from feelit.options.prior import PRIOR
from feelit.types import Float32
from feelit.vision.expression import adjusted, weights

CARD = ModelCard(
    "made", "expression", "classifier", labels=("happy", "sad", "angry"), prior=(0.6, 0.3, 0.1), prior_temperature=1.0
)


def under(prior: str, *probability: float, card: ModelCard = CARD) -> list[float]:
    added = weights(card, prior)
    row: Float32 = np.array([probability], np.float32)
    return [round(float(p), 3) for p in (row if added is None else adjusted(row, *added))[0]]


@pytest.mark.parametrize(
    ("prior", "expected"),
    [
        pytest.param("as-trained", [0.6, 0.3, 0.1], id="as-trained"),
        pytest.param("balanced", [0.333, 0.333, 0.333], id="balanced"),
        pytest.param("tempered", [0.473, 0.334, 0.193], id="the-square-roots"),
        pytest.param("auto", [0.473, 0.334, 0.193], id="auto"),
        pytest.param("happiness=0.1,sadness=0.1,anger=0.8", [0.1, 0.1, 0.8], id="shares"),
    ],
)
def test_a_face_that_says_nothing_shows_the_prior(prior: str, expected: list[float]) -> None:
    """Where the probabilities are those of the training data, nothing was seen, and what is left is the new prior."""
    assert under(PRIOR.convert(prior), 0.6, 0.3, 0.1) == expected


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
def test_bayes_rule(raw: list[float]) -> None:
    seen = np.array(raw) / sum(raw)
    expected = seen / np.array(CARD.prior)
    np.testing.assert_allclose(under("balanced", *seen), expected / expected.sum(), atol=2e-3)


def test_the_temperature_of_the_card_flattens() -> None:
    assert under("balanced", 0.9, 0.09, 0.01, card=replace(CARD, prior_temperature=100.0)) == pytest.approx(
        [1 / 3] * 3, abs=0.01
    )


def test_without_a_temperature_the_card_recommends_what_was_learnt() -> None:
    assert under("auto", 0.6, 0.3, 0.1, card=replace(CARD, prior_temperature=None)) == [0.6, 0.3, 0.1]


@pytest.mark.parametrize(
    ("card", "prior", "message"),
    [
        pytest.param(replace(CARD, prior=(), prior_temperature=None), "balanced", "has no prior", id="a-card-without-one"),
        pytest.param(CARD, "happiness=0.5,sadness=0.5", "no share of anger", id="a-label-without-a-share"),
    ],
)
def test_what_cannot_be_had_is_refused(card: ModelCard, prior: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        weights(card, prior)


@pytest.mark.parametrize(
    "given_as",
    [
        pytest.param("happy=3,sad=1", id="text"),
        pytest.param({"happiness": 0.75, "sad": 0.25}, id="mapping"),
        pytest.param("shares.json", id="json"),
        pytest.param("shares.toml", id="toml"),
    ],
)
def test_shares_are_the_same_however_they_are_given(given_as: object) -> None:
    Path("shares.json").write_text('{"happy": 3, "sad": 1}', encoding="utf-8")
    Path("shares.toml").write_text("sadness = 0.25\nhappiness = 0.75\n", encoding="utf-8")
    assert PRIOR.checked("--prior", given_as) == "happiness=0.75,sadness=0.25"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param("even", "--prior even is not known", id="a-word"),
        pytest.param("gone.json", "gone.json cannot be read", id="a-missing-file"),
        pytest.param("list.json", "list.json holds no shares", id="a-list"),
        pytest.param("broken.toml", "broken.toml is no TOML", id="broken-toml"),
        pytest.param("joy=1", "joy is no label", id="an-unknown-label"),
        pytest.param("happy=1,happiness=2", "names a label twice", id="twice"),
        pytest.param("happy=0", "a share of 0 for happiness", id="zero"),
        pytest.param("happy=nan", "a share of nan", id="no-number"),
        pytest.param("happy=much", "is no prior", id="a-word-as-share"),
        pytest.param({}, "names no label", id="nothing"),
        pytest.param(3, "3 is no prior", id="a-number"),
    ],
)
def test_what_is_no_prior_is_refused(value: object, message: str) -> None:
    Path("list.json").write_text("[1, 2]", encoding="utf-8")
    Path("broken.toml").write_text("a = ", encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        PRIOR.checked("--prior", value)
