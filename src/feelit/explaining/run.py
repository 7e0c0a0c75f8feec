"""From a model and pictures to the file of a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from feelit.errors import UsageError
from feelit.explaining.explain import Explanation, explain_sources
from feelit.explaining.figure import MOST_FACES, Caption, write_figure
from feelit.explaining.rise import CELLS
from feelit.explaining.sources import Source
from feelit.models.card import card_path
from feelit.models.paths import model_path
from feelit.options.models import ExplainOptions
from feelit.storage.atomic import refuse_to_overwrite
from feelit.storage.location import Location
from feelit.storage.names import one_line
from feelit.storage.stat import InputFiles


def explain_into(
    out: Location,
    model: str,
    sources: Sequence[str],
    options: ExplainOptions,
    force: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Explanation]:
    """Explain what a classifier says, and draw it.

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
    refuse_to_overwrite(out, force, InputFiles(chain(pictures, _files_of_models(model, options))))
    explanations = explain_sources(model, sources, options, progress, MOST_FACES)
    write_figure(explanations, _caption(model, options, explanations), out)
    return explanations


def _files_of_models(model: str, options: ExplainOptions) -> Iterator[Path]:
    for path in map(model_path, (model, options.detector)):
        yield from (path, card_path(path))


def _caption(model: str, options: ExplainOptions, explanations: Sequence[Explanation]) -> Caption:
    hidden = "their mean luma" if options.baseline == "mean" else "the face out of focus"
    if options.method == "rise":
        how = f"RISE: {options.masks} random masks of {CELLS} x {CELLS} cells, seed {options.seed}; hidden pixels show {hidden}"
    elif options.method == "occlusion":
        patch, stride = options.lengths_px(len(explanations[0].crop))
        how = f"Occlusion: a patch of {patch} px in steps of {stride} px; hidden pixels show {hidden}"
    else:
        how = "Grad-CAM: weighted feature maps of a late layer"
    return Caption(f"What {one_line(model_path(model).stem)} goes by", how)
