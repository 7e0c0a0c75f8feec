"""Output folder of a detector's evaluation: scores as JSON, a sheet of its worst mistakes, its curves."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from feelit.evaluation.classifier.folder import SCORES, json_text
from feelit.evaluation.detector.images import FaceImages
from feelit.evaluation.detector.metrics import box_sizes
from feelit.evaluation.detector.scores import FaceScores, Mistake
from feelit.render import theme
from feelit.render.canvas import line_px, text_mask, text_width_px
from feelit.render.theme import Colour
from feelit.storage.atomic import whole_file
from feelit.storage.location import Location
from feelit.storage.names import one_line
from feelit.types import UInt8

MISSES, RECALL = "misses.png", "recall.png"
FILES = (SCORES, MISSES, RECALL)


def write_face_folder(scores: FaceScores, images: FaceImages, folder: Location) -> None:
    """Write FILES: all of them appear, or none. `images` are those that the scores are about.

    Raises
    ------
    OutputError
        if the folder cannot be written.
    UsageError
        if an image cannot be read any more.
    """
    from feelit.plots.scores import write_recall

    with ExitStack() as stack:
        # Entered first, so it appears last: where it is, all is there.
        listing, sheet, curves = (stack.enter_context(whole_file(folder / name)) for name in FILES)
        write_sheet(scores, images, sheet)
        write_recall(scores, curves)
        listing.write_text(json_text(scores), encoding="utf-8", newline="\n")


COLUMNS, ROWS = 8, 3
"""Tiles per kind of mistake."""

TILE_PX, GAP_PX = 168, 12
CAP_PX, HEAD_CAP_PX = 8, 12
CONTEXT = 1.0
"""Margin of a tile around the box, in sides of the box."""

LEAST_SEEN_PX = 24
"""The least side of a box for the size of its tile, against tiles that are all blur."""

MISSED, FALSE = theme.EMOTION_COLOUR["contempt"], theme.EMOTION_COLOUR["anger"]  # a light blue and a vermilion


def write_sheet(scores: FaceScores, images: FaceImages, path: Path) -> None:
    """Write the picture as a .png file; reads the images again that it shows."""
    _, content = cv2.imencode(".png", draw_sheet(scores, images))
    path.write_bytes(content.tobytes())


def draw_sheet(scores: FaceScores, images: FaceImages) -> UInt8:
    """(H, W, 3) BGR. `images` are those that the scores are about.

    Raises
    ------
    UsageError
        if an image cannot be read any more.
    """
    most = COLUMNS * ROWS
    kinds = (
        ("missed", "largest first", scores.missed, MISSED),
        ("false", "surest first", scores.false, FALSE),
    )
    tiles = _tiles(images, [m for _, _, mistakes, _ in kinds for m in mistakes[:most]])
    parts = []
    for word, order, mistakes, colour in kinds:
        shown = mistakes[:most]
        several = f", {len(shown)} of them, {order}" if len(shown) < len(mistakes) else ""
        title = (
            f"{len(mistakes)} {word}{several} - {one_line(scores.model)}, {scores.sizes[0].title}, score {scores.threshold:g}"
        )
        parts.append(_section(title, [_framed(tiles[id(m)], m, colour) for m in shown]))
    return np.concatenate(parts)


def _tiles(images: FaceImages, mistakes: Sequence[Mistake]) -> dict[int, tuple[UInt8, float, tuple[int, int]]]:
    """The tiles of mistakes, by the `id` of each: pixels, their scale, and the tile's top left corner."""
    by_image: dict[int, list[Mistake]] = {}
    for mistake in mistakes:
        by_image.setdefault(mistake.image, []).append(mistake)
    found = {}
    for number, image in enumerate(images.read()):
        for mistake in by_image.get(number, ()):
            found[id(mistake)] = _cut(image.pixels("bgr"), mistake)
    return found


def _cut(pixels: UInt8, mistake: Mistake) -> tuple[UInt8, float, tuple[int, int]]:
    """A square around a box; beyond the picture it has the colour of the sheet."""
    x0, y0, x1, y1 = (float(v) for v in mistake.box)
    side = max(1, round(max(x1 - x0, y1 - y0, LEAST_SEEN_PX) * (1 + 2 * CONTEXT)))
    left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
    square = np.full((side, side, 3), theme.GROOVE[::-1], np.uint8)
    height, width = pixels.shape[:2]
    a, b, c, d = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if a < c and b < d:
        square[b - top : d - top, a - left : c - left] = pixels[b:d, a:c]
    way = cv2.INTER_AREA if side > TILE_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (TILE_PX, TILE_PX), interpolation=way), np.uint8), TILE_PX / side, (left, top)


def _framed(tile: tuple[UInt8, float, tuple[int, int]], mistake: Mistake, colour: Colour) -> UInt8:
    """The tile with its box, and below it the size, the score and the image."""
    pixels, scale, begins = tile
    low, high = ((mistake.box.reshape(2, 2) - begins) * scale).round().astype(int).tolist()
    cv2.rectangle(pixels, low, high, theme.HALO, 4)
    cv2.rectangle(pixels, low, high, colour[::-1], 2)
    foot = np.full((2 * line_px(CAP_PX), TILE_PX, 3), theme.PLATE[::-1], np.uint8)
    size = float(box_sizes(mistake.box[None])[0])
    _write(
        foot,
        f"{size:.0f} px, score {mistake.score:.2f}" if mistake.score else f"{size:.0f} px, no box",
        0,
        0,
        CAP_PX,
        theme.INK,
    )
    _write(foot, _fitting(mistake.name), 0, line_px(CAP_PX), CAP_PX, theme.DIM_INK)
    return np.concatenate([pixels, foot])


def _section(title: str, tiles: Sequence[UInt8]) -> UInt8:
    tile_px = TILE_PX + 2 * line_px(CAP_PX)
    rows = -(-len(tiles) // COLUMNS)
    head_px = line_px(HEAD_CAP_PX) + 2 * GAP_PX
    width = COLUMNS * (TILE_PX + GAP_PX) + GAP_PX
    sheet = np.full((head_px + rows * (tile_px + GAP_PX), width, 3), theme.PLATE[::-1], np.uint8)
    _write(sheet, title.encode("ascii", "replace").decode(), GAP_PX, GAP_PX, HEAD_CAP_PX, theme.INK)
    for i, tile in enumerate(tiles):
        row, column = divmod(i, COLUMNS)
        y, x = head_px + row * (tile_px + GAP_PX), GAP_PX + column * (TILE_PX + GAP_PX)
        sheet[y : y + tile_px, x : x + TILE_PX] = tile
    return sheet


def _fitting(name: str) -> str:
    """The end of a name in ASCII, as much of it as fits below a tile."""
    text = one_line(name).encode("ascii", "replace").decode()
    while text_width_px(text, CAP_PX) > TILE_PX:
        text = "..." + text.removeprefix("...")[max(1, len(text) // 8) :]
    return text


def _write(sheet: UInt8, text: str, x: int, y: int, cap_px: int, colour: Colour) -> None:
    """One line of ASCII into a BGR picture; what does not fit is cut off."""
    mask = text_mask(text, cap_px)[: sheet.shape[0] - y, : sheet.shape[1] - x, None] / 255
    part = sheet[y : y + mask.shape[0], x : x + mask.shape[1]]
    part[:] = np.round(part * (1 - mask) + np.array(colour[::-1]) * mask).astype(np.uint8)
