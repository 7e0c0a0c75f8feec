"""The folder of an evaluation: the scores as JSON, and two figures."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from feelit.errors import MissingExtraError
from feelit.evaluation.classifier.scores import ClassifierScores
from feelit.evaluation.detector.scores import FaceScores
from feelit.models.card import card_path
from feelit.storage.atomic import output_errors, refuse_to_overwrite, whole_file
from feelit.storage.location import Location
from feelit.storage.stat import InputFiles, files_below

SCORES, CONFUSION, RELIABILITY = "scores.json", "confusion.png", "reliability.png"


def check_folder(
    folder: Location, force: bool, model: Path, data: Path, names: Sequence[str] = (SCORES, CONFUSION, RELIABILITY)
) -> None:
    """What would keep the files of an evaluation from being written, before it takes its time.

    Parameters
    ----------
    folder : where the files called `names` go
    force : whether they may be replaced
    model, data : what is evaluated, and on what: inputs, of which none is replaced

    Raises
    ------
    UsageError
        if one of the files is an input.
    OutputError
        if one of the files exists already and `force` is not set, or if the folder cannot be written.
    MissingExtraError
        if matplotlib is not installed.
    """
    # files of an earlier evaluation that lie in the folder of the data itself, or in one below it, are no data
    earlier = not isinstance(folder, Path) or (folder / SCORES).exists()
    given = (
        file for file in files_below(data, names) if file.name not in names or not (earlier and _same(file.parent, folder))
    )
    inputs = InputFiles(chain((model, card_path(model)), given))
    for name in names:
        refuse_to_overwrite(folder / name, force, inputs)
    with output_errors(folder):
        if isinstance(folder, Path):
            tempfile.TemporaryFile(dir=next(place for place in (folder, *folder.absolute().parents) if place.exists())).close()
    if importlib.util.find_spec("matplotlib") is None:
        message = "the figures of --out need matplotlib, which is not installed"
        raise MissingExtraError(message, "pip install 'feelit[plot]', or take --json")


def _same(one: Path, folder: Location) -> bool:
    return isinstance(folder, Path) and one.resolve() == folder.resolve()


def write_folder(scores: ClassifierScores, folder: Location) -> None:
    """Write scores.json, confusion.png and reliability.png: all of them appear, or none.

    Raises
    ------
    OutputError
        if the folder cannot be written.
    """
    from feelit.plots.scores import write_figures

    with ExitStack() as stack:
        # Entered first, so it appears last: where it is, all is there.
        listing, confusion, reliability = (
            stack.enter_context(whole_file(folder / name)) for name in (SCORES, CONFUSION, RELIABILITY)
        )
        write_figures(scores, confusion, reliability)
        listing.write_text(json_text(scores), encoding="utf-8", newline="\n")


def json_text(scores: ClassifierScores | FaceScores) -> str:
    """The scores as one JSON object."""
    return json.dumps(scores.as_json(), indent=2, ensure_ascii=False) + "\n"
