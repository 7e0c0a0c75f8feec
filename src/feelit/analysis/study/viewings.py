"""The recordings of a study file: their participants and windows of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from feelit.analysis.study.design import Viewing, Window
from feelit.analysis.study.fields import Fields, seconds
from feelit.errors import UsageError
from feelit.imports.annotations import READERS, apart, read_tiers
from feelit.imports.tiers import Tiers
from feelit.options.transcripts import MOST_DRIFT, ClockOptions, clock_between
from feelit.storage.location import Location, location

WHOLE = "whole"  # the name of the window of a recording without windows: the whole recording


@dataclass(frozen=True, slots=True)
class _Shared:
    """Settings that all recordings share."""

    folder: Path
    timelines: Location | None
    markers: str | None
    tier: str | None
    windows: tuple[Window, ...]  # on the study's clock, before offset and drift
    conditions: Mapping[str, str]
    groups: Mapping[str, str | None]
    excluded: Mapping[str, str]
    tiers: dict[Path, Tiers]  # of the files read so far


def viewings_of(study: Fields, folder: Path) -> tuple[Viewing, ...]:
    """Every participant in every recording, in the order of the file.

    Raises
    ------
    UsageError
        if the study file is invalid.
    """
    groups, excluded = _participants(study.table("participants"))
    conditions = {name: _word(study, name, value) for name, value in study.table("conditions").items()}
    timelines, markers = study.text("timelines"), study.text("markers")
    shared = _Shared(
        folder=folder,
        timelines=None if timelines is None else _place(folder, timelines),
        markers=markers,
        tier=study.text("tier"),
        windows=tuple(_window(row, conditions) for row in study.rows("windows")),
        conditions=conditions,
        groups=groups,
        excluded=excluded,
        tiers={},
    )
    rows = study.rows("recordings")
    if not rows:
        raise UsageError(f"{study.where} names no recordings", "write [[recordings]] with a timeline and a participant each")
    found = tuple(viewing for row in rows for viewing in _viewings(row, shared))
    there = {viewing.participant for viewing in found}
    for name in groups:
        if name not in there and not excluded[name]:
            hint = 'add one, or say why it is missing, as in exclude = "did not come"'
            raise UsageError(f"{study.where}: the participant {name} is in no recording", hint)
    names = {window.name for viewing in found for window in viewing.windows}
    if lost := [name for name in conditions if name not in names]:
        raise UsageError(f"{study.where}: [conditions] names the window {lost[0]}, which does not exist", _known(names))
    return found


def _participants(fields: Fields) -> tuple[dict[str, str | None], dict[str, str]]:
    """By participant: the group, and the reason for exclusion."""
    groups: dict[str, str | None] = {}
    excluded: dict[str, str] = {}
    for name, content in fields.items():
        about = Fields(f"{fields.where.removesuffix(']')}.{name}]", content)
        groups[name], excluded[name] = about.text("group"), about.text("exclude") or ""
        about.finish()
    return groups, excluded


def _word(fields: Fields, key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise fields.wrong(f"[conditions] {key}", value, "the name of a condition")
    return value.strip()


def _window(row: Fields, conditions: Mapping[str, str]) -> Window:
    name = row.needed("name") if row.has("name") else row.text("window") or row.needed("name")
    start, end = row.time("start", signed=True), row.time("end", signed=True)
    condition = row.text("condition")
    row.finish()
    if start is None:
        raise UsageError(f"{row.where} ({name}) has no start", "write start = 12.5, and perhaps end = 42.5")
    if end is not None and end <= start:
        raise UsageError(f"{row.where} ({name}) ends at {end:g} s, which is not after its start, {start:g} s", "correct one")
    return Window(name=name, start_s=start, end_s=end, condition=condition or conditions.get(name))


def _viewings(row: Fields, shared: _Shared) -> Iterator[Viewing]:
    timeline, video = row.text("timeline"), row.text("video")
    if timeline is None and (video is None or shared.timelines is None):
        raise UsageError(f"{row.where} has no timeline", 'write timeline = "p01.parquet", or video with timelines = "folder/"')
    place = _place(shared.folder, timeline) if timeline is not None else shared.timelines
    assert place is not None
    people = _people(row)
    session, group, condition = row.text("session"), row.text("group"), row.text("condition")
    clock = _clock(row)
    own_windows = [_window(window, shared.conditions) for window in row.rows("windows")]
    exclude, coders = row.text("exclude") or "", row.texts("coders")
    markers, tier = row.text("markers") or shared.markers, row.text("tier") or shared.tier
    row.finish()
    for person, participant in people:
        names = {"participant": participant, "session": session or "", "video": PurePath(video or timeline or "").stem}
        windows = [*shared.windows, *own_windows, *_marked(row, shared, markers, tier, names)]
        known_group = shared.groups.get(participant)
        if group and known_group and group != known_group:
            raise UsageError(f"{row.where}: {participant} is in the group {known_group} and in {group}", "correct one")
        yield Viewing(
            timeline=place,
            video=video,
            person=person,
            participant=participant,
            session=session,
            group=group or known_group,
            condition=condition,
            windows=_counted(windows or [Window(name=WHOLE, start_s=0.0, end_s=None, condition=None)], clock, condition),
            exclude=exclude or shared.excluded.get(participant, ""),
            coders=tuple(_coder(shared.folder, coder) for coder in coders),
        )


def _people(row: Fields) -> list[tuple[str | None, str]]:
    """The people of a recording, as (person in the timeline, participant)."""
    if not row.has("people"):
        person = row.text("person")
        if (participant := row.text("participant") or person) is None:
            raise UsageError(f"{row.where} has no participant", 'write participant = "P01"')
        return [(person, participant)]
    if row.has("person") or row.has("participant"):
        raise UsageError(f"{row.where} has both people and person or participant", "name all participants under people")
    found: list[tuple[str | None, str]] = [(person, str(name)) for person, name in row.table("people").items()]
    if not found:
        raise UsageError(f"{row.where}: people is empty", 'write people = { Anna = "P01", Ben = "P02" }')
    return found


def _clock(row: Fields) -> ClockOptions:
    """The clock of the windows of a recording."""
    pairs = row.any("sync")
    offset, drift = row.time("offset", signed=True) or 0.0, row.number("drift", 0.0, -MOST_DRIFT, MOST_DRIFT)
    if pairs is None:
        return ClockOptions(offset_s=offset, drift=drift)
    if row.has("offset") or row.has("drift"):
        raise UsageError(f"{row.where} has both sync and offset or drift", "give one of them")
    if not (isinstance(pairs, list) and len(pairs) == 2 and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)):
        raise row.wrong("sync", pairs, "two pairs [time of the windows' clock, time of the video]")
    (a, b), (c, d) = ([seconds(f"{row.where}: sync", value, signed=True) for value in pair] for pair in pairs)
    try:
        return clock_between((a, b), (c, d))
    except UsageError as error:
        raise UsageError(f"{row.where}: sync: {error.message.removeprefix('--')}", error.hint) from None


def _marked(row: Fields, shared: _Shared, markers: str | None, tier: str | None, names: Mapping[str, str]) -> Iterator[Window]:
    """The windows of an annotation file: each label is the name of a window."""
    if markers is None:
        return
    for key, value in names.items():
        markers = markers.replace(f"{{{key}}}", value)
    path = shared.folder / markers
    if path.suffix.lower() not in READERS:
        raise UsageError(f"{row.where}: feelit cannot read markers from {path.name}", f"it reads {', '.join(READERS)}")
    if path not in shared.tiers:
        shared.tiers[path] = read_tiers(path)
    tiers = shared.tiers[path]
    if tier is None and len(tiers) > 1:
        raise UsageError(
            f"{row.where}: {path.name} has {len(tiers)} tiers", f'name one: tier = "{next(iter(tiers))}"; {_known(tiers)}'
        )
    if tier is not None and tier not in tiers:
        raise UsageError(f"{row.where}: {path.name} has no tier {tier}", _known(tiers))
    name = tier if tier is not None else next(iter(tiers))
    for found in apart(path, name, tiers[name]):
        condition = shared.conditions.get(found.label)
        yield Window(name=found.label, start_s=found.start_s, end_s=found.end_s, condition=condition)


def _counted(windows: list[Window], clock: ClockOptions, condition: str | None) -> tuple[Window, ...]:
    """Windows on the clock of the video, numbered by name; those without a condition get that of the recording."""
    seen: dict[str, int] = {}
    found = []
    for window in windows:
        seen[window.name] = seen.get(window.name, 0) + 1
        start_s = clock.video_s(window.start_s)
        end_s = None if window.end_s is None else clock.video_s(window.end_s)
        found.append(
            replace(window, start_s=start_s, end_s=end_s, occurrence=seen[window.name], condition=window.condition or condition)
        )
    return tuple(found)


def _place(folder: Path, text: str) -> Location:
    place = location(text)
    return folder / place if isinstance(place, Path) else place


def _coder(folder: Path, text: str) -> str:
    path, sign, tier = text.rpartition("@") if "@" in text else (text, "", "")
    return f"{folder / path}{sign}{tier}"


def _known(names: Iterable[str]) -> str:
    return f"there are: {', '.join(names) or 'none'}"
