"""Speech in the formats of other programs: WebVTT and SubRip captions, RTTM, and the JSON of whisperX.

webvtt-py 0.6 and srt 3.5 are not used: the first skips what it cannot parse, keeps `&amp;` as written and reads one voice per
cue; the second reads 3.5 s as 3.005 s. A transcript must be read completely, or refused.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
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
            if not fields or fields[0].startswith(";;"):
                continue
            if not fields[0].replace("-", "").isalpha():
                raise ValueError(f"line {number} is none of it")
            if fields[0] != "SPEAKER":
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


_STAMP = r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?"
_TIMES = re.compile(rf"\s*{_STAMP}\s*-->\s*{_STAMP}(?:\s.*)?", re.ASCII)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
_MOMENT = re.compile(rf"<{_STAMP}>", re.ASCII)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|</?>|\{\\[^{}]*\}")
_PREFIX = re.compile(r"(?:>>\s*|-\s*)?(?:\[([^\]:]{1,60})\]|([^\W_][^:<>.!?,;\"]{0,39}))\s?:\s+(?=\S)")
MOST_WORDS = 4
"""A longer text before a colon is no name."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What one speaker says in one cue; `named` by a tag, else `text` may begin with a name."""

    start_s: float
    end_s: float
    speaker: str
    named: bool
    text: str
    words: tuple[Word, ...]


def webvtt(text: str) -> Tiers:
    """The utterances of a WebVTT file by speaker: `<v Name>`, or `Name: ` before the words.

    Raises
    ------
    ValueError
        if it is none, or the times of a cue are not.
    """
    if not re.match(r"WEBVTT(?:[ \t\n\r]|$)", text):
        raise ValueError("it does not begin with WEBVTT")
    return _speakers(_cues(text, joins=False))


def srt(text: str) -> Tiers:
    """The utterances of a SubRip file by speaker: `Name: ` or `[Name]: ` before the words.

    Raises
    ------
    ValueError
        if the times of a cue are none.
    """
    return _speakers(_cues(text, joins=True))


def _cues(text: str, joins: bool) -> list[tuple[float, float, str]]:
    """Start, end and text of every cue; `joins`: an empty line does not end a text."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cues: list[tuple[float, float, list[str]]] = []
    open_ = False
    for number, line in enumerate(lines, 1):
        if "-->" in line:
            if joins and open_ and cues and cues[-1][2] and cues[-1][2][-1].strip().isdecimal():
                cues[-1][2].pop()  # the number of this cue
            cues.append((*_cue_times(line, number), []))
            open_ = True
        elif not line.strip() and not joins:
            open_ = False
        elif open_:
            cues[-1][2].append(line)
    return [(start_s, end_s, "\n".join(said).strip()) for start_s, end_s, said in cues]


def _cue_times(line: str, number: int) -> tuple[float, float]:
    found = _TIMES.fullmatch(line)
    if not found:
        raise ValueError(f"line {number}, {line.strip()[:60]}, gives no times of a cue")
    start_s, end_s = _cue_seconds(found.groups()[:4]), _cue_seconds(found.groups()[4:])
    if end_s < start_s:
        raise ValueError(f"the cue of line {number} ends before it begins")
    return start_s, end_s


def _cue_seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds or 0)
    return float(f"{whole}.{fraction or 0}")


def _parts(cue: tuple[float, float, str]) -> Iterator[_Part]:
    """One a voice, and one a line that begins with a name."""
    start_s, end_s, text = cue
    pieces = _VOICE.split(text)
    voiced = [("", pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]
    for voice, said in voiced:
        if voice:
            yield _part(start_s, end_s, _plain(voice), True, said)
            continue
        lines: list[list[str]] = []
        for line in said.split("\n"):
            if not lines or _name_of(_plain(line)):
                lines.append([])
            lines[-1].append(line)
        for group in lines:
            yield _part(start_s, end_s, "", False, "\n".join(group))


def _part(start_s: float, end_s: float, speaker: str, named: bool, said: str) -> _Part:
    pieces = _MOMENT.split(said)  # text, then hours, minutes, seconds, fraction and text of each moment
    words: list[Word] = []
    if len(pieces) > 1:
        begins = [start_s, *(_cue_seconds(tuple(pieces[k : k + 4])) for k in range(1, len(pieces), 5))]
        ends = [*begins[1:], end_s]
        for begin_s, stop_s, piece in zip(begins, ends, pieces[::5], strict=True):
            if word := _plain(piece):
                words.append(Word(begin_s, max(begin_s, stop_s), word))
    return _Part(start_s, end_s, speaker, named, _plain("".join(pieces[::5])), tuple(words))


def _plain(text: str) -> str:
    """A text without tags, entities and line breaks."""
    return " ".join(unescape(_TAG.sub("", text)).split())


def _name_of(text: str) -> str:
    """The name before a colon with which a text begins; empty if there is none."""
    found = _PREFIX.match(text)
    name = (found[1] or found[2] or "").strip() if found else ""
    return name if len(name.split()) <= MOST_WORDS else ""


def _speakers(cues: list[tuple[float, float, str]]) -> Tiers:
    """Utterances by speaker. What stands before a colon is a name where most cues have one and none has a tag, else if it comes
    twice: a text may have a colon as well."""
    parts = [part for cue in cues for part in _parts(cue) if part.text]
    uses = Counter(name for part in parts if not part.named and (name := _name_of(part.text)))
    usual = 2 * sum(uses.values()) > len(parts) and not any(part.named for part in parts)
    names = {name for name, times in uses.items() if usual or times > 1}
    return tiers_of(_spoken(part, names) for part in parts)


def _spoken(part: _Part, names: set[str]) -> tuple[tuple[str], Annotation]:
    speaker, text = part.speaker, part.text
    if not part.named and (name := _name_of(text)) in names:
        speaker, text = name, _PREFIX.sub("", text, count=1)
    return (speaker,), Annotation(part.start_s, part.end_s, text, part.words)
