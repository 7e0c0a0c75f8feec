"""What a run is asked to do: frozen, and the same for the command line, a TOML file and Python."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, get_args

from feelit.errors import UsageError
from feelit.storage.location import Location
from feelit.types import Sampling

MOST_TOML_BYTES = 1 << 20

Device = Literal["auto", "cpu", "cuda"]
EngineName = Literal["local", "ray"]

MOST_HZ = 1_000_000
"""No video has so many frames a second, and the count of intervals stays within 64 bits."""


@dataclass(frozen=True, slots=True)
class AnalyzeConfig:
    """Everything that the rows of a timeline depend on, besides the video itself.

    `rate` is in samples a second of video, "native" for every frame. `min_face_px` None stands for a size that grows with the
    picture, see `vision.looking.MultiScaleDetector`. Models are built-in names or paths.
    """

    rate: str = "10"
    start_s: float = 0.0
    end_s: float = float("inf")
    min_face_px: float | None = None
    detector: str = "face"
    classifier: str = "expression"
    device: Device = "auto"

    def __post_init__(self) -> None:
        self.sampling  # noqa: B018  # checks the rate now, not in the middle of a run
        if self.start_s < 0 or self.end_s < 0:
            given = f"--start {self.start_s:g}" if self.start_s < 0 else f"--end {self.end_s:g}"
            raise UsageError(f"{given} lies before the beginning", "times are counted from the beginning, which is 0")
        if not self.start_s < self.end_s:
            raise UsageError(f"--start {self.start_s:g} is not before --end {self.end_s:g}", "both are seconds of the video")
        if self.min_face_px is not None and not self.min_face_px >= 1:
            raise UsageError(f"--min-face {self.min_face_px:g} is less than a pixel", "give the side of a face in px")

    @property
    def sampling(self) -> Sampling:
        """The rate as an exact fraction.

        Raises
        ------
        UsageError
            if it is neither "native" nor a positive number.
        """
        if self.rate == "native":
            return Sampling(None, self.start_s, self.end_s)
        try:  # by way of float, for Fraction would write out all the digits of 1e999999999
            rate_hz = Fraction(self.rate if "/" in self.rate else float(self.rate)).limit_denominator(1_000_000)
        except (ValueError, ZeroDivisionError, OverflowError):
            rate_hz = Fraction(0)
        if not 0 < rate_hz <= MOST_HZ:
            raise UsageError(f"--rate {self.rate} is no rate", "give samples a second, such as 10 or 0.5, or native")
        return Sampling(rate_hz, self.start_s, self.end_s)


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of the videos of a run, numbered from 1.

    To which part a video belongs depends on its place alone: it does not move when others are added or taken away.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that `--shard` names, as in 2/8.

        Raises
        ------
        UsageError
            if it names none.
        """
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
        number, count = map(int, found.groups()) if found else (0, 0)
        if not 1 <= number <= count:
            raise UsageError(f"--shard {text} is no shard", "say which of how many, from 1, as in 2/8")
        return cls(number, count)

    def takes(self, place: str) -> bool:
        """Whether a video with this place belongs to it."""
        digest = hashlib.blake2b(place.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}-of-{self.count}"


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Where segments are run, and what one may cost.

    `segment_timeout_s` None stands for a time that grows with the segment's frames. `memory_limit` is a size for each worker,
    such as 2G or 1500M, None for no limit.
    """

    name: EngineName = "local"
    ray_address: str = "auto"
    segment_timeout_s: float | None = None
    memory_limit: str | None = None

    def __post_init__(self) -> None:
        self.memory_bytes  # noqa: B018  # checks the size now, not in the middle of a run
        if self.segment_timeout_s is not None and not self.segment_timeout_s > 0:
            raise UsageError(f"--segment-timeout {self.segment_timeout_s:g} is no time", "give seconds, or leave it out")

    @property
    def memory_bytes(self) -> int | None:
        """The memory limit as a number.

        Raises
        ------
        UsageError
            if it is no size, or none.
        """
        if self.memory_limit is None:
            return None
        found = re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)([KMGT]?)(?:i?B)?", self.memory_limit.strip(), re.IGNORECASE | re.ASCII)
        size = int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " ")) if found else 0
        if size < 1:
            raise UsageError(f"--memory-limit {self.memory_limit} is no size", "give bytes, or such as 1500M or 2G")
        return size


@dataclass(frozen=True, slots=True)
class RunConfig:
    """How a run is carried out. Nothing in here changes a row.

    `workers` None stands for the cores that this process may use. `segment_s` is the wanted length of a segment. `shard` None
    stands for all videos, and `retry_failed` takes only those of them that failed before. `workspace` is the folder for
    finished segments; None stands for one beside the output, or for the user's cache if that is in a bucket.
    """

    out: Location
    workers: int | None = None
    batch: int = 16
    force: bool = False
    resume: bool = True
    segment_s: float = 20.0
    shard: Shard | None = None
    retry_failed: bool = False
    engine: EngineConfig = EngineConfig()
    workspace: Path | None = None

    def __post_init__(self) -> None:
        for name in ("workers", "batch"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"--{name} {value} is less than one", "leave it out for the usual number")


def check_choice(option: str, word: str, known: object) -> None:
    """Refuse a word that is none of a `Literal`: the command line knows its choices, but Python takes any.

    Raises
    ------
    UsageError
    """
    if word not in get_args(known):
        raise UsageError(f"--{option} {word} is not known", f"choose from {', '.join(get_args(known))}")


KINDS: dict[type, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    str: ((str, int, float), "a text or a number"),
    Path: ((str,), "a text in quotes"),
}
"""What an option of a kind may be in TOML, and how that is called."""


def checked(path: Path, option: str, value: object, kind: type) -> object:
    """An option's value out of a TOML file.

    Raises
    ------
    UsageError
        if it is not of its kind: where the command line would refuse a word, a file must not slip through as a number.
    """
    types, name = KINDS[kind]
    if not isinstance(value, types) or (isinstance(value, bool) and kind is not bool):
        raise UsageError(f"--config {path}: {option} is {value!r}, not {name}", "docs/cli.md shows an example")
    return str(value) if kind is str else value


def read_toml(path: Path, known: set[str]) -> dict[str, Any]:
    """The options of a TOML file, dashes in names read as underscores.

    Raises
    ------
    UsageError
        if the file is missing, is not TOML, or names an option that is not `known`.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MOST_TOML_BYTES + 1)
        if len(text) > MOST_TOML_BYTES:
            raise UsageError(
                f"--config {path} is larger than {MOST_TOML_BYTES >> 20} MiB", "lists of inputs go to standard input"
            )
        content = tomllib.loads(text.decode("utf-8"))
    except FileNotFoundError:
        raise UsageError(f"--config {path} does not exist", "check the spelling") from None
    except (OSError, ValueError, RecursionError) as error:  # TOML's own errors are ValueErrors
        raise UsageError(f"--config {path} cannot be read: {error}", "it is a TOML file of `option = value` lines") from error
    options = {key.replace("-", "_"): value for key, value in content.items()}
    if unknown := sorted(set(options) - known):
        hint = f"known: {', '.join(sorted(name.replace('_', '-') for name in known))}"
        raise UsageError(f"--config {path} names unknown options: {', '.join(unknown)}", hint)
    return options
