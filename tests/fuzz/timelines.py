"""Timelines from strangers: Parquet files damaged in their bytes, and sound ones with hostile columns, values and metadata."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feelit.exports.run import FORMATS
from feelit.timeline.schema import METADATA_KEY, SCHEMA
from feelit.video.probe import fingerprint
from tests.fuzz.jsons import hostile
from tests.fuzz.mutations import Material, mutated
from tests.fuzz.product import MisbehavedError, feelit, nothing_but
from tests.timeline.rows import regular, table_of
from tests.video import clips

SHOWN = "nnnnhhhhhhh....uuuaaaaassn"
TEXTS = (
    "",
    "a.mp4",
    "happiness",
    "HAPPINESS",
    "\0",
    "\n",
    "\x1b[31mred",
    "\u202egp4.a",
    "=1+1",
    "<script>",
    "a" * 100_000,
    "|",
)
NUMBERS = (0.0, -0.0, -1.0, 1.0, 1e-300, 1e9, 1e18, 1e300, -1e300, float("nan"), float("inf"), float("-inf"))
WHOLE = (0, 1, -1, 2**31 - 1, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63))
COMMANDS = (
    *(("summarize", "--by", by, "--format", kind) for by in ("track", "video") for kind in ("json", "csv", "md", "table")),
    *(("events", "--kind", "all", "--format", kind) for kind in ("json", "csv", "table")),
)

Change = Callable[[pa.Table, np.random.Generator], pa.Table]


class TimelineTarget:
    """The commands that tell what a timeline holds, and the one that draws it, with one that is not as it should be."""

    def __init__(self, folder: Path) -> None:
        self._video = folder / "drawn.mp4"
        if not self._video.exists():
            clips.plain(self._video, frames=5, size=(96, 64))
        facts = {"fingerprint": fingerprint(self._video), "frames_sampled": 25, "width_px": 96, "time_base": "1/12800"}
        self._about = {"feelit_version": "0.1.0", "config": {}, "models": {}, "videos": {"a.mp4": facts, "b.mp4": facts}}
        one = table_of({1: SHOWN, 2: SHOWN[::-1]}, regular(len(SHOWN), 0.4), "a.mp4")
        two = table_of({1: SHOWN[3:]}, regular(len(SHOWN) - 3), "b.mp4")
        self._table = pa.concat_tables([one, two]).unify_dictionaries()
        self._bytes = _stored(self._table, {"schema_version": 1} | self._about, folder / "seed.parquet")

    def run(self, rng: np.random.Generator, folder: Path) -> str:
        """See `Target.run`."""
        timeline = self.made(rng, folder)
        command = COMMANDS[int(rng.integers(len(COMMANDS)))]
        if rng.random() < 0.15:
            return self._drawn(timeline, folder / "drawn.mp4")
        reported = feelit(*command, timeline)
        nothing_but(folder, {timeline.name})
        if reported.code not in (0, 2, 3):
            raise MisbehavedError(f"exit code {reported.code}: {reported.err!r}")
        if reported.code == 0 and command[-1] == "json":
            json.loads(reported.out, parse_constant=_refuse_constant)
        if any(not (c.isprintable() or c == "\n") for c in reported.out) and command[-1] in ("table", "md"):
            raise MisbehavedError(f"control characters on standard output: {reported.out!r}")
        return "read" if reported.code == 0 else "refused"

    def made(self, rng: np.random.Generator, folder: Path) -> Path:
        """A hostile timeline."""
        timeline = folder / "case.parquet"
        if rng.random() < 0.3:
            timeline.write_bytes(mutated(self._bytes, rng, Material((b"PAR1", b"feelit", b"video", b"ARROW:schema"))))
        else:
            self._write_hostile(rng, timeline)
        return timeline

    def _drawn(self, timeline: Path, out: Path) -> str:
        reported = feelit("annotate", self._video, timeline, "--out", out)
        nothing_but(timeline.parent, {timeline.name, out.name} if reported.code == 0 else {timeline.name})
        if reported.code not in (0, 2, 3):
            raise MisbehavedError(f"exit code {reported.code}: {reported.err!r}")
        return "drawn" if reported.code == 0 else "not drawn"

    def _write_hostile(self, rng: np.random.Generator, path: Path) -> None:
        table, about = self._table, {"schema_version": 1} | self._about
        for _ in range(min(int(rng.geometric(0.5)), 4)):
            table = CHANGES[int(rng.integers(len(CHANGES)))](table, rng)
        _stored(table, hostile(about, rng) if rng.random() < 0.3 else about, path, int(rng.choice([1, 7, 1000])))


class ExportTarget(TimelineTarget):
    """The commands that make other files out of such a timeline."""

    def run(self, rng: np.random.Generator, folder: Path) -> str:
        """See `Target.run`."""
        timeline, out = self.made(rng, folder), folder / "out"
        out.mkdir()
        kind = str(rng.choice([*FORMATS, "report"]))
        command = ("report", timeline, "--out", out / "a.html") if kind == "report" else ("export", timeline, "--format", kind)
        alone = kind == "report" or not FORMATS[kind].one_video
        reported = feelit(*command) if kind == "report" else feelit(*command, "--out", out / "a" if alone else out)
        nothing_but(folder, {timeline.name, out.name})
        written = [path for path in out.rglob("*") if path.is_file()]
        if reported.code not in (0, 2, 3, 5):
            raise MisbehavedError(f"exit code {reported.code}: {reported.err!r}")
        if reported.code == 0 and not written:
            raise MisbehavedError("nothing was written")
        if alone and reported.code and written:
            raise MisbehavedError(f"left behind: {written}")
        return "written" if reported.code == 0 else "refused"


def _stored(table: pa.Table, about: Any, path: Path, group: int = 1000) -> bytes:
    text = json.dumps(about).encode("utf-8", "surrogatepass")
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: text}), path, row_group_size=group)
    return path.read_bytes()


def _refuse_constant(name: str) -> None:
    raise MisbehavedError(f"{name} in JSON")


def _column(table: pa.Table, rng: np.random.Generator) -> int:
    return int(rng.integers(table.num_columns))


def _values(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Some values, or all, of a column are another one."""
    place = _column(table, rng)
    field = table.schema.field(place)
    values = table.column(place).to_pylist()
    choice: tuple[Any, ...] = NUMBERS
    if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type):
        choice = TEXTS
    elif pa.types.is_boolean(field.type):
        choice = (True, False)
    elif pa.types.is_integer(field.type):
        choice = tuple(w for w in WHOLE if -(2 ** (field.type.bit_width - 1)) <= w < 2 ** (field.type.bit_width - 1))
    new = None if rng.random() < 0.3 else choice[int(rng.integers(len(choice)))]
    share = float(rng.choice([0.05, 0.5, 1.0]))
    values = [new if rng.random() < share else value for value in values]
    try:
        return _replaced(table, place, pa.array(values, field.type))
    except (pa.ArrowException, TypeError, ValueError, OverflowError):  # of another type already, which holds no such values
        return table


def _types(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    """A column has another type."""
    place = _column(table, rng)
    kinds = [
        pa.string(),
        pa.large_string(),
        pa.int8(),
        pa.int64(),
        pa.uint64(),
        pa.float16(),
        pa.float64(),
        pa.bool_(),
        pa.binary(),
    ]
    kinds += [
        pa.dictionary(pa.int8(), pa.string()),
        pa.timestamp("ns"),
        pa.decimal128(38, 2),
        pa.list_(pa.float64()),
        pa.null(),
    ]
    kind = kinds[int(rng.integers(len(kinds)))]
    try:
        column = table.column(place).cast(kind)
    except (pa.ArrowException, ValueError):
        column = pa.nulls(len(table), kind)
    return _replaced(table, place, column)


def _replaced(table: pa.Table, place: int, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(place, pa.field(table.column_names[place], column.type), column)


def _dropped(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    return table.remove_column(_column(table, rng)) if table.num_columns > 1 else table


def _renamed(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    """A name that was there already, or a strange one."""
    names = list(table.column_names)
    names[_column(table, rng)] = str(rng.choice([*SCHEMA.names, "", "\x1b[31m", "a.b"]))
    return table.rename_columns(names)


def _repeated(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    return pa.concat_tables([table, table.slice(int(rng.integers(len(table) + 1)))])


def _shuffled(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    return table.take(pa.array(rng.permutation(len(table))))


def _shortened(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    return table.slice(int(rng.integers(len(table) + 1)), int(rng.choice([0, 1, 2, 10])))


def _stretched(table: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Times far apart, near together, backwards."""
    if table.column_names.count("time_s") != 1 or not pa.types.is_float64(table.schema.field("time_s").type):
        return table
    factor = float(rng.choice([1e-12, -1.0, 1e3, 1e6, 1e12, 1e300]))
    with np.errstate(over="ignore", invalid="ignore"):
        times = np.array(table.column("time_s").to_pylist(), np.float64) * factor
    return _replaced(table, table.column_names.index("time_s"), pa.array(times))


CHANGES: tuple[Change, ...] = (
    _values,
    _values,
    _values,
    _types,
    _dropped,
    _renamed,
    _repeated,
    _shuffled,
    _shortened,
    _stretched,
)
