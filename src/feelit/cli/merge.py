"""feelit merge"""

from __future__ import annotations

from feelit.cli.command import Timelines, with_options
from feelit.cli.texts import note
from feelit.options.timelines import MergeOptions


@with_options
def merge(
    timelines: Timelines,
    options: MergeOptions,
) -> None:
    """Join timelines into one table, with the rows of a single run over all their videos."""
    import feelit.api as api
    from feelit.api.runs import runs_of

    api.merge(timelines, str(options.out), options=options)
    for found in runs_of(timelines):
        if lacking := found.failed + found.remaining:
            note(f"{lacking} of {found.videos} videos of {found.folder} are not in it (see feelit status {found.folder})")
