"""feelit merge"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from feelit.cli.command import Timelines, with_options
from feelit.options.timelines import MergeOptions

if TYPE_CHECKING:
    from feelit.storage.location import Location


@with_options
def merge(
    timelines: Timelines,
    options: MergeOptions,
) -> None:
    """Join timelines into one table, with the rows of a single run over all their videos."""
    import feelit.api as api
    from feelit.options.kinds import expanded
    from feelit.storage.location import location

    places = [location(expanded(given)) for given in timelines]
    api.merge(timelines, str(options.out), options=options)
    for given in places:
        _warn_of_videos_left_out(given)


def _warn_of_videos_left_out(given: Location) -> None:
    """A folder may hold fewer timelines than videos were planned."""
    from feelit.run.manifest import has_manifest
    from feelit.run.status import status_of
    from feelit.storage.location import Url
    from feelit.storage.names import one_line

    is_folder = given.suffix != ".parquet" if isinstance(given, Url) else given.is_dir()
    if not is_folder or not has_manifest(given):
        return
    found = status_of(given)
    if lacking := found.failed + found.remaining:
        text = f"feelit: {lacking} of {found.videos} videos of {given} are not in it (see feelit status {given})"
        typer.echo(one_line(text), err=True)
