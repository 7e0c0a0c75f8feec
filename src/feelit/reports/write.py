"""Writing of reports: videos are read, analysed and written one after the other.

Only one video is in memory at a time, and the size of the page is limited: the room for each video shrinks with their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from feelit import __version__
from feelit.analysis.event import Kind
from feelit.analysis.signals import recording_signals
from feelit.errors import UsageError, VideoReadError
from feelit.options.timelines import ReportOptions
from feelit.reports import page, video_section
from feelit.reports.curves import pack_within
from feelit.reports.faces import boxes_of
from feelit.reports.inputs import Found, Transcript, find_footage, link, transcripts_of, utterances_of
from feelit.reports.pictures import PictureRequest, cut_pictures
from feelit.reports.video_section import Findings
from feelit.run.search import SUFFIXES
from feelit.signals.columns import SIGNALS
from feelit.storage.atomic import refuse_to_overwrite, whole_file
from feelit.storage.location import Location, Url
from feelit.storage.names import as_text
from feelit.storage.stat import InputFiles, files_below
from feelit.timeline.recording import Recording, TimelineSources, files_of, listed_sources, open_timelines, with_time
from feelit.timeline.schema import PEOPLE

ENDINGS = (".html", ".htm")

CURVE_BYTES = 1_900_000
PICTURE_BYTES = 600_000
EVENTS = 400
PICTURED = 60
"""The room for one video: characters of its curves and of its pictures, rows of its table of events, and how many of these have
a picture, which takes about a second to find in a long video."""

FULL_SHARES = 8  # the most videos with all of that room; with more, each has less, so that a report stays at about 20 MB

LEAST_EVENTS = 20


def write_report(
    timelines: TimelineSources, options: ReportOptions, progress: Callable[[float], None] = lambda share: None
) -> list[str]:
    """Write `options.out`: one HTML file about the videos of some timelines.

    Parameters
    ----------
    timelines : as of `recording.open_timelines`
    options : see `ReportOptions`
    progress : called with the share of the work that is done, 0..1

    Returns
    -------
    notes for the user, such as videos that were not found

    Raises
    ------
    TimelineReadError
        if a timeline is missing, damaged or none, or if videos are given and it holds none of them.
    VideoReadError
        if a file that is given as a video is missing or cannot be read, or a folder holds no videos.
    UsageError
        if two timelines hold a video of the same name, the output is no .html file, or a transcript is damaged or of another.
    OutputError
        if the output exists already and `options.force` is not set, or cannot be written.
    """
    if options.out.suffix.lower() not in ENDINGS:
        raise UsageError(f"--out {options.out} is not a name for a page", f"it has to end in {' or '.join(ENDINGS)}")
    sources = listed_sources(timelines)
    refuse_to_overwrite(
        options.out, options.force, InputFiles(chain(files_of(sources), _videos_in(options.video), options.transcripts))
    )
    recordings = with_time(open_timelines(sources), "a report")
    transcripts = transcripts_of(recordings, options)
    found = find_footage(options.video, {recording.name: recording.facts for recording in recordings})
    writer = _Writer(options, found, progress, len(recordings), transcripts)
    with whole_file(options.out) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        writer.write(file, recordings)
    return writer.notes


@dataclass(slots=True)
class _Writer:
    """Writes the page video by video, and collects the entries of the table of contents."""

    options: ReportOptions
    found: Found
    progress: Callable[[float], None]
    count: int
    transcripts: Mapping[str, Transcript]
    notes: list[str] = field(default_factory=list)
    _entries: list[dict[str, Any]] = field(default_factory=list)

    def _room(self, whole: int) -> int:
        """The part for each of the videos of the room that one has."""
        return int(whole * min(1.0, FULL_SHARES / max(self.count, 1)))

    def write(self, file: TextIO, recordings: Sequence[Recording]) -> None:
        """The whole page."""
        only = video_section.title_of(recordings[0].name) if len(recordings) == 1 else f"{self.count} videos"
        file.write(page.head(f"{only} · feelit report"))
        for recording in recordings:
            self._write_video(file, recording)
        about = page.constants() | {"version": __version__, "pictures": bool(self.options.video), "videos": self._entries}
        file.write(page.data_block("report", about))
        file.write(page.foot())

    def _write_video(self, file: TextIO, recording: Recording) -> None:
        number = len(self._entries) + 1
        with ThreadPoolExecutor(1) as thread:
            facts = thread.submit(video_section.facts_of, recording)  # the audit takes as long as the findings
            findings = video_section.findings_of(recording, self.options.baseline)
        full = findings.curves
        curves, packed = pack_within(full, self._room(CURVE_BYTES))
        portraits = {
            person: PictureRequest.portrait(mine.best_s, person)
            for person, mine in findings.faces.items()
            if mine.best_s is not None
        }
        pictures = self._pictures(recording, findings, portraits)
        faces = {person: pictures[wanted] for person, wanted in portraits.items() if wanted in pictures}
        stated, last_s = recording.facts.get("duration_s"), findings.video.shown.last_seen_s
        lengths = [float(stated) if isinstance(stated, int | float) else 0.0, last_s if last_s == last_s else 0.0]
        duration_s = max(*lengths, findings.video.duration_s)  # to the end of the last sample at least
        utterances, notes = utterances_of(recording, self.transcripts.get(recording.name))
        self.notes += notes
        content = {
            "name": recording.name,
            "title": video_section.title_of(recording.name),
            "duration_s": duration_s,
            "sampled_s": findings.video.duration_s,
            "face_share": findings.video.face_share,
            "points": len(curves.time_s),
            "samples": len(full.time_s),
            "step_s": curves.step_s,
            "shown": video_section.shown_of(findings.video.shown),
            "unit": "person" if PEOPLE in recording.groups else "track",
            "speaking": any(person.speaking is not None for person in curves.people),
            "people": video_section.people_of(recording, findings, curves, faces),
            "moments": video_section.moments_of(findings.moments, pictures),
            "events": video_section.event_rows(findings, max(self._room(EVENTS), LEAST_EVENTS), pictures),
            "signals": [asdict(row) for row in recording_signals(recording)] if SIGNALS in recording.groups else [],
            "utterances": utterances,
            "quality": video_section.quality_facts(findings.quality),
            **facts.result(),
            "footage": self._footage(recording),
        }
        file.write(page.data_block(f"video-{number}", video_section.plain(content)))
        file.write(page.text_block(f"curves-{number}", packed))
        self._entries.append(video_section.plain(_entry(content, video_section.strip_of(curves, duration_s))))
        self.progress(number / max(self.count, number))

    def _pictures(
        self, recording: Recording, findings: Findings, portraits: dict[int, PictureRequest]
    ) -> dict[PictureRequest, str]:
        """Portraits first, of those who are longest on screen; then moments, then peaks."""
        footage = self.found.footage.get(recording.name)
        if footage is None:
            if recording.name in self.found.changed:
                self.notes.append(f"{recording.name} has changed since it was analysed; its part of the report has no pictures")
            elif self.options.video:
                self.notes.append(f"{recording.name} is not among the videos that --video gives; its part has no pictures")
            return {}
        longest = sorted(findings.people, key=lambda person: -person.shown.on_screen_s)
        wanted = [portraits[person.track_id] for person in longest if person.track_id in portraits]
        wanted += [PictureRequest.moment(moment.time_s, moment.track_id) for moment in findings.moments]
        peaks = [event for event in findings.surest if event.kind is Kind.peak]
        wanted += [video_section.picture_of(event) for event in peaks[: self._room(PICTURED)]]
        boxes = boxes_of(recording, {picture.place for picture in wanted})
        done = len(self._entries)

        def advance(share: float) -> None:
            self.progress((done + share) / self.count)

        try:
            return cut_pictures(footage.video, boxes, wanted, self._room(PICTURE_BYTES), advance)
        except VideoReadError as error:
            self.notes.append(f"no pictures of {recording.name}: {error.message}")
            return {}

    def _footage(self, recording: Recording) -> dict[str, Any]:
        footage = self.found.footage.get(recording.name)
        if footage is None:
            asked = "missing" if self.options.video else "none"
            return {"status": "changed" if recording.name in self.found.changed else asked}
        if isinstance(footage.video, Url):
            return {"status": "bucket"}  # which no browser plays from
        return {"status": "found", "video": self._link(footage.video), "annotated": self._link(footage.annotated)}

    def _link(self, path: Location | None) -> dict[str, str] | None:
        if not isinstance(path, Path):
            return None
        return {"url": link(path, self.options.out), "name": as_text(Path(path.name))}


def _videos_in(given: Sequence[Location]) -> Iterator[Location]:
    """Files, the videos in folders, and objects in buckets, but not those below a prefix."""
    for place in given:
        below = files_below(place) if isinstance(place, Path) else [place]
        yield from (path for path in below if path == place or path.suffix.lower() in SUFFIXES)


def _entry(content: dict[str, Any], strip: list[str]) -> dict[str, Any]:
    """What the table of contents says of a video."""
    moment = content["moments"][0] if content["moments"] else None
    return {
        **{name: content[name] for name in ("name", "title", "duration_s", "face_share", "step_s")},
        "shown": content["shown"],
        "people": len(content["people"]),
        "strip": strip,
        "moment": {**moment, "picture": None} if moment else None,
        "failed": sum(not check["passed"] for check in content["audit"]),
        "footage": content["footage"]["status"],
    }
