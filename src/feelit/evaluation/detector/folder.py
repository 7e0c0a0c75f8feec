"""The folder of a detector's evaluation: the figures as JSON, its worst mistakes, its curves."""

from __future__ import annotations

from contextlib import ExitStack

from feelit.evaluation.classifier.folder import SCORES, json_text
from feelit.evaluation.detector.images import FaceImages
from feelit.evaluation.detector.scores import FaceScores
from feelit.evaluation.detector.sheet import write_sheet
from feelit.storage.atomic import whole_file
from feelit.storage.location import Location

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
    from feelit.plots.recall import write_recall

    with ExitStack() as stack:
        # Entered first, so it appears last: where it is, all is there.
        listing, sheet, curves = (stack.enter_context(whole_file(folder / name)) for name in FILES)
        write_sheet(scores, images, sheet)
        write_recall(scores, curves)
        listing.write_text(json_text(scores), encoding="utf-8", newline="\n")
