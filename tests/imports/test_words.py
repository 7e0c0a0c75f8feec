"""Whole words and phrases in what was said."""

from __future__ import annotations

import pytest

from feelit.imports.tiers import Word
from feelit.imports.transcript import Utterance, has_phrase, spoken_at


@pytest.mark.parametrize(
    ("text", "phrase", "there"),
    [
        ("What is the PRICE?", "price", True),
        ("What are the prices?", "price", False),
        ("Pricey.", "price", False),
        ("the best\nprice, by Friday", "Price by friday", True),
        ("the price of Friday", "price friday", False),
        ("It isn\u2019t", "isn't", True),
        ("It isn't", "isn", False),
        ("Stra\u00dfe", "STRASSE", True),
        ("cafe\u0301", "caf\u00e9", True),
        ("\u4ef7\u683c\u662f\u591a\u5c11", "\u4ef7\u683c", True),
        ("well-known", "known", True),
        ("", "x", False),
        ("a 5 % share", "5", True),
    ],
)
def test_words_are_whole_and_in_any_case(text: str, phrase: str, there: bool) -> None:
    assert has_phrase(text, phrase) is there


def test_when_it_is_said() -> None:
    words = (Word(1.0, 1.2, "The best"), Word(1.2, 1.6, "price,"), Word(1.6, 2.0, "today"))
    one = Utterance(start_s=0.9, end_s=3.0, speaker="", text="The best price, today", words=words)
    assert [spoken_at(one, phrase) for phrase in ("best price", "Price", "now")] == [1.0, 1.2, 0.9]
