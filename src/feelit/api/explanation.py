"""What can be asked about a classifier."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from feelit.api.timelines import Paths
from feelit.options import Device

if TYPE_CHECKING:
    from feelit.explaining.explain import Explanation, Method
    from feelit.explaining.masking import Baseline


def explain(
    sources: Paths,
    model: str | PathLike[str] = "expression",
    *,
    method: Method = "rise",
    label: str | None = None,
    face: int | None = None,
    baseline: Baseline = "mean",
    masks: int = 4000,
    seed: int = 1,
    patch_px: int | None = None,
    stride_px: int | None = None,
    detector: str = "face",
    device: Device = "auto",
    out: str | PathLike[str] | None = None,
    force: bool = False,
) -> list[Explanation]:
    """Find out which parts of a face a classifier goes by; docs/explain.md describes the methods and how to read a map.

    Parameters
    ----------
    sources : an image, a moment of a video as in "meeting.mp4@83.5", or a list of either
    model : a built-in classifier, or the path of an ONNX file with its card
    method : "rise", "occlusion", or "gradcam", which needs PyTorch
    label : what to explain; None means the likeliest label of each face
    face : only this one, 1 is the leftmost; None means all
    baseline : what hidden pixels show, the "mean" luma of the crop or its "blur"
    masks, seed : how many random masks of "rise", and which
    patch_px, stride_px : side and step of the patch of "occlusion", in px of the crop
    detector : built-in detector, or the path of an ONNX file
    device : "cpu", "cuda", or "auto", which takes CUDA where it loads
    out : draw a .png file
    force : replace `out` if it exists

    Returns
    -------
    One explanation a face, by source and from the left to the right: `saliency` is (S, S) float32, in what `unit` says, over
    the pixels of `crop`, (S, S) uint8.

    Raises
    ------
    FeelitError
        of the kinds in errors.py.
    """
    from feelit.explaining.explain import ExplainOptions, explain_sources
    from feelit.explaining.run import explain_into

    named = [fspath(path) for path in ([sources] if isinstance(sources, str | PathLike) else sources)]
    options = ExplainOptions(method, label, face, masks, patch_px, stride_px, baseline, seed, detector, device)
    if out is None:
        return explain_sources(fspath(model), named, options)
    return explain_into(Path(out), fspath(model), named, options, force)
