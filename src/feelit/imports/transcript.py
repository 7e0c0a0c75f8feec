"""Who said what when: the utterances of a transcript, in whatever format."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from feelit.errors import UsageError
from feelit.imports.annotations import read_tiers
from feelit.imports.tiers import SPEECH, Word
from feelit.options.transcripts import ClockOptions
from feelit.storage.names import as_text

MOST_LONGER_S = 60.0
MOST_LONGER = 0.1
"""A transcript that goes on after the video for longer than both, a share of its length, is of another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What one speaker said without a break, from `start_s` to before `end_s`, seconds of the video."""

    start_s: float
    end_s: float
    speaker: str  # as the transcript names them; empty if it does not
    text: str  # empty where only the time is known
    words: tuple[Word, ...]  # those whose times are known


def read_transcript(path: Path, clock: ClockOptions | None = None) -> list[Utterance]:
    """The utterances of a file in order of time; each tier of annotations is a speaker.

    Raises
    ------
    UsageError
        if it cannot be read, is of no known kind, or holds nothing.
    """
    found = [
        Utterance(
            start_s=a.start_s,
            end_s=a.end_s,
            speaker=name,
            text="" if a.label == SPEECH and path.suffix.lower() == ".rttm" else a.label,
            words=a.words,
        )
        for name, tier in read_tiers(path, clock).items()
        for a in tier
        if a.label.strip()
    ]
    if not found:
        raise UsageError(f"{as_text(path)} holds no words", "is it a transcript?")
    return sorted(found, key=lambda one: (one.start_s, one.end_s, one.speaker))


def refuse_another(path: Path, utterances: list[Utterance], duration_s: float | None, video: str) -> None:
    """Raise UsageError if a transcript goes on far after its video, or is all outside it: it is of another one."""
    if duration_s is None or not utterances:
        return
    first_s, last_s = utterances[0].start_s, max(one.end_s for one in utterances)
    if last_s > duration_s + max(MOST_LONGER_S, MOST_LONGER * duration_s) or first_s >= duration_s or last_s <= 0:
        message = f"{as_text(path)} goes from {first_s:.1f} to {last_s:.1f} s, and {video} lasts {duration_s:.1f} s"
        raise UsageError(message, "give the transcript of this video, or move it by --offset")


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
