from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.render.canvas import Canvas, Rect
from feelit.render.hiding import CELLS, covered, pixelate

BOUNDS = Rect(0, 0, 320, 240)


def noise() -> Canvas:
    rng = np.random.default_rng(0)
    y, u, v = (rng.integers(16, 236, shape).astype(np.uint8) for shape in ((240, 320), (120, 160), (120, 160)))
    return Canvas(y, u, v)


def box(*corners: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(corners, np.float32)


@pytest.mark.parametrize(
    "face",
    [
        pytest.param((100, 80, 180, 180), id="in the middle"),
        pytest.param((-30, -30, 50, 60), id="at the corner"),
        pytest.param((150.3, 110.7, 168.2, 133.9), id="18 px"),
        pytest.param((0, 0, 320, 240), id="all of the picture"),
    ],
)
def test_no_more_than_a_few_flat_cells_are_left(face: tuple[float, ...]) -> None:
    canvas, before = noise(), noise()
    pixelate(canvas, box(*face))
    x0, y0, x1, y1 = covered(box(*face), BOUNDS)
    for plane in (canvas.y[y0:y1, x0:x1], canvas.u[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2]):
        assert len(np.unique(plane, axis=1).T) <= CELLS[0]
        assert len(np.unique(plane, axis=0)) <= CELLS[1]
    outside = np.ones(canvas.y.shape, bool)
    outside[y0:y1, x0:x1] = False
    np.testing.assert_array_equal(canvas.y[outside], before.y[outside])


def test_the_face_and_its_hair_are_covered() -> None:
    x0, y0, x1, y1 = covered(box(100, 80, 180, 180), BOUNDS)
    assert x0 <= 84
    assert y0 <= 50
    assert x1 >= 196
    assert y1 >= 196


numbers = st.floats(-1e6, 1e6, width=32)


@given(corners=st.tuples(numbers, numbers, numbers, numbers))
def test_any_box_can_be_hidden(corners: tuple[float, float, float, float]) -> None:
    area = covered(box(*corners), BOUNDS)
    assert area.shared_with(BOUNDS) == area
    pixelate(noise(), box(*corners))


@pytest.mark.parametrize("size", [(2, 2), (4, 2), (16, 16)])
def test_tiny_pictures(size: tuple[int, int]) -> None:
    canvas = Canvas(
        noise().y[: size[1], : size[0]], noise().u[: size[1] // 2, : size[0] // 2], noise().v[: size[1] // 2, : size[0] // 2]
    )
    pixelate(canvas, box(0, 0, *size))
    assert len(np.unique(canvas.y)) <= max(1, (size[0] // 4) * (size[1] // 4))
