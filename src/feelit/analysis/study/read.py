"""Study files: TOML, or a table with one row per recording or window. docs/study.md lists the keys."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from feelit.analysis.study.design import (
    FACTORS,
    SIGNAL_MEASURES,
    STATISTICS,
    Baseline,
    Contrast,
    Curves,
    Design,
    Measures,
    Quality,
    Statistics,
)
from feelit.analysis.study.fields import Fields
from feelit.analysis.study.viewings import viewings_of
from feelit.encodings import read_text
from feelit.errors import UsageError
from feelit.labels import EMOTIONS, spelled
from feelit.options.agree import AgreeOptions
from feelit.options.kinds import expanded
from feelit.storage.names import as_text, one_line

MOST_BYTES = 1 << 26
TABLES = (".csv", ".tsv")

CELLS = (
    *("timeline", "video", "participant", "person", "session", "group", "condition", "offset", "drift", "markers", "tier"),
    *("exclude", "window", "start", "end", "window_condition"),
)
"""The columns of a study given as a table."""

WINDOW_CELLS = {"window": "name", "start": "start", "end": "end", "window_condition": "condition"}


def read_study(source: str | Path | Mapping[str, Any]) -> Design:
    """Read a study from a file, or from a mapping with the same keys.

    Parameters
    ----------
    source : a .toml, .csv or .tsv file. Paths in it are relative to its folder; those of a mapping to the working folder

    Raises
    ------
    UsageError
        if it cannot be read, has an unknown key or a value of the wrong type, or contradicts itself.
    """
    if isinstance(source, Mapping):
        return design_of(source, "the study", Path())
    path = Path(expanded(source))
    try:
        text = read_text(path, MOST_BYTES, "is it a study file?")
        found = _of_table(text, path) if path.suffix.lower() in TABLES else tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}", "give a study file; see docs/study.md") from error
    except UnicodeDecodeError as error:
        message = f"{as_text(path)} is not UTF-8: byte {error.start} is invalid"
        raise UsageError(message, "a study is a .toml or a .csv file, saved as UTF-8; see docs/study.md") from error
    except (ValueError, RecursionError, csv.Error) as error:  # TOML's own errors are ValueErrors
        raise UsageError(
            f"{as_text(path)} cannot be read: {error}", "a study is a .toml or a .csv file; see docs/study.md"
        ) from error
    return design_of(found, path.name, path.parent)


def design_of(content: Mapping[str, Any], name: str, folder: Path) -> Design:
    """The study that a mapping describes.

    Raises
    ------
    UsageError
        as `read_study`.
    """
    fields = Fields(name, content)
    title, viewings = fields.text("title") or Path(name).stem, viewings_of(fields, folder)
    baseline = _baseline(fields.table("baseline"), fields.has("baseline"))
    measures, quality, curves = fields.table("measures"), fields.table("quality"), fields.table("curves")
    statistics, coding = fields.table("statistics"), fields.table("agreement")
    design = Design(
        title=title,
        source=name,
        viewings=viewings,
        baseline=baseline,
        measures=Measures(
            statistics=measures.words("statistics", STATISTICS, STATISTICS),
            emotions=_emotions(measures),
            signals=measures.words("signals", SIGNAL_MEASURES, ()) if measures.has("signals") else None,
        ),
        quality=Quality(
            least_readable=quality.number("least_readable", 0.5, 0, 1),
            partial=bool(quality.flag("partial")),
        ),
        curves=Curves(
            emotions=_emotions(curves),
            by=curves.choice("by", FACTORS, None),
            step_s=curves.number("step", 0.2, 0.02, 60),
            before_s=curves.time("before") or 0.0,
            after_s=curves.time("after") or 0.0,
            difference=bool(curves.flag("difference")),
            stated=fields.has("curves"),
        ),
        statistics=Statistics(
            correction=statistics.choice("correction", ("holm", "bh", "none"), "holm"),
            family=statistics.choice("family", ("study", "contrast"), "study"),
            effect=statistics.choice("effect", ("hedges", "cliff"), "hedges"),
        ),
        coding=AgreeOptions(
            step_s=coding.number("step", 0.1, 0.001, 3600),
            tolerance_s=coding.number("tolerance", 0.0, 0, 3600),
            gaps=coding.text("gaps"),
            rename=tuple((old, str(new)) for old, new in coding.table("map").items()),
        ),
        contrasts=tuple(_contrast(row) for row in fields.rows("contrasts")),
    )
    fields.finish()
    _refuse_contradictions(design)
    return design


def _of_table(text: str, path: Path) -> dict[str, Any]:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=max("\t;,", key=first.count))
    heads = [head.strip().lower() for head in rows.fieldnames or []]
    if unknown := [head for head in heads if head not in CELLS]:
        raise UsageError(f"{path.name} has an unknown column: {unknown[0]}", f"known: {', '.join(CELLS)}")
    recordings: dict[tuple[str, ...], dict[str, Any]] = {}
    for number, row in enumerate(rows, 2):
        if None in row:
            raise ValueError(f"line {number} has more cells than there are columns")
        cells = {head: (value or "").strip() for head, value in zip(heads, row.values(), strict=True)}
        about = {head: value for head, value in cells.items() if head not in WINDOW_CELLS and value}
        if not any(cells.values()):
            continue
        entry = recordings.setdefault(tuple(sorted(f"{k}={v}" for k, v in about.items())), dict(about))
        window = {key: cells[head] for head, key in WINDOW_CELLS.items() if cells.get(head)}
        if window:
            entry.setdefault("windows", []).append(window)
    return {"title": path.stem, "recordings": list(recordings.values())}


def _baseline(fields: Fields, stated: bool) -> Baseline:
    window, usual = fields.text("window"), fields.flag("usual")
    fields.finish()
    if stated and (window is None) == (not usual):
        raise UsageError(f"{fields.where} needs exactly one of window and usual", 'write window = "rest", or usual = true')
    return Baseline(window=window, stated=stated)


def _emotions(fields: Fields) -> tuple[str, ...]:
    given = tuple(spelled(word) for word in fields.texts("emotions")) or EMOTIONS
    for word in given:
        if word not in EMOTIONS:
            raise UsageError(f"{fields.where}: timelines have no emotion {word}", f"choose from {', '.join(EMOTIONS)}")
    return tuple(emotion for emotion in EMOTIONS if emotion in given)


def _contrast(fields: Fields) -> Contrast:
    factor = fields.choice("factor", FACTORS, "condition")
    levels = fields.texts("levels")
    if len(levels) != 2 or levels[0] == levels[1]:
        raise UsageError(f"{fields.where} has to compare two levels of {factor}", 'as in levels = ["sad", "neutral"]')
    return Contrast(
        name=fields.text("name") or f"{levels[0]} − {levels[1]}",
        factor=factor,
        levels=(levels[0], levels[1]),
        paired=fields.flag("paired"),
        measures=fields.texts("measures"),
        windows=fields.texts("windows"),
        value=fields.choice("value", ("value", "difference", "ratio"), None),
    )


def _refuse_contradictions(design: Design) -> None:
    """Refuse names that do not exist, participants in two groups, and recordings listed twice for a participant."""
    _refuse_repetition(design)
    windows, baseline = design.levels("window"), design.baseline.window
    if baseline is not None and baseline not in windows:
        raise _unknown(f"{design.source}: the baseline is the window {baseline}", windows)
    names = [contrast.name for contrast in design.contrasts]
    for contrast in design.contrasts:
        known = design.levels(contrast.factor)
        for level in contrast.levels:
            if level not in known:
                raise _unknown(f"{design.source}: {contrast.name} compares the {contrast.factor} {level}", known)
        for window in contrast.windows:
            if window not in windows:
                raise _unknown(f"{design.source}: {contrast.name} uses the window {window}", windows)
        if names.count(contrast.name) > 1:
            raise UsageError(f"{design.source}: two contrasts are called {contrast.name}", "give each a name of its own")
    if design.curves.by is not None and not design.levels(design.curves.by):
        raise UsageError(
            f"{design.source}: curves are by {design.curves.by}, but no recording has one", "choose another factor"
        )


def _unknown(what: str, known: Sequence[str]) -> UsageError:
    return UsageError(one_line(f"{what}, which does not exist"), one_line(f"there are: {', '.join(known) or 'none'}"))


def _refuse_repetition(design: Design) -> None:
    groups: dict[str, str | None] = {}
    seen: set[tuple[object, ...]] = set()
    for viewing in design.viewings:
        who = viewing.participant
        if groups.setdefault(who, viewing.group) != viewing.group:
            message = f"{design.source}: {who} is in the group {groups[who]} and in {viewing.group}"
            raise UsageError(message, "a participant has one group in all recordings")
        key = (str(viewing.timeline), viewing.video, who)
        if key in seen:
            where = viewing.video or viewing.timeline
            raise UsageError(f"{design.source}: {who} is in {where} twice", "list every recording once")
        seen.add(key)
