"""The branch that gives signals: two residual blocks on what the classifier's trunk gives at a quarter of the resolution.

The trunk learnt what expressions need. Where an iris is, and how far lips part, is read from the crop itself as well: its
pixels go through two convolutions that join the first block.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from feelit.signals.columns import OUTPUTS
from feelit.training.expression.network import Residual

CELLS = 16
"""4 x 4 places are left in the end. No mean is taken over them: where a lid or a corner of the mouth is says what it does."""

PATCH = 4
"""The crop joins the trunk's bytes as patches of so many pixels squared, a channel each."""

LIGHT = 64.0
"""What pixels are divided by."""


class Branch(nn.Module):
    """Bytes of the trunk and of the crop in, signals out; scales belong to the network.

    Parameters
    ----------
    channels : of the trunk
    widths : channels of the two blocks, multiples of 16
    step : what one step of the trunk's bytes stands for
    detail : channels of what is made of pixels, a multiple of 16
    """

    def __init__(self, channels: int, widths: tuple[int, int], step: float, dropout: float = 0.0, detail: int = 48) -> None:
        super().__init__()
        self.body = nn.Sequential(Residual(channels, widths[0], 2), Residual(widths[0], widths[1], 2))
        self.dropout = nn.Dropout(dropout)
        self.detail = nn.Sequential(
            nn.Conv2d(PATCH**2, detail, 3, 1, 1, bias=False),
            nn.BatchNorm2d(detail),
            nn.ReLU(inplace=True),
            nn.Conv2d(detail, widths[0], 3, 2, 1, bias=False),
            last := nn.BatchNorm2d(widths[0]),
        )
        nn.init.zeros_(last.weight)  # so that a run may start from weights that knew no pixels
        self.out = nn.Linear(widths[1] * CELLS, len(OUTPUTS))
        self._channels, self._steps = channels, (step, 1 / LIGHT)

    def forward(self, read: Tensor) -> Tensor:
        """(N, C + PATCH^2, 16, 16) uint8, see `graph.Tap.reader` -> (N, 58), in units of the spread of each output."""
        first, second = self.body
        assert isinstance(first, Residual)
        parts = (read[:, : self._channels], read[:, self._channels :])
        trunk, pixels = (
            part.float() if step == 1 else part.float() * step for part, step in zip(parts, self._steps, strict=True)
        )
        x = torch.relu(first.body(trunk) + first.skip(trunk) + self.detail(pixels))
        out: Tensor = self.out(self.dropout(second(x).flatten(1)))
        return out

    def fold(self, mean: Tensor, spread: Tensor) -> None:
        """Make the outputs those of `columns.OUTPUTS`, in their units: (58,) both; and let weights do what the step did.

        Where nothing stands between the bytes and the first convolutions, integers need no step of their own for them.
        """
        self.out.weight.data *= spread[:, None]
        self.out.bias.data = self.out.bias.data * spread + mean
        first = self.body[0]
        assert isinstance(first, Residual)
        trunk_step, pixel_step = self._steps
        for layer in (first.body[0], first.skip[0]):  # type: ignore[index]  # a shortcut that halves the resolution is a sequence
            layer.weight.data *= trunk_step
        self.detail[0].weight.data *= pixel_step
        self._steps = (1.0, 1.0)
