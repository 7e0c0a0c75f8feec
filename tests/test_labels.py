"""How captions and legends write emotions."""

from __future__ import annotations

import pytest

from feelit.labels import UNSURE, claimed, starred


@pytest.mark.parametrize(
    ("emotion", "expected"), [("happiness", "happiness"), ("disgust", "disgust*"), ("fear", "fear*"), ("contempt", "contempt*")]
)
def test_a_star_marks_what_is_seldom_right(emotion: str, expected: str) -> None:
    assert starred(emotion) == expected


def test_a_question_mark_says_that_a_label_is_unsure() -> None:
    assert claimed("sadness", UNSURE - 0.01) == "sadness? 44%"
    assert claimed("sadness", UNSURE) == "sadness 45%"
