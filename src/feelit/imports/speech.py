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
from dataclasses import replace
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
            if not (times := _TIMES.fullmatch(line)):
                raise ValueError(f"line {number}, {line.strip()[:60]}, gives no times of a cue")
            start_s, end_s = _cue_seconds(times.groups()[:4]), _cue_seconds(times.groups()[4:])
            if end_s < start_s:
                raise ValueError(f"the cue of line {number} ends before it begins")
            cues.append((start_s, end_s, []))
            open_ = True
        elif not line.strip() and not joins:
            open_ = False
        elif open_:
            cues[-1][2].append(line)
    return [(start_s, end_s, "\n".join(said).strip()) for start_s, end_s, said in cues]


def _cue_seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds or 0)
    return float(f"{whole}.{fraction or 0}")


def _parts(start_s: float, end_s: float, text: str) -> Iterator[tuple[str | None, Annotation]]:
    """What each speaker says in one cue, one part a voice, and one a line that begins with a name. The speaker is None where no
    tag names one: the text may begin with the name."""
    pieces = _VOICE.split(text)
    voiced = [("", pieces[0]), *zip(pieces[1::2], pieces[2::2], strict=True)]
    for voice, said in voiced:
        if voice:
            yield _plain(voice), _timed(start_s, end_s, said)
            continue
        lines: list[list[str]] = []
        for line in said.split("\n"):
            if not lines or _name_of(_plain(line)):
                lines.append([])
            lines[-1].append(line)
        for group in lines:
            yield None, _timed(start_s, end_s, "\n".join(group))


def _timed(start_s: float, end_s: float, said: str) -> Annotation:
    pieces = _MOMENT.split(said)  # text, then hours, minutes, seconds, fraction and text of each moment
    words: list[Word] = []
    if len(pieces) > 1:
        begins = [start_s, *(_cue_seconds(tuple(pieces[k : k + 4])) for k in range(1, len(pieces), 5))]
        ends = [*begins[1:], end_s]
        for begin_s, stop_s, piece in zip(begins, ends, pieces[::5], strict=True):
            if word := _plain(piece):
                words.append(Word(begin_s, max(begin_s, stop_s), word))
    return Annotation(start_s, end_s, _plain("".join(pieces[::5])), tuple(words))


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
    parts = [(speaker, said) for cue in cues for speaker, said in _parts(*cue) if said.label]
    uses = Counter(name for speaker, said in parts if speaker is None and (name := _name_of(said.label)))
    usual = 2 * sum(uses.values()) > len(parts) and all(speaker is None for speaker, _ in parts)
    names = {name for name, times in uses.items() if usual or times > 1}
    found = []
    for speaker, said in parts:
        if speaker is None and (name := _name_of(said.label)) in names:
            speaker, said = name, replace(said, label=_PREFIX.sub("", said.label, count=1))
        found.append(((speaker or "",), said))
    return tiers_of(found)
