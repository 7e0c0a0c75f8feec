"""People across recordings: the same number in all files, and names from photographs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feelit.errors import UsageError
from feelit.identity.across import PROPOSE, Candidate, group_people
from feelit.identity.correct import Grouping
from feelit.identity.corrections import fingerprint_of, rewrite
from feelit.identity.edits import edits_in
from feelit.identity.embeddings import (
    KEPT_FILE,
    ChosenFaces,
    KeptFaces,
    choose_faces,
    delete_kept,
    embed_faces,
    find_video,
    read_kept,
    still_there,
    write_kept,
)
from feelit.identity.likeness import JOIN, LEAST_WEIGHT, normal, normalised_likeness, probability, summed, unit_vectors
from feelit.identity.seen import SeenFaces
from feelit.models.card import sha256_of
from feelit.models.paths import model_path
from feelit.options.people import PeopleOptions
from feelit.storage.location import Location
from feelit.timeline.file import find_timelines
from feelit.timeline.recording import Recording, open_timelines
from feelit.timeline.schema import PEOPLE
from feelit.types import Float32, Int8
from feelit.vision.identity import IdentityModel

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Proposed:
    """Two people of two videos who may be the same person, but are not joined."""

    video: str
    person_id: int
    other_video: str
    other_person_id: int
    probability: float

    def __str__(self) -> str:
        one, other = f"person {self.person_id} of {self.video}", f"person {self.other_person_id} of {self.other_video}"
        return f"{one} and {other} may be one, with probability {self.probability:.3f}; one name for both joins them"


@dataclass(slots=True)
class _VideoPeople:
    """One video with its people."""

    path: Path
    name: str
    candidates: list[Candidate]
    shared: bool  # whether its people already have numbers shared across files


def forget(timelines: Sequence[Location]) -> list[str]:
    """Delete embeddings stored beside timelines and in subfolders of given ones, and return one line per deletion."""
    given = [place for place in timelines if isinstance(place, Path)]
    folders = [place if place.is_dir() else place.parent for place in given]
    folders += [path.parent for place in given if place.is_dir() for path in sorted(place.rglob(KEPT_FILE))]
    found = [delete_kept(folder / KEPT_FILE) for folder in dict.fromkeys(folders)]
    return [note for note in found if note] or ["no embeddings are kept here"]


def number_across(
    timelines: Sequence[Location], options: PeopleOptions, progress: Progress
) -> tuple[list[str], list[Proposed]]:
    """Give people the same number in all files.

    Returns
    -------
    Notes, one line each, and pairs that are too uncertain to be joined.

    Raises
    ------
    UsageError
        if a timeline has no people, or neither embeddings nor the video of it are found.
    """
    known = list(_people_of_videos(timelines, options, lambda share: progress(0.9 * share)))
    everybody = [(video, candidate) for video in known for candidate in video.candidates]
    group, proposals = group_people([candidate for _, candidate in everybody])
    numbers = _numbers(group, [candidate.number if video.shared else None for video, candidate in everybody])
    name: dict[int, str] = {}  # of each group, that of its first member with a name
    for number, (_, candidate) in zip(group, everybody, strict=True):
        if candidate.name:
            name.setdefault(number, candidate.name)
    shared = zip(numbers, map(name.get, group), strict=True)
    new: dict[Path, dict[str, dict[int, tuple[int, str | None]]]] = {}
    for video in known:
        new.setdefault(video.path, {})[video.name] = {candidate.number: next(shared) for candidate in video.candidates}
    changed = sum(_write_numbers(path, of_videos) for path, of_videos in new.items())
    joined = len(numbers) - len(set(numbers))
    notes = [
        f"{len(numbers)} persons of {len(known)} videos are {len(set(numbers))} people: {joined} joined at a probability of "
        f"{JOIN} or more, {len(proposals)} proposed; {changed} file{'' if changed == 1 else 's'} written"
    ]
    who = [(video.name, number) for (video, _), number in zip(everybody, numbers, strict=True)]
    return notes, [Proposed(*who[p.one], *who[p.other], round(p.probability, 3)) for p in proposals]


def number_within(timelines: Sequence[Location]) -> list[str]:
    """Restore the numbers of each video on its own; returns notes, one line each."""
    paths = [path for path in find_timelines(timelines) if isinstance(path, Path)]
    changed = sum(_write_numbers(path, {recording.name: {} for recording in open_timelines(path)}) for path in paths)
    return [f"{changed} file{'' if changed == 1 else 's'} written, with numbers of each video's own"]


def names_by_photographs(
    timelines: Sequence[Location], options: PeopleOptions, photographs: Mapping[str, Float32], progress: Progress
) -> tuple[dict[str, dict[int, tuple[str, float]]], list[str]]:
    """Name people of timelines by photographs.

    Parameters
    ----------
    photographs : name -> (128,) mean of the embeddings of the photographs

    Returns
    -------
    Name and probability by video and number; and one line for each match that is too uncertain or contradicts a name.
    """
    known = list(_people_of_videos(timelines, options, progress))
    names, template = list(photographs), np.stack(list(photographs.values()))
    usual = normal(template)
    found: dict[str, dict[int, tuple[str, float]]] = {}
    notes: list[str] = []
    for video in known:
        people = [candidate for candidate in video.candidates if candidate.weight >= LEAST_WEIGHT]
        if not people:
            continue
        means = np.stack([candidate.total / candidate.weight for candidate in people]).astype(np.float32)
        score = normalised_likeness(template, means, usual, normal(means)).astype(np.float64)
        sure = probability(score, len(people))
        for i, j in zip(*np.unravel_index(np.argsort(-sure, axis=None, kind="stable"), sure.shape), strict=True):
            number, name = people[int(j)].number, names[int(i)]
            mine = found.setdefault(video.name, {})
            if sure[i, j] < PROPOSE or number in mine or name in {taken for taken, _ in mine.values()}:
                continue
            if people[int(j)].name not in (None, name):
                notes.append(f"person {number} of {video.name} looks like {name}, but is called {people[int(j)].name}")
            elif sure[i, j] >= JOIN:
                mine[number] = (name, round(float(sure[i, j]), 3))
            else:
                notes.append(f"person {number} of {video.name} may be {name}, with probability {sure[i, j]:.3f}; not named")
    return found, notes


def _people_of_videos(timelines: Sequence[Location], options: PeopleOptions, progress: Progress) -> Iterator[_VideoPeople]:
    """The people of every video, from stored embeddings or from the video."""
    path_of_model = model_path("identity")
    sha256 = sha256_of(path_of_model)
    model: IdentityModel | None = None
    kept: dict[Path, dict[str, KeptFaces]] = {}
    new: set[Path] = set()
    paths = [path for path in find_timelines(timelines) if isinstance(path, Path)]
    for place, path in enumerate(paths):
        for recording in open_timelines(path):
            if PEOPLE not in recording.groups:
                message = f"{path} does not say who is who in {recording.name}"
                raise UsageError(message, "analyse the video with people first, or leave it out")
            beside = kept.setdefault(path.parent, read_kept(path.parent / KEPT_FILE, sha256))
            fingerprint = fingerprint_of(recording)
            stored = beside.get(fingerprint or "")
            faces = None if stored is None else still_there(recording, stored)
            if stored is None or faces is None:
                model = model or IdentityModel(path_of_model, "cpu")
                faces, vector = _computed(recording, options, model)
                stored = KeptFaces(faces.time_s, faces.box, faces.quality, vector)  # their persons are in the timeline
                if fingerprint is not None and len(faces):
                    beside[fingerprint] = stored
                    new.add(path.parent)
            shared = "across" in (recording.facts.get("automatic") or {})
            unit, quality = unit_vectors(stored.vector), np.where(stored.vector.any(axis=1), faces.quality, np.float32(0))
            candidates = []
            for number in recording.people:
                total, weight = summed(quality, unit, faces.person == number)
                name = recording.person_name(number)
                candidates.append(Candidate(file=place, number=number, total=total, weight=weight, name=name))
            yield _VideoPeople(path, recording.name, candidates, shared)
            recording.close()
        progress((place + 1) / len(paths))
    if options.keep_identity:
        for folder in new:
            write_kept(folder / KEPT_FILE, kept[folder], sha256)


def _computed(recording: Recording, options: PeopleOptions, model: IdentityModel) -> tuple[ChosenFaces, Int8]:
    faces = choose_faces(recording)
    if not len(faces):
        return faces, np.zeros((0, 128), np.int8)
    video, reason = find_video(recording, options.videos)
    if video is None:
        message = f"no embeddings of {recording.name} are stored, and its video cannot be used: {reason}"
        raise UsageError(message, "give the video with --videos, or leave the timeline out")
    return faces, embed_faces(video, faces, model)


def _numbers(groups: Sequence[int], before: Sequence[int | None]) -> list[int]:
    """The number of each person: the lowest shared number that its group had before, else a new one, in order of files and
    numbers."""
    number: dict[int, int] = {}
    for group, known in sorted(zip(groups, before, strict=True), key=lambda pair: pair[1] or 0):
        if known is not None and known not in number.values():
            number.setdefault(group, known)
    free = iter(sorted({*range(1, len(before) + max(number.values(), default=0) + 1)} - set(number.values())))
    return [number[group] if group in number else number.setdefault(group, next(free)) for group in groups]


def _write_numbers(path: Path, numbers: Mapping[str, Mapping[int, tuple[int, str | None]]]) -> bool:
    """Write shared numbers into a file; returns whether anything has changed."""
    corrected = {}
    for recording in open_timelines(path):
        if recording.name in numbers and PEOPLE in recording.groups:
            edits = edits_in(recording.facts)
            grouping = Grouping(SeenFaces(recording))
            for edit in edits:
                grouping.apply(edit)
            before = dict(grouping.across)
            grouping.share(numbers[recording.name])
            if grouping.across != before:
                corrected[recording.name] = (grouping, edits)
    if corrected:
        rewrite(path, corrected)
    return bool(corrected)
