"""Output folder of a detector's evaluation: scores as JSON, a sheet of its worst mistakes, its curves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from feelit.evaluation.classifier.folder import SCORES, written_whole
from feelit.evaluation.detector.images import FaceImages
from feelit.evaluation.detector.metrics import box_sizes
from feelit.evaluation.detector.scores import FaceScores, Mistake
from feelit.render import theme
from feelit.render.canvas import Page, ascii_of, fitted, line_px
from feelit.render.theme import Colour
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

    with written_whole(scores, folder, FILES) as (sheet, curves):
        write_sheet(scores, images, sheet)
        write_recall(scores, curves)


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
    path.write_bytes(cv2.imencode(".png", draw_sheet(scores, images)[..., ::-1])[1].tobytes())


def draw_sheet(scores: FaceScores, images: FaceImages) -> UInt8:
    """(H, W, 3) RGB. `images` are those that the scores are about.

    Raises
    ------
    UsageError
        if an image cannot be read any more.
    """
    most = COLUMNS * ROWS
    kinds = (("missed", "largest first", scores.missed, MISSED), ("false", "surest first", scores.false, FALSE))
    shown = [(mistake, colour) for _, _, mistakes, colour in kinds for mistake in mistakes[:most]]
    tiles = {
        id(mistake): _tile(image.pixels("bgr")[..., ::-1], mistake, colour)
        for number, image in enumerate(images.read())
        for mistake, colour in shown
        if mistake.image == number
    }
    about = f"{one_line(scores.model)}, {scores.sizes[0].title}, score {scores.threshold:g}"
    parts = []
    for word, order, mistakes, _ in kinds:
        several = f", {most} of them, {order}" if most < len(mistakes) else ""
        parts.append(_section(f"{len(mistakes)} {word}{several} - {about}", [tiles[id(m)] for m in mistakes[:most]]))
    return np.concatenate(parts)


def _tile(pixels: UInt8, mistake: Mistake, colour: Colour) -> UInt8:
    """A square around a box, which has the colour of the sheet beyond the picture; below it the size, the score, the image."""
    x0, y0, x1, y1 = (float(v) for v in mistake.box)
    side = max(1, round(max(x1 - x0, y1 - y0, LEAST_SEEN_PX) * (1 + 2 * CONTEXT)))
    left, top = round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2)
    square = np.full((side, side, 3), theme.GROOVE, np.uint8)
    height, width = pixels.shape[:2]
    a, b, c, d = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if a < c and b < d:
        square[b - top : d - top, a - left : c - left] = pixels[b:d, a:c]
    way = cv2.INTER_AREA if side > TILE_PX else cv2.INTER_CUBIC
    page = _page(TILE_PX, TILE_PX + 2 * line_px(CAP_PX))
    page.paste(np.asarray(cv2.resize(square, (TILE_PX, TILE_PX), interpolation=way), np.uint8), 0, 0)
    low, high = ((mistake.box.reshape(2, 2) - (left, top)) * (TILE_PX / side)).round().astype(int).tolist()
    for line, width_px in (theme.HALO, 4), (colour, 2):
        cv2.rectangle(page.pixels[:TILE_PX], low, high, line, width_px)
    what = f"{float(box_sizes(mistake.box[None])[0]):.0f} px, " + (f"score {mistake.score:.2f}" if mistake.score else "no box")
    page.write(what, 0, TILE_PX, CAP_PX, theme.INK)
    page.write(fitted(ascii_of(one_line(mistake.name)), TILE_PX, CAP_PX), 0, TILE_PX + line_px(CAP_PX), CAP_PX, theme.DIM_INK)
    return page.pixels


def _section(title: str, tiles: Sequence[UInt8]) -> UInt8:
    step_px = TILE_PX + 2 * line_px(CAP_PX) + GAP_PX
    head_px = line_px(HEAD_CAP_PX) + 2 * GAP_PX
    page = _page(COLUMNS * (TILE_PX + GAP_PX) + GAP_PX, head_px + -(-len(tiles) // COLUMNS) * step_px)
    page.write(ascii_of(title), GAP_PX, GAP_PX, HEAD_CAP_PX, theme.INK)
    for i, tile in enumerate(tiles):
        page.paste(tile, GAP_PX + i % COLUMNS * (TILE_PX + GAP_PX), head_px + i // COLUMNS * step_px)
    return page.pixels


def _page(width_px: int, height_px: int) -> Page:
    page = Page.blank(width_px, height_px)
    page.pixels[:] = theme.PLATE
    return page
