"""Options of annotations and transcripts: their clock, which may differ from the video's, their speakers, and words in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsFloat

from feelit.errors import UsageError
from feelit.options.declare import Bounds, Options, option
from feelit.options.kinds import Kind, first_repeated, number, repeated
from feelit.times import MOST_S, parse_time


def _signed(value: SupportsFloat | str) -> float:
    if not isinstance(value, str):
        return number(value)
    text = value.strip()
    negative = text.startswith(("-", "\N{MINUS SIGN}"))
    seconds = parse_time(text[1:] if negative else text, "")
    return -seconds if negative else seconds


SIGNED_SECONDS = Kind(
    name="a time", metavar="TIME", convert=_signed, hint="give seconds, as in -2.5 or 1:30", python="float | str"
)
"""A shift in time: seconds or a clock time, with a minus where it goes back."""

MOST_DRIFT = 360.0  # in seconds per hour: no clock is off by a tenth


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockOptions(Options):
    """The conversion of times of annotations to times of the video: `offset_s + time_s * (1 + drift / 3600)`."""

    offset_s: float = option(
        0.0,
        "Seconds to add to the times of annotations and transcripts, as in -2.5.",
        flag="--offset",
        kind=SIGNED_SECONDS,
        bounds=Bounds(low=-MOST_S, high=MOST_S, complaint="is no time of a recording", hint="give seconds, as in -2.5"),
    )
    drift: float = option(
        0.0,
        "Seconds to add for each hour of their clock, as in 0.8 where it is slow.",
        bounds=Bounds(low=-MOST_DRIFT, high=MOST_DRIFT, complaint="is no drift of a clock", hint="give seconds an hour"),
    )

    def video_s(self, time_s: float) -> float:
        """The time of the video for a time of the file, both in seconds."""
        return self.offset_s + time_s * (1 + self.drift / 3600)


def clock_between(first: tuple[float, float], second: tuple[float, float]) -> ClockOptions:
    """The clock by two events, such as claps, whose times are known in the file and in the video.

    Parameters
    ----------
    first, second : seconds of the file and of the video

    Raises
    ------
    UsageError
        if both are at one time, or the drift is too large for a clock.
    """
    if first[0] == second[0]:
        raise UsageError("one moment gives no drift", "give two, far from one another")
    rate = (second[1] - first[1]) / (second[0] - first[0])
    return ClockOptions(offset_s=first[1] - rate * first[0], drift=3600 * (rate - 1))


def _speaker(pair: Any) -> tuple[str, str]:
    parts = pair.rpartition("=") if isinstance(pair, str) else pair
    speaker, person = str(parts[0]).strip(), str(parts[-1]).strip()
    if not (speaker and person):
        raise UsageError(f"{pair} names no person for a speaker", SPEAKER_HINT)
    return speaker, person


SPEAKER_HINT = "write speaker=person, as in SPEAKER_00=P01"
SPEAKERS = repeated(
    _speaker, name="a speaker", metavar="SPEAKER=PERSON", hint=SPEAKER_HINT, python="str | Sequence[str] | Mapping[str, str]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class UtterancesOptions(ClockOptions):
    """The relation of a transcript to a timeline."""

    speakers: tuple[tuple[str, str], ...] = option(
        (),
        "Which person a speaker of the transcript is, by name or number, as in SPEAKER_00=P01; may be repeated.",
        details="`SPEAKER_00=none` is not on screen.",
        flag="--speaker",
        default_text="matched by name, by the column `speaking`, or by the motion of mouths",
        kind=SPEAKERS,
    )

    def check(self) -> None:
        if twice := first_repeated([speaker for speaker, _ in self.speakers]):
            raise UsageError(f"--speaker {twice} is given twice", "name one person for each speaker")


def _phrase(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if not any(letter.isalnum() for letter in value):
        raise UsageError(f"{value!r} is no word", "give a word or a phrase")
    return value


PHRASES = repeated(_phrase, name="a phrase", metavar="TEXT", hint="give a word or a phrase", python="str | Sequence[str]")


@dataclass(frozen=True, kw_only=True, slots=True)
class SayOptions(UtterancesOptions):
    """The words to look for, and the transcript."""

    say: tuple[str, ...] = option(
        (),
        "Cut each utterance that has this word or phrase, whole words in any case; may be repeated.",
        details="Without `--kind`, nothing else. Of `--people` one has to be the speaker.",
        kind=PHRASES,
    )
    transcript: Path | None = option(None, "Transcript with speakers: `.vtt`, `.srt`, `.json` of whisperX, or annotations.")

    def check(self) -> None:
        UtterancesOptions.check(self)  # super() does not work in a dataclass with slots
        if self.say and self.transcript is None:
            raise UsageError(f"--say {self.say[0]} needs a transcript", "give --transcript, as in --transcript call.vtt")
        if self.transcript is not None and not self.say:
            raise UsageError("--transcript is for words, and none are given", "give --say, as in --say price")
