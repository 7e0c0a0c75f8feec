"""Whole words and phrases in what was said, whatever the case of letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from feelit.imports.transcript import Utterance

_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|[^\W_]+(?:['\u2019][^\W_]+)*")
"""A word; a letter of Thai, Lao, Burmese, Khmer, Japanese and Chinese, which are written without spaces."""


def words_of(text: str) -> list[str]:
    """The words of a text, as they are compared."""
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return _WORD.findall(plain)


def has_phrase(text: str, phrase: str) -> bool:
    """Whether the words of a phrase stand one after the other in a text."""
    return place_of(words_of(text), words_of(phrase)) is not None


def place_of(words: Sequence[str], phrase: Sequence[str]) -> int | None:
    """Where a phrase begins first; None if it is not there, or empty."""
    count = len(phrase)
    places = (k for k in range(len(words) - count + 1) if list(words[k : k + count]) == list(phrase))
    return next(places, None) if count else None


def spoken_at(utterance: Utterance, phrase: str) -> float:
    """When a phrase begins, s, by the times of words; the beginning of the utterance where those are not known."""
    heard = [(part, word.start_s) for word in utterance.words for part in words_of(word.text)]
    place = place_of([part for part, _ in heard], words_of(phrase))
    return utterance.start_s if place is None else heard[place][1]
