"""How captions and legends write emotions."""

from __future__ import annotations

import pytest

from feelit.labels import EMOTIONS, LEAST_CLAIMED, claimed, starred


@pytest.mark.parametrize(
    ("emotion", "expected"), [("happiness", "happiness"), ("disgust", "disgust*"), ("fear", "fear*"), ("contempt", "contempt*")]
)
def test_a_star_marks_what_is_seldom_right(emotion: str, expected: str) -> None:
    assert starred(emotion) == expected


def test_a_question_mark_says_that_a_label_is_unsure() -> None:
    assert claimed("sadness", 0.79) == "sadness? 79%"
    assert claimed("sadness", 0.80) == "sadness 80%"
    assert claimed("neutral", 0.79) == "neutral 79%"


def test_every_label_has_a_least_probability() -> None:
    assert tuple(LEAST_CLAIMED) == EMOTIONS
