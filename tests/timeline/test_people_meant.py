"""Names and numbers of people, as somebody asks for them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from feelit.errors import UsageError
from feelit.timeline.people import people_meant

NAMES: Mapping[int, str | None] = {1: "Anna", 2: None, 3: "P01", 4: "2", 5: "Eva", 6: "Eva"}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (["Anna"], (1,)),
        (["1", "Anna"], (1,)),
        ([" P01 ", "#2"], (3, 2)),
        (["2"], (4,)),  # a name comes first
        ([], ()),
    ],
)
def test_people_are_meant_by_name_or_number(wanted: list[str], expected: tuple[int, ...]) -> None:
    assert people_meant(wanted, NAMES) == expected


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("anna", "no person anna", "its people: Anna, 2, P01"),
        ("7", "no person 7", "Anna"),
        ("-1", "no person -1", "Anna"),
        ("²", "no person ²", "Anna"),
        ("a\nb", r"no person a\\nb", "Anna"),
        ("Eva", "Eva is the name of several people", "5, 6"),
    ],
)
def test_who_is_not_there_is_refused(word: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        people_meant([word], NAMES)
    assert hint in caught.value.hint


def test_nobody_is_there() -> None:
    with pytest.raises(UsageError) as caught:
        people_meant(["1"], {})
    assert caught.value.hint == "its people: nobody"
