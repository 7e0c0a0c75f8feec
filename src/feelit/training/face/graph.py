"""A face detector as an ONNX file, and whether the file says what the network says.

It takes `luma` (N, 1, H, W) uint8, H and W multiples of 32, and gives `score` (N, A), `box` (N, A, 4) and `landmarks`
(N, A, 10) in px of the input, decoded in the graph.
"""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from feelit.errors import ModelError
from feelit.training.face.data import FaceImages
from feelit.training.face.network import FaceNet
from feelit.training.onnx.export import OPSET
from feelit.types import UInt8
from feelit.vision.session import open_session

MAX_BOX_MISS_PX, MAX_SCORE_MISS = 1e-2, 1e-4

SQUARE = 4
"""The step of the stem, in px."""


class _OnSquares(torch.autograd.Function):
    """A convolution of 2 x 2 that looks at a square and at those before it: padded on two sides, which nn.Conv2d cannot do."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        return conv2d(pad(x, (1, 0, 1, 0)), weight)

    @staticmethod
    def symbolic(graph: Any, x: Any, weight: Any) -> Any:
        """The same as an ONNX node."""
        return graph.op("Conv", x, weight, kernel_shape_i=[2, 2], pads_i=[1, 1, 0, 0])


class _Stem(nn.Module):
    """A convolution of 7 x 7 in steps of 4 pixels, computed on the 16 pixels of every square of 4 x 4: of those, integers are
    gathered fast, of single pixels slowly.
    """

    def __init__(self, stem: nn.Conv2d) -> None:
        super().__init__()
        whole = pad(stem.weight.data[:, 0], (1, 0, 1, 0)).unflatten(1, (2, SQUARE)).unflatten(3, (2, SQUARE))
        self.weight = nn.Parameter(whole.permute(0, 2, 4, 1, 3).flatten(1, 2).contiguous())  # (C, 16, 2, 2)

    def forward(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) uint8 -> (N, C, H / 4, W / 4) float32."""
        number, _, height, width = luma.shape
        rows = luma.reshape(number, height // SQUARE, SQUARE, width // SQUARE, SQUARE).permute(0, 1, 3, 2, 4)
        squares = rows.reshape(number, height // SQUARE, width // SQUARE, SQUARE * SQUARE).permute(0, 3, 1, 2)
        found: Tensor = _OnSquares.apply(squares.float(), self.weight)
        return found


class _Exported(nn.Module):
    """The network as the ONNX file holds it: bytes in, sigmoid applied, the division by 255 folded into the first weights."""

    def __init__(self, net: FaceNet) -> None:
        super().__init__()
        self.net = copy.deepcopy(net).eval()
        stem = self.net.stem[0]
        assert isinstance(stem, nn.Conv2d)
        stem.weight.data /= 255
        self.net.stem[0] = _Stem(stem)

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        found = self.net.predict(luma)
        return found.logit.sigmoid(), found.box, found.landmarks


def export(net: FaceNet, path: Path) -> None:
    """Write the ONNX file of a network."""
    path.parent.mkdir(parents=True, exist_ok=True)
    free = {"luma": {0: "n", 2: "h", 3: "w"}} | {name: {0: "n", 1: "a"} for name in ("score", "box", "landmarks")}
    with warnings.catch_warnings():  # the tracing exporter needs no further package; that it is the older one is known
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Exported(net.to(memory_format=torch.contiguous_format)),
            (torch.zeros(2, 1, 64, 96, dtype=torch.uint8),),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["luma"],
            output_names=["score", "box", "landmarks"],
            dynamic_axes=free,
        )


@torch.inference_mode()
def parity(net: FaceNet, path: Path, images: UInt8) -> tuple[float, float]:
    """The largest difference between PyTorch and ONNX Runtime: px of boxes and landmarks, score; NaN if either has NaN."""
    wanted = net.eval()(torch.from_numpy(images[:, None]))
    score, box, landmarks = open_session(path, "cpu").run(["score", "box", "landmarks"], {"luma": images[:, None]})
    px = float(np.maximum(np.abs(box - wanted.box.numpy()).max(), np.abs(landmarks - wanted.landmarks.numpy()).max()))
    return px, float(np.abs(score - wanted.logit.sigmoid().numpy()).max())


def check(net: FaceNet, path: Path, images: FaceImages) -> tuple[float, float]:
    """`parity` on real pictures; raises ModelError where the ONNX file says something else than the network."""
    shown = np.zeros((8, 192, 320), np.uint8)
    for i in range(len(shown)):
        picture = images.image(i * (len(images) // len(shown)))[:192, :320]
        luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        shown[i, : luma.shape[0], : luma.shape[1]] = luma
    px, score = parity(net, path, shown)
    if not (px <= MAX_BOX_MISS_PX and score <= MAX_SCORE_MISS):
        message = f"{path.name} differs from the network by {px:.2g} px and a score of {score:.2g}"
        raise ModelError(message, "do not serve it; compare layer by layer")
    return px, score
