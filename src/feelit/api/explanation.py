"""What can be asked about a classifier."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from typing import TYPE_CHECKING

from feelit.api.timelines import Paths
from feelit.options.expand import keywords
from feelit.options.kinds import expanded, listed
from feelit.options.models import ExplainOptions
from feelit.storage.location import location

if TYPE_CHECKING:
    from feelit.explaining.explain import Explanation


@keywords()
def explain(
    sources: Paths,
    model: str | PathLike[str] = "expression",
    *,
    out: str | PathLike[str] | None = None,
    options: ExplainOptions,
    progress: Callable[[float], None] | None = None,
) -> list[Explanation]:
    """Find out which parts of a face a classifier goes by; docs/explain.md describes the methods and how to read a map.

    Parameters
    ----------
    sources : an image, a moment of a video as in "meeting.mp4@83.5", or a list of either
    model : a built-in classifier, or the path of an ONNX file with its card
    out : draw a .png file
    progress : called with the share that is done, 0..1

    Returns
    -------
    One explanation per face, by source and from the left to the right: `saliency` is (S, S) float32, in what `unit` says, over
    the pixels of `crop`, (S, S) uint8.

    Raises
    ------
    FeelitError
        of the kinds that docs/python.md lists.
    """
    from feelit.explaining.explain import explain_sources
    from feelit.explaining.run import explain_into

    named, advance = [fspath(path) for path in listed(sources)], progress or (lambda share: None)
    if out is None:
        return explain_sources(fspath(model), named, options, advance)
    return explain_into(location(expanded(out)), fspath(model), named, options, options.force, advance)
