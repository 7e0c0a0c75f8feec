"""What programs that listen write: RTTM, who speaks when, and the JSON of whisperX, with words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from feelit.imports.tiers import SPEECH, Annotation, Tiers, Word, tiers_of


def rttm(text: str) -> Tiers:
    """Who speaks when, of the Rich Transcription Time Marked format (NIST 2009), by speaker; where it is of several
    recordings, by recording/speaker.

    Raises
    ------
    ValueError
        if a line is none.
    """

    def stretches() -> Iterator[tuple[tuple[str, ...], Annotation]]:
        for number, line in enumerate(text.splitlines(), 1):
            fields = line.split()
            if not fields or fields[0].startswith(";;") or fields[0] != "SPEAKER":
                if fields and not fields[0].startswith(";;") and not fields[0].replace("-", "").isalpha():
                    raise ValueError(f"line {number} is none of it")
                continue
            if len(fields) < 8:
                raise ValueError(f"line {number} has {len(fields)} fields, not 8 or more")
            start_s, length_s = _number(fields[3], number), _number(fields[4], number)
            if length_s < 0 or start_s < 0:
                raise ValueError(f"line {number} has a negative time")
            yield (fields[1], fields[7]), Annotation(start_s, start_s + length_s, SPEECH)

    return tiers_of(stretches())


def _number(text: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"line {line}: {text} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"line {line}: {text} is no time")
    return value


def whisperx(text: str) -> Tiers:
    """The segments of whisperX, or of Whisper, by speaker, with the times of words as far as it aligned them.

    Raises
    ------
    ValueError
        if it is something else.
    """
    record = json.loads(text)
    segments = record.get("segments") if isinstance(record, dict) else None
    if not isinstance(segments, list):
        raise ValueError("it has no list of segments")
    found = []
    for number, segment in enumerate(segments, 1):
        if not isinstance(segment, dict):
            raise ValueError(f"segment {number} is no object")
        start_s, end_s = _time(segment.get("start"), number), _time(segment.get("end"), number)
        if end_s < start_s:
            raise ValueError(f"segment {number} ends before it begins")
        said = segment.get("text")
        speaker = segment.get("speaker")
        annotation = Annotation(start_s, end_s, " ".join(str(said or "").split()), tuple(_words(segment.get("words"))))
        if annotation.label:
            found.append(((speaker if isinstance(speaker, str) else "",), annotation))
    return tiers_of(found)


def _time(value: Any, number: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"segment {number} has no times")
    return float(value)


def _words(words: Any) -> Iterator[Word]:
    for word in words if isinstance(words, list) else []:
        if isinstance(word, dict) and isinstance(word.get("word"), str):
            start, end = word.get("start"), word.get("end")
            if isinstance(start, int | float) and isinstance(end, int | float) and -math.inf < start <= end < math.inf:
                yield Word(float(start), float(end), word["word"].strip())
