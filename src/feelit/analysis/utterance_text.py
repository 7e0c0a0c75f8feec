"""Utterances as CSV, JSON, a frame, and the short form that people read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from feelit.analysis.summary_text import clock, csv_of, rounded
from feelit.analysis.utterances import Expression, SpokenIn, UtteranceRow, flat
from feelit.storage.names import one_line
from feelit.types import EMOTIONS

if TYPE_CHECKING:
    import pandas as pd

SHOWN = (
    *("readable_s", "emotion"),
    *(f"p_{name}" for name in EMOTIONS),
    *(f"share_{name}" for name in EMOTIONS),
)
HEADINGS = (
    *("video", "utterance", "start_s", "end_s", "speaker", "text", "person_id", "person", "matched_by", "missing"),
    *(f"speaker_{name}" for name in SHOWN),
    "listeners",
    *(f"listeners_{name}" for name in SHOWN),
)

SHORT_HEADINGS = ("start", "speaker", "person", "shows", "listeners show", "text", "seconds")
WORDS = 6
"""The first of these are over text, the others over numbers."""

LONGEST_TEXT = 60


def csv_text(rows: Iterable[UtteranceRow]) -> str:
    """One line an utterance under a line of headings; what there is not is empty."""
    return csv_of(HEADINGS, ({name: rounded(value) for name, value in flat(row).items()} for row in rows))


def json_text(rows: Iterable[UtteranceRow]) -> str:
    """A list of objects; what there is not is null."""
    objects = [{name: rounded(value) for name, value in flat(row).items()} for row in rows]
    return json.dumps(objects, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def utterance_frame(found: SpokenIn) -> pd.DataFrame:
    """The same as a frame, not rounded; the speakers are in its `attrs`."""
    import pandas as pd

    rows = [flat(row) for row in found.rows]
    texts = ("video", "speaker", "text", "person", "matched_by", "missing", "speaker_emotion", "listeners_emotion")
    counts = ("person_id", "listeners")
    numbers = {name: "float64" for name in HEADINGS if name not in (*texts, *counts, "utterance")}
    types = numbers | dict.fromkeys(counts, "Int64") | {"utterance": "int64"}
    frame = pd.DataFrame(rows, columns=list(HEADINGS)).astype(types)
    frame.attrs["speakers"] = [asdict(match) for match in found.matches]
    return frame


def short(row: UtteranceRow) -> list[str]:
    """An utterance as a few texts; what there is not is a dash, or why not."""
    text = one_line(row.said.text)
    who = "-" if row.person_id is None else one_line(row.person or str(row.person_id))
    return [
        clock(row.said.start_s),
        one_line(row.said.speaker) or "-",
        who,
        row.missing or _shown(row.speaker),
        _shown(row.listeners),
        text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 3] + "...",
        f"{row.said.end_s - row.said.start_s:.1f}",
    ]


def _shown(expression: Expression) -> str:
    return "-" if expression.emotion is None else f"{expression.emotion} {max(expression.share):.0%}"
