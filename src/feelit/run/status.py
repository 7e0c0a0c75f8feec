"""How far a folder of timelines is, out of its manifest."""

from __future__ import annotations

from dataclasses import dataclass

from feelit.errors import FeelitError, SomeFailedError, UnfinishedError
from feelit.run.manifest import Entry, read_manifest, require_manifest
from feelit.run.provenance import Provenance
from feelit.run.workspace import Workspace
from feelit.storage.location import Location


@dataclass(frozen=True, slots=True)
class Status:
    """Counts of videos. What is missing counts as done if it was, but neither as failed nor as remaining.

    `outdated` are those of the done whose rows an earlier version of feelit, or of a model that comes with it, has made.
    `duration_s` is the length of the videos that are done, `wall_s` what they took, added up.
    """

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

    def problem(self, folder: Location) -> FeelitError | None:
        """Why not all is well, or None."""
        if self.remaining:
            hint = "a run goes on" if self.running else "run feelit analyze again to go on"
            return UnfinishedError(f"{self.remaining} of {self.videos} videos remain", hint)
        if self.failed:
            return SomeFailedError(
                f"{self.failed} of {self.videos} videos failed", f"feelit status {folder} --failed lists them"
            )
        return None


def status_of(folder: Location) -> Status:
    """What the manifest of a folder says; while a run goes on, what it has noted up to now.

    Raises
    ------
    TimelineReadError
        if there is no manifest, or it is damaged.
    """
    require_manifest(folder)
    entries = sorted(read_manifest(folder).values(), key=lambda entry: entry.video)
    done = [entry for entry in entries if entry.status == "done"]
    made_with = {text: _is_outdated(text) for text in {entry.provenance for entry in done}}
    failures = tuple(entry for entry in entries if entry.status == "failed" and not entry.missing)
    return Status(
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


def _is_outdated(provenance: str | None) -> bool:
    """A manifest that says nothing was written before there were versions of results."""
    try:
        return Provenance.parse(provenance or "").is_outdated()
    except ValueError:
        return True
