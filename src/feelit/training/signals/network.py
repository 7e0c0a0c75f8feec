"""The branch that gives signals: two residual blocks on what the classifier's trunk gives at a quarter of the resolution."""

from __future__ import annotations

from torch import Tensor, nn

from feelit.signals.columns import OUTPUTS
from feelit.training.expression.network import Residual

CELLS = 16
"""4 x 4 places are left in the end. No mean is taken over them: where a lid or a corner of the mouth is says what it does."""


class Branch(nn.Module):
    """Bytes of the trunk in, signals out; scales belong to the network.

    Parameters
    ----------
    channels : of the trunk
    widths : channels of the two blocks, multiples of 16
    step : what one step of the trunk's bytes stands for
    """

    def __init__(self, channels: int, widths: tuple[int, int], step: float, dropout: float = 0.0) -> None:
        super().__init__()
        self.body = nn.Sequential(Residual(channels, widths[0], 2), Residual(widths[0], widths[1], 2))
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(widths[1] * CELLS, len(OUTPUTS))
        self._step = step

    def forward(self, trunk: Tensor) -> Tensor:
        """(N, C, 16, 16) uint8 -> (N, 58), in units of the spread of each output."""
        numbers = trunk.float() if self._step == 1 else trunk.float() * self._step
        out: Tensor = self.out(self.dropout(self.body(numbers).flatten(1)))
        return out

    def fold(self, mean: Tensor, spread: Tensor) -> None:
        """Make the outputs those of `columns.OUTPUTS`, in their units: (58,) both; and let weights do what the step did.

        Where nothing stands between the bytes and the first convolutions, integers need no step of their own for them.
        """
        self.out.weight.data *= spread[:, None]
        self.out.bias.data = self.out.bias.data * spread + mean
        first = self.body[0]
        assert isinstance(first, Residual)
        for layer in (first.body[0], first.skip[0]):  # type: ignore[index]  # a shortcut that halves the resolution is a sequence
            layer.weight.data *= self._step
        self._step = 1.0
