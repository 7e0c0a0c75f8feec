from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.render.canvas import Canvas, Rect
from feelit.render.cards import LETTERS, Detail, Placement, Placer, card_size, draw_box, draw_card, most_detail
from feelit.render.motion import Face
from feelit.render.theme import EMOTION_COLOUR, HALO, UNREADABLE, Style, emotion_colour
from feelit.types import EMOTIONS
from tests.render.scenes import face

WIDTH, HEIGHT = 640, 360
BOUNDS = Rect(0, 0, WIDTH, HEIGHT)
STYLE = Style.of(WIDTH, HEIGHT)


def place(*boxes: tuple[float, ...], detail: Detail = Detail.BARS) -> dict[int, Placement]:
    return Placer(BOUNDS, STYLE).place([(face(i + 1, box), detail) for i, box in enumerate(boxes)])


@pytest.mark.parametrize(
    ("box", "side"),
    [
        pytest.param((200, 100, 300, 220), "right", id="in the middle"),
        pytest.param((520, 100, 620, 220), "left", id="at the right edge"),
        pytest.param((20, 150, 620, 300), "above", id="wide"),
        pytest.param((20, 10, 620, 250), "below", id="wide, at the top"),
    ],
)
def test_a_card_goes_where_there_is_room(box: tuple[float, ...], side: str) -> None:
    assert place(box)[1].side == side
    assert place(box)[1].detail is Detail.BARS


def test_a_face_that_fills_the_picture_is_numbered_inside() -> None:
    card = place((-10, -10, 650, 380))[1]
    assert (card.detail, card.side) == (Detail.TITLE, "inside")


boxes = st.builds(
    lambda x, y, w, h: (x, y, x + w, y + h),
    st.integers(-80, 640),
    st.integers(-80, 360),
    st.integers(1, 400),
    st.integers(1, 400),
)


@given(crowd=st.lists(boxes, min_size=1, max_size=9), detail=st.sampled_from(Detail))
def test_cards_are_whole_and_never_cover_one_another(crowd: list[tuple[float, ...]], detail: Detail) -> None:
    cards = [card.rect for card in place(*crowd, detail=detail).values()]
    assert all(card.shared_with(BOUNDS) == card for card in cards)
    assert not any(a.meets(b) for a, b in combinations(cards, 2))


def test_a_card_keeps_off_other_faces_where_it_can() -> None:
    left, right = (100, 100, 200, 220), (210, 100, 310, 220)
    cards = place(left, right)
    assert not any(card.rect.meets(Rect(*box)) for card in cards.values() for box in (left, right))


def test_a_card_stays_on_its_side_while_the_face_moves() -> None:
    placer = Placer(BOUNDS, STYLE)
    way = (530, 480, 430, 400, 300)  # from where there is no room at the right to where there is plenty
    cards = [placer.place([(face(1, (x, 100, x + 100, 220)), Detail.BARS)])[1] for x in way]
    assert [card.side for card in cards] == ["left"] * 5


def test_a_card_cut_short_grows_again_only_with_room_to_spare() -> None:
    placer = Placer(BOUNDS, STYLE)
    width = card_size(face(), Detail.BARS, STYLE)[0]
    wall = [(face(2, (0, 0, 300, 400)), Detail.BARS), (face(3, (300, 0, 500, 99)), Detail.BARS)]

    def detail(gap: int) -> Detail:
        """The card of a face at the right edge of the picture, `gap` px from the left face, with faces above and below."""
        mine = face(1, (300 + gap, 100, 640, 360))
        return placer.place([*wall, (mine, Detail.BARS)])[1].detail

    tight, spare = width + STYLE.thin_px + 2, width + STYLE.thin_px + 2 * STYLE.pad_px + 2
    assert [detail(gap) for gap in (tight, 4, tight, spare, tight)] == [
        Detail.BARS,
        Detail.TITLE,
        Detail.TITLE,
        Detail.BARS,
        Detail.BARS,
    ]


@pytest.mark.parametrize(
    ("face_px", "size", "detail"),
    [
        pytest.param(18, (480, 270), Detail.NAME, id="classroom"),
        pytest.param(50, (1280, 720), Detail.TITLE, id="gallery of 25"),
        pytest.param(120, (1280, 720), Detail.BARS, id="gallery of 4"),
        pytest.param(50, (100, 60), Detail.NAME, id="thumbnail"),
    ],
)
def test_small_faces_get_small_cards(face_px: float, size: tuple[int, int], detail: Detail) -> None:
    assert most_detail(face_px, Style.of(*size)) is detail


@pytest.mark.parametrize("size", [(320, 180), (640, 360), (1280, 720), (720, 1280), (3840, 2160)], ids=str)
def test_letters_follow_the_size_of_the_picture(size: tuple[int, int]) -> None:
    style = Style.of(*size)
    assert style.legible
    assert style.cap_px == pytest.approx(max(6, min(size) / 80), abs=0.5)
    assert style.line_px % 2 == style.thin_px % 2 == style.pad_px % 2 == 0


@pytest.mark.parametrize("detail", Detail)
@pytest.mark.parametrize("emotion", [-1, 0, 7])
def test_a_card_draws_only_within_its_place(detail: Detail, emotion: int) -> None:
    shown = face(12, emotion=emotion)
    width, height = card_size(shown, detail, STYLE)
    canvas = Canvas.blank(WIDTH, HEIGHT, EMOTION_COLOUR["disgust"], "bt709")
    before = canvas.y.copy()
    draw_card(canvas, Rect(40, 30, 40 + width, 30 + height), shown, detail, STYLE)
    rows, columns = np.nonzero(canvas.y != before)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (40, 30, 40 + width, 30 + height)


def test_bars_are_as_high_as_their_probabilities() -> None:
    shown = Face(
        1, "#1", 1, np.zeros(4, np.float32), 1, 0.7, np.linspace(0, 1, 8, dtype=np.float32), np.full(18, np.nan, np.float32)
    )
    width, height = card_size(shown, Detail.BARS, STYLE)
    canvas = Canvas.blank(WIDTH, HEIGHT, HALO, "bt709")
    draw_card(canvas, Rect(0, 0, width, height), shown, Detail.BARS, STYLE)
    heights = [int(((canvas.u == u) & (canvas.v == v)).sum(axis=0).max()) * 2 for u, v in map(chroma, EMOTION_COLOUR.values())]
    full = STYLE.even(3.5)
    assert heights[1:] == pytest.approx([full * k / 7 for k in range(1, 8)], abs=2)


def test_every_bar_says_what_it_is() -> None:
    width, height = card_size(face(), Detail.BARS, STYLE)
    assert len(set(LETTERS)) == len(EMOTIONS)
    drawn = []
    for emotion in range(8):
        canvas = Canvas.blank(WIDTH, HEIGHT, HALO, "bt709")
        draw_card(canvas, Rect(0, 0, width, height), face(emotion=emotion), Detail.BARS, STYLE)
        drawn.append(canvas.y[height - STYLE.line_px - STYLE.cap_px : height, :width].astype(int))
    for emotion, letters in enumerate(drawn):  # each brightest where its own letters are
        bright = np.flatnonzero((letters > 225).any(axis=0))
        step = width / 8
        assert abs(bright.mean() / step - (emotion + 0.5)) < 0.5


def test_of_two_faces_of_one_person_one_gets_a_card() -> None:
    twice = [(face(3, (100, 100, 150, 160)), Detail.BARS), (face(3, (105, 100, 155, 160)), Detail.BARS)]
    assert list(Placer(BOUNDS, STYLE).place(twice)) == [3]


def test_a_card_stays_where_it_is_when_the_track_of_the_person_changes() -> None:
    placer = Placer(BOUNDS, STYLE)
    first = placer.place([(face(3, (530, 100, 630, 220)), Detail.BARS)])[3]
    later = replace(face(3, (430, 100, 530, 220)), track_id=9)
    assert placer.place([(later, Detail.BARS)])[3].side == first.side == "left"


@pytest.mark.parametrize("emotion", [-1, 4])
def test_a_box_has_the_colour_of_its_emotion(emotion: int) -> None:
    canvas = Canvas.blank(WIDTH, HEIGHT, HALO, "bt709")
    draw_box(canvas, face(box=(100, 100, 200, 200), emotion=emotion), STYLE)
    expected = Canvas.blank(2, 2, emotion_colour(emotion), "bt709")
    for x, y in ((100, 150), (198, 150), (150, 100), (150, 198)):
        assert canvas.y[y, x] == expected.y[0, 0]
        assert (canvas.u[y // 2, x // 2], canvas.v[y // 2, x // 2]) == (expected.u[0, 0], expected.v[0, 0])
    assert (canvas.y[110:190, 110:190] == 16).all()
    assert emotion_colour(-1) == UNREADABLE


def chroma(colour: tuple[int, ...]) -> tuple[int, int]:
    from feelit.render.canvas import yuv
    from feelit.render.theme import Colour

    return yuv(Colour(*colour), "bt709")[1:]


def test_a_card_below_its_face_keeps_off_it() -> None:
    box = (20, 10, 620, 250)
    card = place(box)[1]
    assert card.side == "below"
    assert card.rect.y0 == box[3] + STYLE.thin_px


@pytest.mark.parametrize(
    ("box", "side"),
    [((200, 100, 300, 220), "right"), ((520, 100, 620, 220), "left"), ((20, 150, 620, 300), "above")],
)
def test_a_card_beside_its_face_keeps_off_it(box: tuple[int, ...], side: str) -> None:
    rect = place(box)[1].rect
    gap = {"right": rect.x0 - box[2], "left": box[0] - rect.x1, "above": box[1] - rect.y1}[side]
    assert gap == STYLE.thin_px


def test_a_newcomer_waits_for_the_cards_that_have_a_place() -> None:
    """The only room is between the two faces. Whoever had it keeps it, whichever of the faces comes first."""
    width = card_size(face(), Detail.BARS, STYLE)[0]
    room = width + 2 * STYLE.thin_px + 2
    middle = (WIDTH - room) // 2 // 2 * 2
    left, right = (0, 0, middle, HEIGHT), (middle + room, 0, WIDTH, HEIGHT)
    for first, second in ((face(1, left), face(2, right)), (face(2, right), face(1, left))):
        placer = Placer(BOUNDS, STYLE)
        before = placer.place([(second, Detail.BARS)])[second.who]
        assert before.detail is Detail.BARS
        after = placer.place([(first, Detail.BARS), (second, Detail.BARS)])
        assert after[second.who] == before
