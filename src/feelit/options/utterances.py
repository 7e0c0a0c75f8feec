"""The options of `feelit utterances`, and of other commands that take a transcript."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feelit.errors import UsageError
from feelit.options.clock import ClockOptions
from feelit.options.declare import option
from feelit.options.kinds import repeated


def _speaker(pair: Any) -> tuple[str, str]:
    parts = pair.rpartition("=") if isinstance(pair, str) else pair
    speaker, person = str(parts[0]).strip(), str(parts[-1]).strip()
    if not (speaker and person):
        raise UsageError(f"{pair} names no person for a speaker", SPEAKER_HINT)
    return speaker, person


SPEAKER_HINT = "write speaker=person, as in SPEAKER_00=P01"
SPEAKERS = repeated(
    _speaker,
    name="a speaker",
    metavar="SPEAKER=PERSON",
    hint=SPEAKER_HINT,
    python="str | Sequence[str] | Mapping[str, str]",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class UtterancesOptions(ClockOptions):
    """How a transcript belongs to a timeline."""

    speakers: tuple[tuple[str, str], ...] = option(
        (),
        "Which person a speaker of the transcript is, by name or number, as in SPEAKER_00=P01; may be repeated.",
        details="`SPEAKER_00=none` is not on screen.",
        flag="--speaker",
        default_text="matched by name, by the column `speaking`, or by the motion of mouths",
        kind=SPEAKERS,
    )

    def check(self) -> None:
        """See `Options.check`."""
        names = [speaker for speaker, _ in self.speakers]
        if twice := next((name for name in names if names.count(name) > 1), None):
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
    """Which utterances are looked for, and in which transcript."""

    say: tuple[str, ...] = option(
        (),
        "Cut each utterance that has this word or phrase, whole words in any case; may be repeated.",
        details="Without `--kind`, nothing else. Of `--people` one has to be the speaker.",
        kind=PHRASES,
    )
    transcript: Path | None = option(None, "Who said what when: `.vtt`, `.srt`, `.json` of whisperX, or annotations.")

    def check(self) -> None:
        """See `Options.check`."""
        UtterancesOptions.check(self)  # super() does not work in a dataclass with slots
        if self.say and self.transcript is None:
            raise UsageError(f"--say {self.say[0]} needs a transcript", "give --transcript, as in --transcript call.vtt")
        if self.transcript is not None and not self.say:
            raise UsageError("--transcript is for words, and none are given", "give --say, as in --say price")
