"""feelit explain"""

from __future__ import annotations

from typing import Annotated

import feelit
from feelit.cli.command import argument, with_options
from feelit.cli.texts import note
from feelit.options.models import ExplainOptions
from feelit.options.printing import JsonOptions, QuietOptions


@with_options
def explain(
    model: Annotated[str, argument("`expression`, or an ONNX file with its card.")],
    sources: Annotated[list[str], argument("Images, and moments of videos, as in a.mp4@83.5.", "SOURCE")],
    options: ExplainOptions,
    printed: JsonOptions,
    progress: QuietOptions,
) -> None:
    """Show which parts of a face a classifier relies on: a picture with the probabilities and a saliency map for each face."""
    from feelit.cli.texts import write_json
    from feelit.console import progress_bar

    with progress_bar("asking the model", progress.quiet) as advance:
        explained = feelit.explain(sources, model, out=options.out, options=options, progress=advance)
    for one in explained:
        if not one.found:
            note(f"no face was found in {one.source}; the whole image is taken for one")
        if printed.json:
            write_json(one.summary())
