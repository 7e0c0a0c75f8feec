"""The options of `feelit utterances`, and of other commands that take a transcript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from feelit.errors import UsageError
from feelit.options.clock import ClockOptions
from feelit.options.declare import option
from feelit.options.kinds import Kind


def _speakers(value: object) -> tuple[tuple[str, str], ...]:
    if isinstance(value, Mapping):
        return tuple((str(speaker), str(person)) for speaker, person in value.items())
    if not isinstance(value, Iterable):
        raise TypeError
    given = [value] if isinstance(value, str) else list(value)
    found: dict[str, str] = {}
    for pair in given:
        parts = pair if isinstance(pair, tuple) else str(pair).rpartition("=")  # pairs of a record that is copied
        speaker, person = str(parts[0]).strip(), str(parts[-1]).strip()
        if not (speaker and person):
            raise UsageError(f"{pair} names no person for a speaker", "write speaker=person, as in SPEAKER_00=P01")
        if speaker in found:
            raise UsageError(f"{speaker} is given twice", "name one person for each speaker")
        found[speaker] = person
    return tuple(found.items())


SPEAKERS = Kind(
    name="a list of speakers",
    metavar="SPEAKER=PERSON",
    convert=_speakers,
    toml=(str, dict),
    hint="write speaker=person, as in SPEAKER_00=P01",
    repeated=True,
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


def _phrases(value: object) -> tuple[str, ...]:
    if not isinstance(value, Iterable):
        raise TypeError
    phrases = [value] if isinstance(value, str) else list(value)
    for phrase in phrases:
        if not isinstance(phrase, str):
            raise TypeError
        if not any(letter.isalnum() for letter in phrase):
            raise UsageError(f"{phrase!r} is no word", "give a word or a phrase")
    return tuple(phrases)


PHRASES = Kind(
    name="a list of phrases",
    metavar="TEXT",
    convert=_phrases,
    hint="give a word or a phrase",
    repeated=True,
    python="str | Sequence[str]",
)


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
        if self.say and self.transcript is None:
            raise UsageError(f"--say {self.say[0]} needs a transcript", "give --transcript, as in --transcript call.vtt")
        if self.transcript is not None and not self.say:
            raise UsageError("--transcript is for words, and none are given", "give --say, as in --say price")
