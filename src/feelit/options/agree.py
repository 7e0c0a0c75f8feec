"""The options of `feelit agree`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from feelit.errors import UsageError
from feelit.options.declare import Bounds, option
from feelit.options.kinds import SECONDS, Kind
from feelit.options.shared import end_option, refuse_order, start_option
from feelit.options.transcripts import ClockOptions

LENGTH = Bounds(low=0, above=True, complaint="is no length of time", hint="give seconds, such as 0.1")


def _renamed(value: object) -> tuple[tuple[str, str], ...]:
    if isinstance(value, Mapping):
        return tuple((str(old), str(new)) for old, new in value.items())
    if isinstance(value, tuple):
        return value
    if not isinstance(value, str):
        raise TypeError
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if wrong := next((old for old, sign, new in pairs if not (old.strip() and sign and new.strip())), None):
        raise UsageError(f"{wrong} has no other name", "write old=new, as in joy=happiness,mad=anger")
    return tuple((old.strip(), new.strip()) for old, _, new in pairs)


RENAMED = Kind(
    name="a list of names",
    metavar="OLD=NEW,...",
    convert=_renamed,
    toml=(str, dict),
    hint="write old=new, as in joy=happiness",
    python="str | Mapping[str, str]",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreeOptions(ClockOptions):
    """How coders are compared."""

    start_s: float | None = start_option(None, "Compare from here", "where all have begun")
    end_s: float | None = end_option(None, "Compare to here", "where the first ends")
    step_s: float = option(0.1, "Time between the units that are compared.", flag="--step", kind=SECONDS, bounds=LENGTH)
    tolerance_s: float = option(
        0.0,
        "Two coders agree if the second says the same within this time.",
        details="The first is the reference. It raises all figures, also what chance would give, which is not corrected for.",
        flag="--tolerance",
        kind=SECONDS,
    )
    gaps: str | None = option(
        None,
        "Label of intervals without an annotation, as in neutral.",
        details="Timelines have no gaps: where a face is not seen or not readable, they have no label.",
        default_text="nothing: they are left out",
    )
    rename: tuple[tuple[str, str], ...] = option(
        (), "Other names for labels, as in joy=happiness,mad=anger.", flag="--map", kind=RENAMED
    )
    icc: bool = option(
        False,
        "Compare numbers, not labels: intraclass correlations.",
        details="Of annotations whose labels are numbers, of tables with a number per time, and of a `--column` of timelines.",
    )
    column: str | None = option(
        None,
        "The column of timelines that --icc compares, as in p_happiness or smile.",
        default_text="none: give it if a timeline is among the sources",
    )
    block_s: float = option(
        10.0, "Length of the blocks of the bootstrap that gives the intervals.", flag="--block", kind=SECONDS, bounds=LENGTH
    )
    seed: int = option(0, "Seed of the bootstrap.", bounds=Bounds(low=0, complaint="is negative", hint="give 0 or more"))

    def check(self) -> None:
        refuse_order(self.start_s, self.end_s)
        if self.column is not None and not self.icc:
            raise UsageError(f"--column {self.column} is compared by --icc", "give --icc, or leave it out")
        if self.icc and (self.tolerance_s or self.rename):
            raise UsageError("--icc compares numbers: --tolerance and --map are of labels", "leave them out")
