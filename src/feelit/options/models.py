"""The options of commands about models: explanations and scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from feelit.errors import UsageError
from feelit.labels import EMOTIONS, spelled
from feelit.options.analyze import Device
from feelit.options.declare import Bounds, Options, option
from feelit.options.kinds import CHANGES, LOCATION
from feelit.options.prior import PRIOR
from feelit.storage.location import Location

Method = Literal["rise", "occlusion", "gradcam"]
Baseline = Literal["mean", "blur"]
Framing = Literal["aligned", "original"]
Labels = Literal["majority", "fer2013"]

PIXELS = Bounds(low=1, complaint="is less than a pixel", hint="give px of the classifier's crop")

PATCH_SHARE, STRIDE_SHARE = 1 / 6, 1 / 24
"""Sides of the crop: 8 px and 2 px of a crop of 48 px. An eye or half a mouth is hidden at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainOptions(Options):
    """How a map is made, and where the picture goes.

    `label` None stands for the likeliest one of each face, `face` None for all. `patch_px` and `stride_px` None stand for a
    sixth and a 24th of the crop's side. Models are built-in names or paths.
    """

    out: Location = option("explained.png", "The picture; ends in .png.", kind=LOCATION)
    method: Method = option(
        "rise",
        "How the saliency map is computed.",
        details="`rise` and `occlusion` need only predictions, `gradcam` needs gradients and PyTorch"
        " (`pip install 'feelit[train]'`).",
    )
    label: str | None = option(None, "Explain this label, as in happiness.", default_text="the most probable of each face")
    face: int | None = option(
        None,
        "Only this face of every source; 1 is the leftmost.",
        default_text="all",
        bounds=Bounds(low=1, complaint="is no face", hint="1 is the leftmost"),
    )
    baseline: Baseline = option("mean", "What hidden pixels show: the mean luma of the crop, or its blur.")
    masks: int = option(
        4000, "Random masks of rise.", bounds=Bounds(low=2, high=1_000_000, hint="give 2 to 1000000, such as 4000")
    )
    seed: int = option(
        1,
        "Seed of the random masks.",
        details="The same seed gives the same map.",
        bounds=Bounds(low=0, complaint="is negative", hint="give 0 or more"),
    )
    patch_px: int | None = option(
        None,
        "Side of the patch of occlusion, in px of the crop.",
        details="8 of 48.",
        flag="--patch",
        default_text="a sixth of its side",
        bounds=PIXELS,
    )
    stride_px: int | None = option(
        None,
        "Step of the patch, in px of the crop.",
        details="No longer than the patch: 2 of 48.",
        flag="--stride",
        default_text="a 24th of its side",
        bounds=PIXELS,
    )
    detector: str = option("face", "Built-in detector, or the path of an ONNX file.")
    device: Device = option("auto", "Where models run; `auto` takes CUDA where it loads.")
    force: bool = option(False, "Replace a file that exists.")

    def check(self) -> None:
        if self.label is not None and spelled(self.label) not in EMOTIONS:
            raise UsageError(f"--label {self.label} is not known", f"choose from {', '.join(EMOTIONS)}")

    def lengths_px(self, side_px: int) -> tuple[int, int]:
        """Patch and stride for crops of a size. Raises UsageError if the patch is larger than the crop, or would step over
        pixels.
        """
        patch = max(1, round(PATCH_SHARE * side_px)) if self.patch_px is None else self.patch_px
        stride = min(patch, max(1, round(STRIDE_SHARE * side_px))) if self.stride_px is None else self.stride_px
        if not stride <= patch <= side_px:
            message = f"--patch {patch} and --stride {stride} do not fit a crop of {side_px} px"
            raise UsageError(message, "the stride is no longer than the patch, and the patch no larger than the crop")
        return patch, stride


@dataclass(frozen=True, kw_only=True, slots=True)
class DataOptions(Options):
    """The data that a model is scored on."""

    data: Path = option(None, "Labelled images: a CSV or Parquet file, or a folder.", required=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoresOptions(Options):
    """Where scores go besides the screen."""

    out: Location | None = option(
        None,
        "A folder for scores.json and figures.",
        kind=LOCATION,
        details="`confusion.png` and `reliability.png` of a classifier, `misses.png` and `recall.png` of a detector.",
    )
    force: bool = option(False, "Replace files that exist.")


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluateOptions(Options):
    """What is asked of an evaluation of a classifier.

    `labels` are those of the majority, or those that FER2013 gave its images itself; a network with an output of that name, as
    the built-in one, answers with that. `end_to_end` counts a face that the detector does not find as an error; otherwise
    the whole image stands in for it.
    """

    split: str | None = option(None, "Which split, as in valid or test.", default_text="the only one")
    framing: Framing = option("aligned", "Crop faces as in videos, or take images as they are.")
    labels: Labels = option("majority", "Ground truth: the majority of the votes, or FER2013's own labels.")
    prior: str = option("auto", "Shares of the labels that probabilities assume, as in `feelit analyze`.", kind=PRIOR)
    mirrored: bool = option(False, "Classify every face and its mirror image, as in `feelit analyze`.")
    occlusions: bool = option(False, "Score faces with masks, sunglasses and other difficulties, too.")
    end_to_end: bool = option(False, "Count faces that the detector does not find as errors.")

    def check(self) -> None:
        if self.end_to_end and self.framing == "original":
            raise UsageError("--end-to-end looks for faces, --framing original does not", "choose one of them")


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluateFacesOptions(Options):
    """Options of the evaluation of a detector."""

    min_face_px: float = option(
        16.0,
        "Smallest face that is scored, in px of the image; smaller ones are ignored.",
        flag="--min-face",
        bounds=Bounds(low=0, high=10_000, hint="16 is usual"),
    )
    long_px: int | None = option(
        None,
        "Show a detector images with this long side, in px, or less.",
        flag="--long-side",
        default_text="as they are",
        bounds=Bounds(low=32, high=10_000, hint="it is 32 to 10000"),
    )
    source: str | None = option(
        None, "Only images with this value in the column `source`, for detectors and Parquet files.", default_text="all"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainOptions(Options):
    """What a training run reads, changes and writes."""

    data: Path = option(None, "Labelled images, with splits for training and validation.", required=True)
    out: Path = option(
        None, "A folder for checkpoints, curves, model and card; an unfinished run in it is resumed.", required=True
    )
    changes: tuple[str, ...] = option(
        (), "Change a value of the recipe; may be repeated.", flag="--set", default_text="none", kind=CHANGES
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class PullOptions(Options):
    """Where the file of a model comes from."""

    mirror: str | None = option(
        None,
        "Fetch NAME.onnx from this folder of another web server.",
        flag="--from",
        default_text="the address in the catalogue",
        environment="FEELIT_MIRROR",
    )
    file: Path | None = option(None, "Take this copy of the file instead of fetching it.")
