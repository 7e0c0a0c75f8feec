"""Output of an evaluation: a folder with scores as JSON and two figures, and tables for the terminal."""

from __future__ import annotations

import importlib.util
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path

from feelit.analysis.table import TextTable
from feelit.errors import MissingExtraError
from feelit.evaluation.classifier.scores import ClassifierScores, Estimate, OcclusionScore
from feelit.evaluation.detector.scores import FaceScores
from feelit.models.card import card_path
from feelit.storage.atomic import output_errors, refuse_to_overwrite, whole_file
from feelit.storage.location import Location
from feelit.storage.stat import InputFiles, files_below

SCORES, CONFUSION, RELIABILITY = FILES = "scores.json", "confusion.png", "reliability.png"


def check_folder(folder: Location, force: bool, model: Path, data: Path, names: Sequence[str] = FILES) -> None:
    """Check that the files of an evaluation can be written, before it starts.

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
    own = folder.resolve() if earlier and isinstance(folder, Path) else None
    given = (file for file in files_below(data, names) if file.name not in names or file.parent.resolve() != own)
    inputs = InputFiles(chain((model, card_path(model)), given))
    for name in names:
        refuse_to_overwrite(folder / name, force, inputs)
    with output_errors(folder):
        if isinstance(folder, Path):
            tempfile.TemporaryFile(dir=next(place for place in (folder, *folder.absolute().parents) if place.exists())).close()
    if importlib.util.find_spec("matplotlib") is None:
        message = "the figures of --out need matplotlib, which is not installed"
        raise MissingExtraError(message, "pip install 'feelit[plot]', or take --json")


def write_folder(scores: ClassifierScores, folder: Location) -> None:
    """Write scores.json, confusion.png and reliability.png: all of them appear, or none.

    Raises
    ------
    OutputError
        if the folder cannot be written.
    """
    from feelit.plots.scores import write_figures

    with written_whole(scores, folder, FILES) as (confusion, reliability):
        write_figures(scores, confusion, reliability)


@contextmanager
def written_whole(scores: ClassifierScores | FaceScores, folder: Location, names: Sequence[str]) -> Iterator[list[Path]]:
    """Temporary files to write for all of `names` but the first, which receives the scores; all of them appear, or none."""
    with ExitStack() as stack:
        # Entered first, so it appears last: where it is, all is there.
        listing, *figures = [stack.enter_context(whole_file(folder / name)) for name in names]
        yield figures
        listing.write_text(json_text(scores), encoding="utf-8", newline="\n")


def json_text(scores: ClassifierScores | FaceScores) -> str:
    """The scores as one JSON object."""
    return json.dumps(scores.as_json(), indent=2, ensure_ascii=False) + "\n"


def tables(scores: ClassifierScores) -> list[TextTable]:
    """The tables that the terminal shows, in order."""
    counts = [(name, *map(str, row)) for name, row in zip(scores.classes, scores.confusion, strict=True)]
    confusion = TextTable("predicted as", ("labelled as", *scores.predicted), counts)
    shown = [_summary(scores), _classes(scores), confusion]
    return [*shown, _occlusions(scores.occlusions)] if scores.occlusions is not None else shown


def _summary(scores: ClassifierScores) -> TextTable:
    images, model, majority, votes = scores.images, scores.model, scores.calibration, scores.calibration_votes
    balanced = scores.balanced_accuracy
    rows = [
        ("accuracy", f"of {images.scored} images", percent(scores.accuracy.value), between(scores.accuracy)),
        ("balanced accuracy", "mean recall of the classes", percent(balanced.value), between(balanced)),
        ("macro F1", "mean of the classes", percent(scores.macro_f1.value), between(scores.macro_f1)),
        ("weighted F1", "each class as often as it occurs", percent(scores.weighted.f1), ""),
        ("calibration error", f"against the majority, {majority.images} images", percent(majority.error), ""),
    ]
    if votes:
        rows.append(("", f"against the votes, {votes.images} images", percent(votes.error), ""))
    rows += [
        ("left out", "images without a majority label", str(images.without_majority), ""),
        ("", "images of classes that the model does not know", str(images.of_unknown_classes), ""),
        ("copies", f"among {images.read} images; they count", str(images.copies), ""),
    ]
    if scores.framing == "aligned":
        missed = "they count as errors" if scores.end_to_end else "they are taken whole"
        rows.append(("no face found", f"in images that are scored; {missed}", str(images.without_face), ""))
    size = f"{model.size_bytes / 1e6:.2f} MB" + (f", {model.parameters:,} parameters" if model.parameters else "")
    rows.append(("time", f"a face, 32 at a time on one core; {size}", f"{model.ms_per_face:.2f} ms", ""))
    title = f"{model.name} on {scores.data}, split {scores.split}, {scores.framing} framing"
    title += ", end to end" if scores.end_to_end else ""
    title += ", labels of FER2013" if scores.labels == "fer2013" else ""
    return TextTable(title, ("score", "", "value", "95 % interval"), rows, words=2)


def _classes(scores: ClassifierScores) -> TextTable:
    rows = [
        (name, percent(c.precision), percent(c.recall), percent(c.f1.value), between(c.f1), str(c.images))
        if c.images
        else (name, "-", "-", "-", "-", "0")  # nothing to be right about
        for name, c in scores.classes.items()
    ]
    for name, mean in (("macro", scores.macro), ("weighted", scores.weighted)):
        rows.append((name, percent(mean.precision), percent(mean.recall), percent(mean.f1), "", str(scores.images.scored)))
    return TextTable("classes", ("labelled as", "precision", "recall", "F1", "95 % interval", "images"), rows)


def _occlusions(scores: Mapping[str, OcclusionScore]) -> TextTable:
    rows = [
        (name, percent(o.accuracy.value), between(o.accuracy), points(o.lost.value), between(o.lost))
        for name, o in scores.items()
    ]
    return TextTable("faces under difficulties", ("", "accuracy", "95 % interval", "points lost", "95 % interval"), rows)


def percent(share: float) -> str:
    """0.861 -> 86.1 %"""
    return f"{share * 100:.1f} %"


def points(share: float) -> str:
    """A difference of two shares in percentage points."""
    return f"{share * 100:.1f}"


def between(of: Estimate) -> str:
    """The interval of a share, or of a difference of shares."""
    return f"{points(of.low)} to {points(of.high)}"
