"""People as a terminal shows them."""

from __future__ import annotations

import math

from feelit.analysis.people import Person
from feelit.analysis.summary_text import clock
from feelit.storage.names import one_line

SHORT_HEADINGS = ("video", "person", "name", "tracks", "seen", "readable", "first", "last", "confidence")
WORDS = 4
"""How many of them are over texts."""

MOST_TRACKS = 8
"""Of a person with more tracks than that, the others are counted."""


def short(person: Person) -> list[str]:
    """A person as a few texts; what is undefined is a dash."""
    shown = ", ".join(map(str, person.tracks[:MOST_TRACKS]))
    rest = f" and {len(person.tracks) - MOST_TRACKS} more" if len(person.tracks) > MOST_TRACKS else ""
    times = (person.seen_s, person.readable_s, person.first_s, person.last_s)
    sure = "-" if math.isnan(person.confidence) else f"{person.confidence:.2f}"
    name = one_line(person.person) if person.person else "-"
    return [one_line(person.video), str(person.person_id), name, shown + rest, *map(clock, times), sure]
