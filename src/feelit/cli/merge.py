"""feelit merge"""

from __future__ import annotations

import feelit
from feelit.cli.command import Timelines, with_options
from feelit.cli.texts import note
from feelit.options.timelines import MergeOptions


@with_options
def merge(timelines: Timelines, options: MergeOptions) -> None:
    """Join timelines into one table, with the rows of a single run over all their videos."""
    from feelit.run.status import status_of_each

    feelit.merge(timelines, options.out, options=options)
    for found in status_of_each(timelines):
        if lacking := found.failed + found.remaining:
            note(f"{lacking} of {found.videos} videos of {found.folder} are not in it (see feelit status {found.folder})")
