"""Agreement on labels between coders of one recording: timelines and human annotations, on a common time grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import pyarrow as pa

from feelit.analysis.agreement import Agreement, agreement
from feelit.analysis.table import TextTable
from feelit.errors import UsageError
from feelit.imports.annotations import READERS, read_annotations
from feelit.labels import EMOTIONS, spelled
from feelit.options.agree import AgreeOptions
from feelit.storage.names import as_text
from feelit.timeline.recording import Recording, open_timelines
from feelit.types import Float64, Int64

Value = TypeVar("Value")

MOST_UNITS = 10_000_000
HELD = 1.5  # a sample is valid for this many sampling intervals; after that the label is unknown


@dataclass(frozen=True, slots=True, eq=False)
class Coder(Generic[Value]):
    """Labels or numbers over time: each of `values` is valid from its `start_s` to before its `end_s`."""

    name: str
    start_s: Float64  # (N,)
    end_s: Float64  # (N,)
    values: list[Value]  # (N,)
    first_s: float  # beginning and end of the recording, or of the annotations
    last_s: float
    machine: bool  # whether it is a timeline

    def place(self, at_s: Float64) -> Int64:
        """(T,) indices of the values at some times; -1 where there is none."""
        place = np.searchsorted(self.start_s, at_s, side="right") - 1
        result: Int64 = np.where(at_s < np.append(self.end_s, -np.inf)[place], place, -1)
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Coders and their agreement."""

    coders: tuple[str, ...]  # their names, in the order of `agreement`
    labels: tuple[str, ...]  # likewise
    start_s: float  # beginning and end of the time that was compared
    end_s: float
    step_s: float  # length of its units
    shares: Float64  # (R, C) share of each label in the units that a coder labelled
    agreement: Agreement
    alone: dict[str, tuple[str, ...]]  # by coder, labels, other than emotions, that only it uses; empty if labels were renamed

    def record(self) -> dict[str, Any]:
        """All results, as a JSON object."""
        found = self.agreement
        return {
            "coders": list(self.coders),
            "labels": list(self.labels),
            "start_s": self.start_s,
            "end_s": self.end_s,
            "step_s": self.step_s,
            "units": found.units,
            "percent_agreement": found.percent.record(),
            "cohen_kappa": [
                {"coders": [self.coders[one], self.coders[two]]} | kappa.record() for (one, two), kappa in found.cohen.items()
            ],
            "fleiss_kappa": found.fleiss.record(),
            "krippendorff_alpha": found.alpha.record(),
            "alpha_by_label": {name: alpha.record() for name, alpha in zip(self.labels, found.by_label, strict=True)},
            "shares": {
                coder: dict(zip(self.labels, np.round(row, 6).tolist(), strict=True))
                for coder, row in zip(self.coders, self.shares, strict=True)
            },
            "labels_of_one_coder": {coder: list(labels) for coder, labels in self.alone.items()},
            "confusion": {"rows": self.coders[0], "columns": self.coders[1], "units": found.confusion.tolist()},
        }

    def tables(self) -> list[TextTable]:
        """The tables that the terminal shows, in order."""
        found = self.agreement
        rows = [("same label", str(found.percent)), ("Krippendorff's alpha", str(found.alpha))]
        rows += [("Fleiss' kappa", str(found.fleiss))] if len(self.coders) > 2 else []
        rows += [(f"Cohen's kappa{of_pair(self.coders, pair)}", str(kappa)) for pair, kappa in found.cohen.items()]
        span = f"{self.start_s:g} to {self.end_s:g} s, {found.units} units of {self.step_s:g} s"
        heads = ["label", "alpha [95 %]", *(f"share, {coder}" for coder in self.coders)]
        lines = [
            (label, str(alpha), *(f"{share:.1%}" for share in self.shares[:, k]))
            for k, (label, alpha) in enumerate(zip(self.labels, found.by_label, strict=True))
        ]
        tables = [TextTable(span, ["figure", "value [95 %]"], rows, 2), TextTable("by label", heads, lines, 2)]
        if len(self.coders) == 2:
            cells = [(label, *map(str, row)) for label, row in zip(self.labels, found.confusion.tolist(), strict=True)]
            title = f"units: rows {self.coders[0]}, columns {self.coders[1]}"
            tables.append(TextTable(title, ["", *self.labels], cells))
        return tables


def of_pair(coders: Sequence[str], pair: tuple[int, int]) -> str:
    """Which pair of coders a figure is of; empty if there are no others."""
    return "" if len(coders) == 2 else f", {coders[pair[0]]} and {coders[pair[1]]}"


def compare(sources: Sequence[str | tuple[Recording, int]], options: AgreeOptions) -> Comparison:
    """Compare two or more coders of one recording.

    Parameters
    ----------
    sources : timelines and annotation files; `FILE@NAME` names a person of a timeline or a tier of a file, needed if there are
        several. Instead of a timeline, a recording and a person id

    Raises
    ------
    UsageError
        if there are fewer than two, a name is missing or unknown, a label is not one of a timeline's, or their times do not
        overlap.
    TimelineReadError
        if a timeline cannot be read.
    """
    coders = [_coder(source, options) for source in sources]
    if len(coders) < 2:
        raise UsageError("agreement needs at least two coders", "give two or more, as in results.parquet codes.eaf")
    if options.tolerance_s and len(coders) > 2:
        raise UsageError("--tolerance needs exactly two coders", f"{len(coders)} were given")
    labels = _labels(coders, options.gaps)
    start_s, at_s = unit_times([(one.name, one.first_s if one.machine else 0.0, one.last_s) for one in coders], options)
    codes = np.stack([_codes(coder, labels, at_s, options.gaps) for coder in coders])
    shares = np.stack([np.bincount(row[row >= 0], minlength=len(labels)) / max(1, (row >= 0).sum()) for row in codes])
    if options.tolerance_s:
        codes[1] = _tolerant(codes, round(options.tolerance_s / options.step_s))
    found = agreement(codes, len(labels), round(options.block_s / options.step_s), options.seed)
    if not found.units:
        raise UsageError("no unit is labelled by two coders", "--gaps neutral labels the time between annotations neutral")
    return Comparison(
        coders=tuple(coder.name for coder in coders),
        labels=labels,
        start_s=start_s,
        end_s=start_s + len(at_s) * options.step_s,
        step_s=options.step_s,
        shares=shares,
        agreement=found,
        alone={} if options.rename else _alone(coders),
    )


def _alone(coders: Sequence[Coder[str]]) -> dict[str, tuple[str, ...]]:
    """Labels, other than the eight emotions, that only one coder uses: other coders may use another word for the same."""
    said = {coder.name: set(coder.values) - set(EMOTIONS) for coder in coders}
    found = {name: mine - set().union(*(its for other, its in said.items() if other != name)) for name, mine in said.items()}
    return {name: tuple(sorted(labels)) for name, labels in found.items() if labels}


def unit_times(spans: Sequence[tuple[str, float, float]], options: AgreeOptions) -> tuple[float, Float64]:
    """The beginning of the time common to all coders, and (N,) the middles of its units, s.

    Parameters
    ----------
    spans : name, beginning and end of each coder, s

    Raises
    ------
    UsageError
        if there are no units, or too many.
    """
    start_s = options.start_s if options.start_s is not None else max(start_s for _, start_s, _ in spans)
    end_s = options.end_s if options.end_s is not None else min(end_s for _, _, end_s in spans)
    count = int(np.floor((end_s - start_s) / options.step_s + 1e-9)) if np.isfinite(end_s - start_s) else 0
    if count < 1:
        raise UsageError("the coders' times do not overlap", ", ".join(f"{name} {a:g} to {b:g} s" for name, a, b in spans))
    if count > MOST_UNITS:
        raise UsageError(f"{count} units are too many", "choose a longer --step")
    at_s: Float64 = start_s + (np.arange(count, dtype=np.float64) + 0.5) * options.step_s
    return start_s, at_s


def _coder(source: str | tuple[Recording, int], options: AgreeOptions) -> Coder[str]:
    if not isinstance(source, str):
        recording, person = source
        return _shown(recording, person, named(recording.name, recording.person_name(person) or str(person)))
    path, name = parted(source)
    if Path(path).suffix.lower() in READERS:
        renamed = dict(options.rename)
        return annotated(Path(path), name, options, lambda label: spelled(renamed.get(label, label)))
    return _shown(*person_at(path, name), named(path, name))


def parted(source: str) -> tuple[str, str]:
    """`PATH@NAME` split into the path and the name of a person or tier; the name is empty if there is none."""
    if not Path(source).exists() and "@" in source:
        path, _, name = source.rpartition("@")
        return path, name
    return source, ""


def annotated(path: Path, name: str, options: AgreeOptions, value: Callable[[str], Value]) -> Coder[Value]:
    """The annotations of a tier; without a name, of the only tier. `value` converts their labels.

    Raises
    ------
    UsageError
        if the file cannot be read, lacks the tier, has several and none is named, or the tier is empty.
    """
    tiers = read_annotations(path, options)
    if name and name not in tiers:
        raise UsageError(f"{path} has no tier {name}", f"it has {', '.join(tiers)}")
    if not name and len(tiers) > 1:
        raise UsageError(f"{path} has {len(tiers)} tiers", f"name one: {', '.join(f'{path}@{tier}' for tier in tiers)}")
    chosen = name or next(iter(tiers))
    if not (tier := tiers[chosen]):
        raise UsageError(f"tier {chosen} of {path} has no annotations", "name another tier")
    start_s, end_s = np.array([a.start_s for a in tier]), np.array([a.end_s for a in tier])
    values = [value(a.label) for a in tier]
    return Coder(named(path, name), start_s, end_s, values, min(0.0, tier[0].start_s), max(a.end_s for a in tier), False)


def rows_of(recording: Recording, person: int, columns: Sequence[str]) -> tuple[pa.Table, float, float, float]:
    """The rows of a person with `time_s` and `columns`; the sampling interval, the first time and the end of the video, s."""
    table = recording.table(["time_s", "person_id", *columns])
    every = np.unique(table["time_s"].to_numpy())
    step_s = float(np.median(np.diff(every))) if len(every) > 1 else 1.0
    last_s = recording.duration_s or (float(every[-1]) + step_s if len(every) else 0.0)
    mine = table.filter(np.asarray(table["person_id"].fill_null(-1).to_numpy() == person))
    return mine, step_s, float(every[0]) if len(every) else 0.0, last_s


def valid_until(begin_s: Float64, step_s: float) -> Float64:
    """(N,) until when samples of a timeline are valid, s."""
    until_s: Float64 = np.minimum(np.append(begin_s[1:], np.inf), begin_s + HELD * step_s)
    return until_s


def _shown(recording: Recording, person: int, name: str) -> Coder[str]:
    """The labels of a person of a timeline."""
    rows, step_s, first_s, last_s = rows_of(recording, person, ["emotion"])
    begin_s, labels = rows["time_s"].to_numpy(), rows["emotion"].cast("string").to_pylist()
    there = np.array([bool(label) for label in labels], bool)
    end_s = valid_until(begin_s, step_s)
    return Coder(name, begin_s[there], end_s[there], [label for label in labels if label], first_s, last_s, True)


def person_at(path: str, name: str) -> tuple[Recording, int]:
    """The only recording of a timeline, and the id of the person with this name or number; without one, of the only person.

    Raises
    ------
    UsageError
        if the timeline does not hold exactly one video, or if there is no such person, none at all, or several and none is
        named.
    """
    recordings = open_timelines([path])
    if len(recordings) != 1:
        raise UsageError(f"{path} holds {len(recordings)} videos", "give the timeline of a single video")
    (recording,) = recordings
    names = {person: recording.person_name(person) or str(person) for person in recording.person_rows()}
    if not names:
        raise UsageError(f"{path} has no people", "there is nothing to compare")
    if not name and len(names) > 1:
        raise UsageError(f"{path} has {len(names)} people", f"name one: {path}@{next(iter(names.values()))}")
    for person, known in names.items():
        if not name or name in (known, str(person)):
            return recording, person
    raise UsageError(f"{path} has no person {name}", f"it has {', '.join(names.values())}")


def named(path: Path | str, name: str) -> str:
    """The name of a coder."""
    shown = as_text(Path(path))
    return f"{shown}@{name}" if name else shown


def _labels(coders: Sequence[Coder[str]], gaps: str | None) -> tuple[str, ...]:
    """All labels in use: emotions in their usual order, then others, which are refused if a coder is a timeline."""
    said = {coder.name: set(coder.values) for coder in coders}
    others = sorted(set().union(*said.values()) - set(EMOTIONS))
    if others and any(coder.machine for coder in coders):
        who = next(name for name, labels in said.items() if others[0] in labels)
        hint = f"feelit knows {', '.join(EMOTIONS)}; give other names by --map, as in --map {others[0]}=happiness"
        raise UsageError(f"{who} has the label {others[0]}, which timelines do not have", hint)
    if not set.intersection(*said.values()):
        lists = "; ".join(f"{name}: {', '.join(sorted(labels))}" for name, labels in said.items())
        raise UsageError(f"the coders have no label in common ({lists})", "give other names by --map")
    used = set().union(*said.values(), {spelled(gaps)} if gaps is not None and spelled(gaps) in EMOTIONS else set())
    return (*(label for label in EMOTIONS if label in used), *others)


def _codes(coder: Coder[str], labels: tuple[str, ...], at_s: Float64, gaps: str | None) -> Int64:
    """(N,) index of the label at each time; -1 for none."""
    filler = -1
    if gaps is not None and not coder.machine:
        if spelled(gaps) not in labels:
            raise UsageError(f"no coder uses the label --gaps {gaps}", f"labels in use: {', '.join(labels)}")
        filler = labels.index(spelled(gaps))
    return np.array([*map(labels.index, coder.values), filler], np.int64)[coder.place(at_s)]


def _tolerant(codes: Int64, reach: int) -> Int64:
    """The second coder's labels, replaced by the first coder's where the second has that label within `reach` units."""
    near = codes[0] == codes[1]
    for shift in range(1, min(reach, codes.shape[1] - 1) + 1):
        near[shift:] |= codes[0, shift:] == codes[1, :-shift]
        near[:-shift] |= codes[0, :-shift] == codes[1, shift:]
    result: Int64 = np.where(near & (codes[0] >= 0) & (codes[1] >= 0), codes[0], codes[1])
    return result
