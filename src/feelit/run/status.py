"""The progress of a folder of timelines, from its manifest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike

from feelit.errors import FeelitError, SomeFailedError, UnfinishedError
from feelit.options.kinds import located
from feelit.run.manifest import Entry, has_manifest, read_manifest, require_manifest
from feelit.run.provenance import Provenance
from feelit.run.workspace import Workspace
from feelit.storage.location import Location, Url


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStatus:
    """The progress of a folder of timelines, in videos.

    Attributes
    ----------
    folder : where the timelines are
    running : whether a run is writing to the folder
    videos : all of them; done + failed + remaining, and those that are missing and were not done
    missing : videos that are no longer there; they count as done if they were, but neither as failed nor as remaining
    duration_s, wall_s : of the videos that are done, their total length and the total time that they took
    failures, outdated : rows of the manifest: of the failed videos, and of those that are done but whose timelines an earlier
        version of feelit, or of a model that comes with it, has made
    """

    folder: Location
    running: bool
    videos: int
    done: int
    failed: int
    remaining: int
    missing: int
    duration_s: float
    wall_s: float
    failures: tuple[Entry, ...]
    outdated: tuple[Entry, ...]

    def problem(self) -> FeelitError | None:
        """The error that stands for an unfinished run, or for videos that failed; None if all are done."""
        if self.remaining:
            hint = "a run goes on" if self.running else "run feelit analyze again to go on"
            return UnfinishedError(f"{self.remaining} of {self.videos} videos remain", hint)
        if self.failed:
            hint = f"feelit status {self.folder} --failed lists them"
            return SomeFailedError(f"{self.failed} of {self.videos} videos failed", hint)
        return None


def status(folder: str | PathLike[str] | Url) -> RunStatus:
    """Count the videos of a folder of timelines that are done, failed and remain, also while a run is in progress.

    Parameters
    ----------
    folder : the folder, or its address in a bucket, that was `out` of `feelit.analyze`

    Raises
    ------
    TimelineReadError
        if the folder has no manifest, or it is damaged.
    """
    folder = located(folder)
    require_manifest(folder)
    entries = sorted(read_manifest(folder).values(), key=lambda entry: entry.video)
    done = [entry for entry in entries if entry.status == "done"]
    made_with = {text: _is_outdated(text) for text in {entry.provenance for entry in done}}
    failures = tuple(entry for entry in entries if entry.status == "failed" and not entry.missing)
    return RunStatus(
        folder=folder,
        running=Workspace(folder).in_use(),
        videos=len(entries),
        done=len(done),
        failed=len(failures),
        remaining=sum(entry.status == "pending" and not entry.missing for entry in entries),
        missing=sum(entry.missing for entry in entries),
        duration_s=round(sum(entry.duration_s for entry in done), 3),
        wall_s=round(sum(entry.wall_s for entry in done), 3),
        failures=failures,
        outdated=tuple(entry for entry in done if made_with[entry.provenance]),
    )


def status_of_each(sources: Iterable[str | PathLike[str] | Url]) -> list[RunStatus]:
    """The status of every source that is a folder with a manifest."""
    places = map(located, sources)
    folders = [place for place in places if (place.suffix != ".parquet" if isinstance(place, Url) else place.is_dir())]
    return [status(folder) for folder in folders if has_manifest(folder)]


def _is_outdated(provenance: str | None) -> bool:
    """Whether an earlier version made a timeline; manifests without provenance are from before versions were noted."""
    try:
        return Provenance.parse(provenance or "").is_outdated()
    except ValueError:
        return True
