"""The options of `feelit analyze`: what rows depend on, and how a run is carried out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from feelit.errors import UsageError
from feelit.options.declare import Bounds, Options, option
from feelit.options.kinds import LOCATION, SECONDS, Kind
from feelit.options.prior import PRIOR
from feelit.options.shared import end_option, refuse_order, start_option
from feelit.storage.location import Location
from feelit.times import BEGINNING

if TYPE_CHECKING:
    from feelit.types import Sampling

Device = Literal["auto", "cpu", "cuda"]
EngineName = Literal["local", "ray"]
SignalLevel = Literal["none", "basic", "all"]

MOST_HZ = 1_000_000  # above the frame rate of any video, and low enough that the count of intervals stays within 64 bits


LEAST_CLASSIFIED_HZ = 2  # the longest time between two classified samples: interpolation over half a second does little harm


def rate_hz(rate: str, flag: str = "--rate") -> Fraction | None:
    """A rate as an exact fraction; None for "native".

    Raises
    ------
    UsageError
        if it is neither "native" nor a positive number.
    """
    if rate == "native":
        return None
    try:  # by way of float, for Fraction would write out all the digits of 1e999999999
        found = Fraction(rate if "/" in rate else float(rate)).limit_denominator(1_000_000)
    except (ValueError, ZeroDivisionError, OverflowError):
        found = Fraction(0)
    if not 0 < found <= MOST_HZ:
        raise UsageError(f"{flag} {rate} is no rate", "give samples a second, such as 10 or 0.5, or native")
    return found


def _rate(value: Any) -> str:
    if isinstance(value, bool | bytes):
        raise TypeError
    rate_hz(str(value))  # refused now, not in the middle of a run
    return str(value)


RATE = Kind(name="a rate", metavar="RATE", convert=_rate, python="float | str")


@dataclass(frozen=True, kw_only=True, slots=True)
class FaceOptions(Options):
    """How faces are found and classified, in videos and live."""

    min_face_px: float | None = option(
        None,
        "Side of the smallest face to look for, in px.",
        details="Counted in px of the upright picture: 24 px at 720p. Faces below 1/12 of the short side are looked for in the"
        " whole picture once a second, and in between near their last position. Detectors that take colour, or an input of a"
        " fixed size, run once, for 1/12 of the short side; with these, smaller faces take longer.",
        flag="--min-face",
        default_text="1/30 of the picture's short side",
        bounds=Bounds(low=1, complaint="is less than a pixel", hint="give the side of a face in px"),
    )
    detector: str = option(
        "face", "Name of a detector, built in or pulled, or the path of an ONNX file.", details="See [models.md](models.md)."
    )
    classifier: str = option(
        "expression", "Name of a classifier, built in or pulled, or the path of an ONNX file with its card."
    )
    prior: str = option(
        "auto",
        "Shares of the labels that probabilities assume.",
        details="`as-trained` means those of the classifier's training data, `balanced` equal shares, `tempered` the square"
        " roots of the training shares, and `auto` what the card recommends: `tempered`, if it states the training"
        " shares. Or a .json or .toml file with a share per label, or a list such as `neutral=0.6,happiness=0.2`. See"
        " [models.md](models.md).",
        kind=PRIOR,
    )
    mirrored: bool = option(
        False,
        "Classify every face and its mirror image, and take the mean.",
        details="Accuracy rises by half a point to one and a half, and errors of head pose and gaze fall by a tenth, at the"
        " cost of a second run of the classifier. See [benchmarks.md](benchmarks.md#mirror-images).",
    )
    device: Device = option(
        "auto",
        "Where models run; `auto` takes CUDA where it loads, else the CPU.",
        details="`cuda` fails where it does not load.",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalyzeOptions(FaceOptions):
    """Everything that the rows of a timeline depend on, besides the video itself."""

    rate: str = option(
        "10",
        "Samples per second of video, or `native` for every frame.",
        details="A number, or a fraction such as `30000/1001`.",
        kind=RATE,
    )
    classify_rate: str | None = option(
        None,
        "Classify faces only this many times per second of video, and interpolate in between.",
        details="Faces are found and tracked at `--rate` all the same. Probabilities and signals in between are interpolated"
        " between the samples of their track that were classified; the column `classified` marks them. 2 or more; blinks"
        " and speech need 10 or more. See [schema.md](schema.md).",
        kind=RATE,
        default_text="every sample",
    )
    start_s: float = start_option(details="On the clock that players show.")
    end_s: float = end_option()
    people: bool = option(
        True,
        "Group tracks by person: one number per person, across camera cuts.",
        details="`--no-people` leaves the columns `person_id`, `person` and `person_confidence` out, and nothing about identity"
        " is computed. See [people.md](people.md).",
    )

    signals: SignalLevel | None = option(
        None,
        "Signals to measure: `basic` for head pose, gaze, eyes, mouth and brows, `all` for action units as well, `none` for"
        " nothing.",
        details="See [signals.md](signals.md). Faces below 32 px have none, and a detector without landmarks gives none.",
        default_text="basic; none with a detector without landmarks",
    )
    blendshapes: bool = option(
        False, "Also write the 52 blendshape scores, in columns `bs_*`.", details="Not with `--signals none`."
    )

    def check(self) -> None:
        if self.blendshapes and self.signals == "none":
            raise UsageError("--blendshapes with --signals none", "leave --signals none out")
        if (classify_hz := self.classify_hz) is not None and classify_hz < LEAST_CLASSIFIED_HZ:
            hint = f"give {LEAST_CLASSIFIED_HZ} or more, or a lower --rate"
            raise UsageError(f"--classify-rate {self.classify_rate} is too seldom to interpolate", hint)
        for flag, time_s in (("--start", self.start_s), ("--end", self.end_s)):
            if time_s < 0:
                raise UsageError(f"{flag} {time_s:g} lies before the beginning", BEGINNING)
        refuse_order(self.start_s, self.end_s)

    @property
    def classify_hz(self) -> Fraction | None:
        """How often faces are classified, exactly; None for every sample."""
        return None if self.classify_rate is None else rate_hz(self.classify_rate, "--classify-rate")

    @property
    def sampling(self) -> Sampling:
        """Which frames are analysed, exactly."""
        from feelit.types import Sampling

        return Sampling(rate_hz(self.rate), self.start_s, self.end_s, self.classify_hz)


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` parts of the videos of a run, numbered from 1.

    To which part a video belongs depends on its place alone: it does not move when others are added or taken away.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that `--shard` names, as in 2/8. Raises UsageError if it names none."""
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


SHARD = Kind(
    name="a shard",
    metavar="N/COUNT",
    convert=lambda value: value if isinstance(value, Shard) else Shard.parse(str(value)),
    toml=(str,),
)


def _bytes(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    found = re.fullmatch(r"(\d{1,18}(?:\.\d{1,9})?)([KMGT]?)(?:i?B)?", str(value).strip(), re.IGNORECASE | re.ASCII)
    size = int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " ")) if found else 0
    if size < 1:
        raise ValueError
    return size


BYTES = Kind(name="a size", metavar="TEXT", convert=_bytes, hint="give bytes, or such as 1500M or 2G", python="int | str")
AT_LEAST_ONE = Bounds(low=1, complaint="is less than one", hint="leave it out for the usual number")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions(Options):
    """How a run is carried out. Nothing in here changes a row.

    `segment_s` is the wanted length of a segment, in seconds.
    """

    out: Location = option(
        "results.parquet", "A .parquet file for one table of all videos, or a folder for one file per video.", kind=LOCATION
    )
    workers: int | None = option(
        None,
        "Segments at a time.",
        details="Worker processes, or tasks on a cluster (there, two per core of it). 0 starts none: all is done in the process"
        " itself, as it is anyway in those that may not start others, such as the workers of `multiprocessing.Pool`.",
        default_text="one per core",
        bounds=Bounds(low=0, complaint="is less than none", hint="leave it out for the usual number"),
    )
    batch: int = option(16, "Frames, and faces, that go through a model at a time.", bounds=AT_LEAST_ONE)
    engine: EngineName = option(
        "local", "Worker processes of this machine, or a Ray cluster.", details="See [clusters.md](clusters.md)."
    )
    ray_address: str = option(
        "auto",
        "The cluster: auto, HOST:PORT or ray://HOST:PORT.",
        details="A program that is a driver of a cluster already uses that one.",
    )
    segment_timeout_s: float | None = option(
        None,
        "Longest time that a segment may take; then its worker is ended.",
        details="See [reliability.md](reliability.md).",
        flag="--segment-timeout",
        default_text="120 s, or one second per frame if that is more",
        kind=SECONDS,
        bounds=Bounds(low=0, above=True, complaint="is no time", hint="give seconds, or leave it out"),
    )
    memory_limit: int | None = option(
        None, "Memory that a worker may take, such as 2G or 1500M; then it is ended.", details="Linux only.", kind=BYTES
    )
    min_transfer_rate: int = option(
        "8K",
        "Slowest transfer from or to a bucket, in bytes per second, such as 100K or 1M.",
        details="A request that is slower fails, and is tried again as others are. See [storage.md](storage.md).",
        kind=BYTES,
    )
    annotate: Location | None = option(
        None, "Also write annotated video: a file for one input, a folder for several.", kind=LOCATION
    )
    force: bool = option(False, "Replace outputs that exist.")
    retry_failed: bool = option(False, "Only the videos that failed before.", details="Needs a folder as `--out`.")
    stale: bool = option(
        False,
        "Also analyse again what an earlier version of feelit or of a model made.",
        details="Needs a folder as `--out`. Without it such timelines are kept; `feelit status` counts them.",
    )
    pattern: str | None = option(
        None,
        "The inputs are patterns of numbered pictures, such as frames/%05d.png, as videos with this many pictures per second.",
        details="`frames/%05d.png@25` means the same, in every command that takes a video.",
        default_text="inputs are files and folders",
        kind=RATE,
    )
    follow_links: bool = option(
        False, "Search the folders that links in a folder lead to, too.", details="Each folder once: a loop of links ends."
    )
    shard: Shard | None = option(None, "Only one of several parts of the videos, as in 2/8.", kind=SHARD)
    workspace: Path | None = option(
        None,
        "Folder in which finished segments are kept until the output is complete.",
        details="For outputs in buckets the user's cache is the default.",
        default_text="beside the output",
    )
    resume: bool = option(
        True, "Go on where an interrupted run stopped.", details="`--no-resume` forgets what it had finished."
    )
    segment_s: float = 20.0

    def check(self) -> None:
        if self.pattern is not None and rate_hz(self.pattern) is None:
            raise UsageError("--pattern native is no rate", "say how many pictures are shown per second, such as 25")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogOptions(Options):
    """The log of a run."""

    verbose: bool = option(
        False, "Log each step, retry and wait on standard error, one line with a time each, in place of progress bars."
    )
    log_file: Path | None = option(
        None, "Append these lines to a file.", details="Times are in UTC; values follow the message as `name=value`."
    )
