"""The picture: aligned, in colours that mean the same to everybody, and always the same."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.color import rgb2lab

from feelit.explaining.explain import Explanation
from feelit.explaining.figure import COLUMN_PX, EDGE_PX, GAP_PX, STEPS, coloured, draw, table, write_figure
from feelit.explaining.saliency import Faithfulness
from feelit.render.canvas import ascii_of, fitted, text_width_px
from feelit.render.theme import EMOTION_COLOUR, Colour
from feelit.types import Float32, UInt8
from tests.explaining.made import bright_region, region_weight
from tests.render.test_theme import VISION, seen

CAPTION = ("made", "RISE: 10 random masks")


def explanation(saliency: Float32 | None = None, source: str = "a.png", face: int = 1) -> Explanation:
    return Explanation(
        source=source,
        time_s=83.5,
        face=face,
        found=True,
        box=np.array([0, 0, 9, 9], np.float32),
        crop=bright_region(),
        probability=np.array([0.3, 0.5, 0.02, 0.06, 0.04, 0.03, 0.03, 0.02], np.float32),
        label="happiness",
        saliency=(region_weight() - 0.001).astype(np.float32) if saliency is None else saliency,
        unit="change of probability",
        faithfulness=Faithfulness(0.1, 0.9, 0.4, (6, 16), (4, 14, 12, 20)),
        near="right_mouth",
    )


@pytest.mark.parametrize(("faces", "columns"), [(1, 1), (2, 2), (3, 2), (8, 2)])
def test_faces_stand_in_columns_of_one_width(faces: int, columns: int) -> None:
    page = draw([explanation(face=n + 1) for n in range(faces)], *CAPTION)
    assert page.dtype == np.uint8
    assert page.shape[1] == 2 * EDGE_PX + columns * COLUMN_PX + (columns - 1) * GAP_PX
    assert (page[:EDGE_PX] == 255).all()
    assert (page[:, :EDGE_PX] == 255).all()
    assert (page[-EDGE_PX:] == 255).all()
    assert (page[:, -EDGE_PX:] == 255).all()
    assert (page[:, EDGE_PX + COLUMN_PX + 2 : EDGE_PX + COLUMN_PX + GAP_PX - 2] == 255).all()


def test_faces_below_one_another_are_aligned() -> None:
    page = draw([explanation() for _ in range(4)], *CAPTION)
    left, right = page[:, : EDGE_PX + COLUMN_PX], page[:, EDGE_PX + COLUMN_PX + GAP_PX : -EDGE_PX]
    np.testing.assert_array_equal(left[140:-60, EDGE_PX:], right[140:-60])


def test_bars_are_as_long_as_the_probabilities() -> None:
    page = draw([explanation()], *CAPTION)
    lengths = [(page == colour).all(axis=2).sum(axis=1).max() for colour in EMOTION_COLOUR.values()]
    shares = np.array(lengths) / lengths[1] * 0.5
    np.testing.assert_allclose(shares, explanation().probability, atol=0.009)


def test_the_map_lies_on_the_crop_where_its_values_are() -> None:
    page = draw([explanation()], *CAPTION).astype(int)
    warm = (page[..., 0] - page[..., 2] > 40) & (page[..., 1] < 190)  # and not the yellow of happiness
    columns = np.flatnonzero(warm.sum(axis=0) > 20)
    panel = columns[columns < columns.max() - 60]
    assert 0.25 < len(panel) / 280 < 0.45  # eight of 24 columns


@pytest.mark.parametrize(
    "saliency",
    [
        pytest.param(np.zeros((24, 24), np.float32), id="nothing counts"),
        pytest.param(np.full((24, 24), 1e-7, np.float32), id="next to nothing"),
        pytest.param(-np.ones((24, 24), np.float32), id="everything against"),
        pytest.param(np.linspace(0, 1, 576, dtype=np.float32).reshape(24, 24), id="without a sign"),
    ],
)
def test_any_map_can_be_drawn(saliency: Float32) -> None:
    assert len(np.unique(draw([explanation(saliency)], *CAPTION))) > 50


def test_the_same_explanations_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        write_figure([explanation()], *CAPTION, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    read = cv2.imread(str(tmp_path / "a.png"))
    assert read is not None
    np.testing.assert_array_equal(read[..., ::-1], draw([explanation()], *CAPTION))


@pytest.mark.parametrize(
    "name", ["<b>'\"&.png", "two\nlines.png", "Gänsefüßchen.png", "画像.png", "n" * 400], ids=lambda n: ascii(n)[:20]
)
def test_names_may_be_odd(name: str) -> None:
    page = draw([explanation(source=name)], *CAPTION)
    assert (page[:, -EDGE_PX:] == 255).all()


def test_letters_that_there_are_not_are_replaced() -> None:
    assert ascii_of("Gänse 画像.png") == "Ganse ??.png"


def test_long_names_keep_their_ends() -> None:
    short = fitted("/a/long/way/to/a/file/that/lies/deep.png", 200, 15)
    assert short.startswith("/a/")
    assert short.endswith("deep.png")
    assert "..." in short
    assert text_width_px(short, 15) <= 200


def lab(colours: UInt8) -> Float32:
    found: Float32 = rgb2lab(colours[None] / 255)[0]
    return found


def test_equal_steps_of_a_value_are_equal_steps_to_the_eye() -> None:
    steps = np.linalg.norm(np.diff(lab(table())[::32], axis=0), axis=1)
    assert steps.max() / steps.min() < 1.15
    lightness = lab(table())[:, 0]
    assert (np.diff(lightness[: STEPS + 1 : 8]) > 0).all()
    assert (np.diff(lightness[STEPS::8]) < 0).all()


@pytest.mark.parametrize("vision", VISION)
def test_for_and_against_can_be_distinguished_by_colour_blind_people(vision: str) -> None:
    for value in (0.25, 0.5, 1.0):
        against, favour = (Colour(*map(int, coloured(np.array([[v]], np.float32))[0, 0])) for v in (-value, value))
        assert np.linalg.norm(seen(against, vision) - seen(favour, vision)) > 15
