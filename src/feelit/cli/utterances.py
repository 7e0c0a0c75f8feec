"""feelit utterances"""

from __future__ import annotations

from typing import Annotated

from feelit.cli.command import Timeline, argument, with_options
from feelit.cli.texts import note
from feelit.options.printing import PrintOptions
from feelit.options.transcripts import UtterancesOptions


@with_options
def utterances(
    timeline: Timeline,
    transcript: Annotated[str, argument("Transcript with speakers: .vtt, .srt, .json of whisperX, .rttm, or annotations.")],
    options: UtterancesOptions,
    printed: PrintOptions,
) -> None:
    """List expressions by utterance: those of the speaker and of the listeners, one row per utterance."""
    from feelit.api.tables import utterance_table
    from feelit.cli import texts
    from feelit.options.kinds import expanded, located

    written = texts.choose(printed, [timeline], located(transcript))
    found = utterance_table(expanded(timeline), transcript, options)
    texts.write_table(found, written, printed.out)
    note(*found.notes)
