from __future__ import annotations

import pytest

from feelit.errors import UsageError
from feelit.timeline.people import NAMED, refuse_unknown


def test_tracks_that_are_there_pass() -> None:
    refuse_unknown((3, 1), [1, 2, 3])
    refuse_unknown((), [])


@pytest.mark.parametrize(
    ("known", "hint"),
    [
        pytest.param([2, 1], "its tracks: 1, 2", id="named-in-order"),
        pytest.param([], "its tracks: none", id="none"),
        pytest.param(range(1, 100), f"its tracks: {', '.join(map(str, range(1, NAMED + 1)))}", id="not-a-hundred"),
    ],
)
def test_unknown_tracks_are_reported_with_those_that_there_are(known: list[int], hint: str) -> None:
    with pytest.raises(UsageError, match="no track 200, 300 in this timeline") as caught:
        refuse_unknown((300, 200), known)
    assert caught.value.hint == hint
