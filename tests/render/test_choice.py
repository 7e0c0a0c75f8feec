"""Who is drawn and who is hidden."""

from __future__ import annotations

import pytest

from feelit.errors import UsageError
from feelit.options.videos import Blur
from feelit.render.hiding import CERTAIN, choose, in_doubt
from feelit.render.rows import TimelineView
from tests.render.scenes import rows, view


def people() -> TimelineView:
    """One frame: Anna under two tracks, once surely and once not, person 2, a track of nobody, and a face of no track."""
    table = rows(
        [0.0] * 5,
        track_id=[1, 2, 3, 4, -1],
        who=[1, 1, 2, -5, 0],
        certainty=[1.0, CERTAIN - 0.01, 0.0, 0.0, 0.0],
    )
    return view(table, names={1: "Anna"})


ALL, NONE = [True] * 5, [False] * 5


@pytest.mark.parametrize(
    ("blur", "people_asked", "tracks", "drawn", "hidden"),
    [
        pytest.param("none", None, None, [1, 1, 1, 1, 0], NONE, id="everybody"),
        pytest.param("none", ("1",), None, [1, 1, 0, 0, 0], NONE, id="a person, by number"),
        pytest.param("none", ("Anna",), (3,), [1, 1, 1, 0, 0], NONE, id="a person, and a track"),
        pytest.param("all", None, None, [1, 1, 1, 1, 0], ALL, id="all hidden"),
        pytest.param("all", ("2",), None, [0, 0, 1, 0, 0], ALL, id="all hidden, one drawn"),
        pytest.param("others", ("Anna",), None, [1, 0, 0, 0, 0], [0, 1, 1, 1, 1], id="others than who surely is Anna"),
        pytest.param("others", None, (2,), [0, 1, 0, 0, 0], [1, 0, 1, 1, 1], id="a track is meant as it is"),
        pytest.param("others", ("2",), None, [0, 0, 0, 0, 0], ALL, id="a person who is never sure"),
        pytest.param("others", ("#1",), (2, 4), [1, 1, 0, 1, 0], [0, 0, 1, 0, 1], id="a person and tracks"),
    ],
)
def test_who_is_drawn_and_who_is_hidden(
    blur: Blur, people_asked: tuple[str, ...] | None, tracks: tuple[int, ...] | None, drawn: list[int], hidden: list[int]
) -> None:
    choice = choose(people(), blur, people_asked, tracks)
    assert choice.drawn.tolist() == list(map(bool, drawn))
    assert choice.hidden.tolist() == list(map(bool, hidden))
    assert not (choice.plain & choice.hidden).any()


def test_who_is_hidden_in_doubt_is_named() -> None:
    found = people()
    (line,) = in_doubt(found, choose(found, "others", ("Anna",), None))
    assert line == "Anna is hidden in 1 of 1 sampled frames, where it may be somebody else; --tracks 2 shows what was hidden"
    assert in_doubt(found, choose(found, "others", ("Anna",), (2,))) == ()
    assert in_doubt(found, choose(found, "none", ("Anna",), None)) == ()


@pytest.mark.parametrize(
    ("blur", "asked", "tracks", "message"),
    [
        ("others", None, None, "whom not to blur"),
        ("others", (), (), "whom not to blur"),
        ("none", ("Eve",), None, "no person Eve"),
        ("none", ("9",), None, "no person 9"),
        ("all", None, (9,), "no track 9"),
        ("all", None, (-1,), "no track -1"),
    ],
)
def test_who_is_not_there_cannot_be_chosen(
    blur: Blur, asked: tuple[str, ...] | None, tracks: tuple[int, ...] | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        choose(people(), blur, asked, tracks)
