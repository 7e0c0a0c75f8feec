"""feelit annotate"""

from __future__ import annotations

from pathlib import PurePosixPath

import feelit
from feelit.cli.command import Timeline, Video, with_options
from feelit.cli.texts import note
from feelit.options.printing import QuietOptions
from feelit.options.videos import AnnotateOptions


@with_options
def annotate(video: Video, timeline: Timeline, options: AnnotateOptions, printed: QuietOptions) -> None:
    """Draw a timeline on its video: boxes, identities, emotions and a strip of the whole."""
    from feelit.console import progress_bar

    with progress_bar(f"annotating {PurePosixPath(video).name}", printed.quiet) as advance:
        notes = feelit.annotate(video, timeline, options.out, options=options, progress=advance)
    note(*notes)
