"""Which tracks somebody asks for, by their ids."""

from __future__ import annotations

from collections.abc import Iterable

from feelit.errors import UsageError

NAMED = 20
"""How many of the tracks that there are a hint names."""


def refuse_unknown(wanted: Iterable[int], known: Iterable[int]) -> None:
    """Tracks that are asked for have to be there.

    Raises
    ------
    UsageError
        if one is not; its hint names those that are.
    """
    there = set(known)
    if unknown := sorted(set(wanted) - there):
        have = ", ".join(map(str, sorted(there)[:NAMED])) or "none"
        raise UsageError(f"no track {', '.join(map(str, unknown))} in this timeline", f"its tracks: {have}")
