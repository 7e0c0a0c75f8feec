"""feelit explain"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class DeviceName(StrEnum):
    """Where models run."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class MethodName(StrEnum):
    """How a map is made."""

    rise = "rise"
    occlusion = "occlusion"
    gradcam = "gradcam"


class BaselineName(StrEnum):
    """What hidden pixels show."""

    mean = "mean"
    blur = "blur"


def explain(
    model: Annotated[str, typer.Argument(help="`expression`, or an ONNX file with its card.", show_default=False)],
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Images, and moments of videos, as in a.mp4@83.5.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="The picture: a .png file.")] = Path("explained.png"),
    method: Annotated[MethodName, typer.Option(help="How to find what counts.")] = MethodName.rise,
    label: Annotated[str | None, typer.Option(help="Explain this label.", show_default="the likeliest of each face")] = None,
    face: Annotated[int | None, typer.Option(help="Only this face, 1 is the leftmost.", show_default="all")] = None,
    baseline: Annotated[BaselineName, typer.Option(help="What hidden pixels show.")] = BaselineName.mean,
    masks: Annotated[int, typer.Option(help="Random masks of rise.")] = 4000,
    seed: Annotated[int, typer.Option(help="Of the random masks.")] = 1,
    patch: Annotated[
        int | None, typer.Option(help="Side of the patch of occlusion, in px of the crop.", show_default="a sixth of its side")
    ] = None,
    stride: Annotated[
        int | None, typer.Option(help="Step of the patch, in px of the crop.", show_default="a 24th of its side")
    ] = None,
    detector: Annotated[str, typer.Option(help="Built-in detector, or the path of an ONNX file.")] = "face",
    device: Annotated[DeviceName, typer.Option(help="Where models run; auto takes CUDA where it loads.")] = DeviceName.auto,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    json_lines: Annotated[bool, typer.Option("--json", help="Print one JSON object a face.")] = False,
) -> None:
    """Show which parts of a face a classifier goes by: a picture with the probabilities and a map a face."""
    from feelit.cli.texts import write_json
    from feelit.console import progress_bar
    from feelit.explaining.explain import ExplainOptions
    from feelit.explaining.run import explain_into
    from feelit.storage.names import one_line

    options = ExplainOptions(
        method=method.value,
        label=label,
        face=face,
        masks=masks,
        patch_px=patch,
        stride_px=stride,
        baseline=baseline.value,
        seed=seed,
        detector=detector,
        device=device.value,
    )
    with progress_bar("asking the model", quiet) as advance:
        explained = explain_into(out, model, sources, options, force, advance)
    for one in explained:
        if not one.found:
            typer.echo(one_line(f"feelit: no face was found in {one.source}; the whole image is taken for one"), err=True)
        if json_lines:
            write_json(one.summary())
