"""The options of `feelit train` and `feelit models pull`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from feelit.options.declare import Options, option
from feelit.options.kinds import CHANGES


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainOptions(Options):
    """What a training run reads, changes and writes."""

    data: Path = option(None, "Labelled images, with splits to learn from and to check with.", required=True)
    out: Path = option(None, "A folder for checkpoints, curves, model and card; a run that it holds goes on.", required=True)
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
        default_text="where the catalogue says",
        environment="FEELIT_MIRROR",
    )
    file: Path | None = option(None, "Take this copy of the file instead of fetching it.")
