"""Explanations as one figure: for every face the crop, the probabilities, and the map on the crop with its scale.

A column is 90 mm at 300 dpi, a page of two columns 180 mm, as journals print them; letters are then 6 points high.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain

import cv2
import numpy as np

from feelit.errors import OutputError, UsageError
from feelit.explaining.explain import Explanation, explain_sources
from feelit.explaining.faces import Source
from feelit.explaining.saliency import CELLS, top_tenth
from feelit.models.card import card_path
from feelit.models.paths import model_path
from feelit.options.models import ExplainOptions
from feelit.plots.layout import clock
from feelit.render.canvas import BLACK, GREY, LIGHT, Page, Rect, ascii_of, fitted, line_px, text_width_px
from feelit.render.theme import EMOTION_COLOUR
from feelit.storage.atomic import refuse_to_overwrite, whole_file
from feelit.storage.location import Location
from feelit.storage.names import one_line
from feelit.storage.stat import InputFiles
from feelit.types import EMOTIONS, Float32, UInt8

AGAINST, NEITHER, IN_FAVOUR = (38.0, 3.0, -48.0), (93.0, 0.0, 0.0), (50.0, 40.0, 43.0)
"""L*, a*, b* at -1, 0 and 1."""

STEPS = 256
"""Colours on either side of the middle."""


@lru_cache(maxsize=1)
def table() -> UInt8:
    """(2 * STEPS + 1, 3) uint8 sRGB, from -1 to 1."""
    share = np.linspace(-1, 1, 2 * STEPS + 1)[:, None]
    lab = np.array(NEITHER) + np.abs(share) * (np.where(share < 0, AGAINST, IN_FAVOUR) - np.array(NEITHER))
    rgb = cv2.cvtColor(lab[None].astype(np.float32), cv2.COLOR_Lab2RGB)[0]
    colours: UInt8 = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    colours.flags.writeable = False
    return colours


def coloured(values: Float32) -> UInt8:
    """(H, W) float32, -1..1 -> (H, W, 3) uint8 sRGB, on a diverging scale.

    It goes from light grey to blue (against the label) and to orange (in favour), which people with the common colour-vision
    deficiencies distinguish, along straight lines of equal length in CIE L*a*b*, so that steps are perceptually equal.
    """
    colours: UInt8 = table()[np.rint((np.clip(values, -1, 1) + 1) * STEPS).astype(np.int64)]
    return colours


COLUMN_PX, GAP_PX, ROW_GAP_PX, EDGE_PX = 1063, 56, 24, 28
PANEL_PX, CAP_PX, SMALL_CAP_PX = 280, 18, 15
NAMES_PX, PERCENT_PX, SCALE_PX, NUMBERS_PX = 132, 66, 22, 108
PAD_PX = 26

MOST_FACES = 60
"""Few image viewers open a taller picture."""

OPACITY = (0.35, 0.8)
"""Opacity of the map where it is 0 and where it is largest."""

TINY = 1e-9

NOTE = "The map shows what the prediction depends on, not the cause of the expression."


def write_figure(explanations: Sequence[Explanation], model: str, method: str, out: Location) -> None:
    """Draw explanations into a PNG file, with the name of the `model` and a line on how the maps were made, the `method`.

    Raises
    ------
    OutputError
        if the file cannot be written.
    """
    done, png = cv2.imencode(".png", draw(explanations, model, method)[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not done:
        raise OutputError(f"{out} cannot be written: no PNG could be made", "name fewer pictures")
    with whole_file(out) as unfinished:
        unfinished.write_bytes(png.tobytes())


def draw(explanations: Sequence[Explanation], model: str, method: str) -> UInt8:
    """(H, W, 3) uint8 RGB; see `write_figure`."""
    columns = 1 if len(explanations) == 1 else 2
    rows = -(-len(explanations) // columns)
    head, foot = 2 * line_px(CAP_PX) + 12, line_px(SMALL_CAP_PX)
    card = line_px(CAP_PX) + PANEL_PX + 2 * line_px(SMALL_CAP_PX) + 8
    width = 2 * EDGE_PX + columns * COLUMN_PX + (columns - 1) * GAP_PX
    page = Page.blank(width, 2 * EDGE_PX + head + rows * (card + ROW_GAP_PX) + foot)
    title = ascii_of(f"Regions that support the prediction of {one_line(model)}")
    page.write(fitted(title, width - 2 * EDGE_PX, CAP_PX + 3), EDGE_PX, EDGE_PX, CAP_PX + 3)
    page.write(fitted(method, width - 2 * EDGE_PX, SMALL_CAP_PX), EDGE_PX, EDGE_PX + 42, SMALL_CAP_PX, GREY)
    for i, explanation in enumerate(explanations):
        left, top = EDGE_PX + i % columns * (COLUMN_PX + GAP_PX), EDGE_PX + head + i // columns * (card + ROW_GAP_PX)
        _draw_card(page, left, top, explanation)
    page.write(NOTE, EDGE_PX, page.pixels.shape[0] - EDGE_PX - foot, SMALL_CAP_PX, GREY)
    return page.pixels


def _draw_card(page: Page, left: int, top: int, shown: Explanation) -> None:
    where = "" if shown.time_s is None else f" at {clock(shown.time_s)}"
    what = f"{where}, face {shown.face}" if shown.found else f"{where}, no face found"
    name = fitted(ascii_of(one_line(shown.source)), COLUMN_PX - text_width_px(what, CAP_PX), CAP_PX)
    page.write(name + what, left, top, CAP_PX)
    top += line_px(CAP_PX) + 4
    crop = cv2.cvtColor(_enlarged(shown.crop.astype(np.float32)).astype(np.uint8), cv2.COLOR_GRAY2RGB)
    page.paste(np.asarray(crop, np.uint8), left, top)
    bars = left + PANEL_PX + PAD_PX
    overlay = left + COLUMN_PX - PANEL_PX - SCALE_PX - NUMBERS_PX
    _draw_bars(page, Rect(bars, top, overlay - PAD_PX, top + PANEL_PX), shown)
    largest = float(np.abs(shown.saliency).max())
    page.paste(_overlay(shown.crop, shown.saliency, largest), overlay, top)
    _draw_scale(page, overlay + PANEL_PX + 14, top, shown, largest)
    below = top + PANEL_PX + 6
    page.write("input of the model", left, below, SMALL_CAP_PX, GREY)
    page.write(f"regions that support {shown.label}", overlay, below, SMALL_CAP_PX, GREY)
    judged = shown.faithfulness
    before = float(shown.probability[EMOTIONS.index(shown.label)])
    found = f"{shown.label} with the outlined tenth hidden: {100 * (before - judged.drop):.0f}%"
    areas = f"deletion {judged.deletion:.2f}, insertion {judged.insertion:.2f}"
    page.write(f"{found}; {areas}", left, below + line_px(SMALL_CAP_PX), SMALL_CAP_PX, GREY)


def _draw_bars(page: Page, area: Rect, shown: Explanation) -> None:
    """The eight probabilities, one below the other, in the order of EMOTIONS; an arrow points at what is explained."""
    step = area.height / len(EMOTIONS)
    x0, x1 = area.x0 + NAMES_PX, area.x1 - PERCENT_PX
    for i, (name, colour) in enumerate(EMOTION_COLOUR.items()):
        y0, y1 = round(area.y0 + i * step + 5), round(area.y0 + (i + 1) * step - 5)
        text = y0 + (y1 - y0 - line_px(SMALL_CAP_PX)) // 2
        explained = name == shown.label
        page.write(name, area.x0 + 14, text, SMALL_CAP_PX, BLACK if explained else GREY)
        if explained:
            middle = (y0 + y1) // 2
            arrow = np.array([[area.x0 - 2, middle - 7], [area.x0 + 9, middle], [area.x0 - 2, middle + 7]], np.int32)
            cv2.fillPoly(page.pixels, [arrow], BLACK, cv2.LINE_AA)
        page.fill(Rect(x0, y0, x1, y1), LIGHT)
        page.fill(Rect(x0, y0, x0 + round(float(shown.probability[i]) * (x1 - x0)), y1), colour)
        page.outline(Rect(x0, y0, x1, y1), GREY, 1)
        percent = f"{100 * float(shown.probability[i]):.0f}%"
        page.write(percent, area.x1 - text_width_px(percent, SMALL_CAP_PX), text, SMALL_CAP_PX, BLACK if explained else GREY)


def _overlay(crop: UInt8, saliency: Float32, largest: float) -> UInt8:
    """The map on the crop, with a line around the top tenth."""
    large = _enlarged(saliency)
    picture = _on(_enlarged(crop.astype(np.float32)), large / max(largest, TINY))
    top = large >= saliency[top_tenth(saliency)].min()
    lines, _ = cv2.findContours(top.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    for colour, width in ((255, 255, 255), 5), ((0, 0, 0), 2):
        cv2.drawContours(picture, lines if not top.all() else [], -1, colour, width, cv2.LINE_AA)
    return picture


def _on(luma: Float32, values: Float32) -> UInt8:
    """Colours of values (h, w), -1..1, on luma (h, w), 0..255."""
    opacity = (OPACITY[0] + np.abs(values) * (OPACITY[1] - OPACITY[0]))[..., None]
    return np.rint((1 - opacity) * luma[..., None] + opacity * coloured(values)).astype(np.uint8)


def _draw_scale(page: Page, left: int, top: int, shown: Explanation, largest: float) -> None:
    """The colours as they look on a mean grey of the crop, with the values that they stand for."""
    signed = float(shown.saliency.min()) < 0
    values = np.repeat(np.linspace(1, -1 if signed else 0, PANEL_PX, dtype=np.float32)[:, None], SCALE_PX, axis=1)
    page.paste(_on(np.full(values.shape, shown.crop.mean(), np.float32), values), left, top)
    page.outline(Rect(left, top, left + SCALE_PX, top + PANEL_PX), GREY, 1)
    height = line_px(SMALL_CAP_PX)
    for share in (1.0, 0.0, -1.0) if signed else (1.0, 0.0):
        middle = round((1 - share) / (2 if signed else 1) * PANEL_PX)
        page.fill(Rect(left + SCALE_PX, top + middle - (share < 1), left + SCALE_PX + 7, top + middle + (share == 1)), GREY)
        y = min(max(top + middle - height // 2, top - 6), top + PANEL_PX - height + 6)
        page.write(_number(share * largest), left + SCALE_PX + 10, y, SMALL_CAP_PX, BLACK)
    unit = fitted(shown.unit, PANEL_PX, SMALL_CAP_PX)
    length = text_width_px(unit, SMALL_CAP_PX)
    page.write_upwards(unit, left + SCALE_PX + 62, top + (PANEL_PX - length) // 2, SMALL_CAP_PX, GREY)


def _number(value: float) -> str:
    return "0" if value == 0 else f"{value:+.2f}" if abs(value) >= 0.01 else f"{value:+.0e}"


def _enlarged(values: Float32) -> Float32:
    return np.asarray(cv2.resize(values, (PANEL_PX, PANEL_PX), interpolation=cv2.INTER_LINEAR), np.float32)


def explain_into(
    out: Location,
    model: str,
    sources: Sequence[str],
    options: ExplainOptions,
    force: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Explanation]:
    """Explain predictions of a classifier, and draw the maps.

    Raises
    ------
    UsageError
        if `out` does not end in .png, or as `explain_sources`.
    OutputError
        if it exists already and `force` is not set, or cannot be written.
    ModelError, VideoReadError, MissingExtraError
        as `explain_sources`.
    """
    if out.suffix.lower() != ".png":
        raise UsageError(f"--out {out} is not a name for a picture", "it has to end in .png")
    pictures = (Source.parse(text).path for text in sources)
    models = (file for path in map(model_path, (model, options.detector)) for file in (path, card_path(path)))
    refuse_to_overwrite(out, force, InputFiles(chain(pictures, models)))
    explanations = explain_sources(model, sources, options, progress, MOST_FACES)
    write_figure(explanations, model_path(model).stem, _method(options, len(explanations[0].crop)), out)
    return explanations


def _method(options: ExplainOptions, side_px: int) -> str:
    """How the maps of crops of a size are made."""
    filling = "the mean luma" if options.baseline == "mean" else "the blurred face"
    if options.method == "rise":
        masks = f"{options.masks} random masks of {CELLS} x {CELLS} cells, seed {options.seed}"
        return f"RISE: {masks}; hidden pixels show {filling}"
    if options.method == "occlusion":
        patch, stride = options.lengths_px(side_px)
        return f"Occlusion: a patch of {patch} px in steps of {stride} px; hidden pixels show {filling}"
    return "Grad-CAM: weighted feature maps of a late layer"
