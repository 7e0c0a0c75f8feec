"""Scores of a classifier as the rows of tables that a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feelit.evaluation.classifier.scores import ClassifierScores, Estimate


@dataclass(frozen=True, slots=True)
class TextTable:
    """A title, headings, and cells below them; the first `words` columns hold words, the others numbers."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


def tables(scores: ClassifierScores) -> list[TextTable]:
    """Everything that the terminal shows, in order."""
    shown = [_summary(scores), _classes(scores), _confusion(scores)]
    return [*shown, _occlusions(scores)] if scores.occlusions is not None else shown


def _summary(scores: ClassifierScores) -> TextTable:
    images, model, votes = scores.images, scores.model, scores.calibration_votes
    rows = [
        ("accuracy", f"of {images.scored} images", percent(scores.accuracy.value), between(scores.accuracy)),
        (
            "balanced accuracy",
            "mean recall of the classes",
            percent(scores.balanced_accuracy.value),
            between(scores.balanced_accuracy),
        ),
        ("macro F1", "mean of the classes", percent(scores.macro_f1.value), between(scores.macro_f1)),
        ("weighted F1", "each class as often as it occurs", percent(scores.weighted.f1), ""),
        (
            "calibration error",
            f"against the majority, {scores.calibration.images} images",
            percent(scores.calibration.error),
            "",
        ),
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


def _confusion(scores: ClassifierScores) -> TextTable:
    rows = [(name, *map(str, counts)) for name, counts in zip(scores.classes, scores.confusion, strict=True)]
    return TextTable("predicted as", ("labelled as", *scores.predicted), rows)


def _occlusions(scores: ClassifierScores) -> TextTable:
    rows = [
        (
            name,
            percent(o.accuracy.value),
            between(o.accuracy),
            points(o.lost.value),
            f"{points(o.lost.low)} to {points(o.lost.high)}",
        )
        for name, o in (scores.occlusions or {}).items()
    ]
    return TextTable("faces under difficulties", ("", "accuracy", "95 % interval", "points lost", "95 % interval"), rows)


def percent(share: float) -> str:
    """0.861 -> 86.1 %"""
    return f"{share * 100:.1f} %"


def points(share: float) -> str:
    """A difference of two shares in percentage points."""
    return f"{share * 100:.1f}"


def between(of: Estimate) -> str:
    """The interval of a share."""
    return f"{of.low * 100:.1f} to {of.high * 100:.1f}"
