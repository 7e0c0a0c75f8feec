# ruff: noqa: E402  (what needs torch is imported after asking for it)
"""Histograms of oriented gradients, and the linear model on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnx")

from torch import Tensor

from feelit.errors import UsageError
from feelit.evaluation.classifier.evaluate import evaluate_classifier
from feelit.options.models import EvaluateOptions
from feelit.training.expression.linear import NORMS, Hog, Recipe, fit, train
from tests.datasets.made import pictures, unanimous, write_parquet


def slope(degrees: float) -> Tensor:
    """A picture that grows brighter in one direction only."""
    y, x = np.mgrid[:12, :12].astype(np.float32)
    angle = np.deg2rad(degrees)
    return torch.from_numpy(np.cos(angle) * x + np.sin(angle) * y)[None, None].float()


@pytest.mark.parametrize("bin_", range(9))
@pytest.mark.parametrize("way", [pytest.param(0.0, id="up"), pytest.param(180.0, id="down")])
def test_a_slope_counts_for_its_direction_alone(bin_: int, way: float) -> None:
    found = Hog(cell_px=6, bins=9)(slope((bin_ + 0.5) * 20 + way)).reshape(4, 9)  # four cells, one block
    inner = found.sum(dim=0)
    assert inner.argmax() == bin_
    assert inner[bin_] > 0.7 * inner.sum(), "but at the edge, where the picture goes on level"
    assert found.square().sum() == pytest.approx(1, abs=1e-4)


def test_brightness_and_contrast_change_nothing() -> None:
    picture = torch.rand(1, 1, 48, 48)
    hog = Hog(cell_px=6, bins=9)
    assert hog(picture).shape == (1, 7 * 7 * 4 * 9)
    assert torch.allclose(hog(picture), hog(3 * picture + 5), atol=1e-3)


@pytest.mark.parametrize("bin_", range(8))
def test_signed_directions_tell_brighter_from_darker(bin_: int) -> None:
    found = Hog(cell_px=6, bins=8, signed=True)(slope((bin_ + 0.5) * 45)).reshape(4, 8).sum(dim=0)
    assert found.argmax() == bin_
    assert found[(bin_ + 4) % 8] < 0.2 * found[bin_]


@pytest.mark.parametrize("cell_px", [3, 4, 6])
def test_a_gradient_counts_for_the_cells_that_are_near(cell_px: int) -> None:
    """One bright pixel in a corner of its cell reaches the three cells beside it; without interpolation it does not."""
    picture = torch.zeros(1, 1, 6 * cell_px, 6 * cell_px)
    picture[:, :, 3 * cell_px, 3 * cell_px] = 1.0
    for interpolated in (False, True):
        hog = Hog(cell_px, 9, block=1, norm="none", interpolated=interpolated)
        cells = hog(picture).reshape(9, 6, 6).sum(dim=0)
        assert cells.shape == (6, 6)
        assert cells.argmax() == 3 * 6 + 3
        assert (cells[2, 2] > 0.05 * cells[3, 3]) == interpolated
    even = torch.rand(1, 1, 6 * cell_px, 6 * cell_px)
    plain, near = (Hog(cell_px, 9, block=1, norm="none", interpolated=i)(even).reshape(9, 6, 6) for i in (False, True))
    inner = slice(1, 5)
    assert float(near[:, inner, inner].mean() / plain[:, inner, inner].mean()) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("block", [1, 2, 3])
def test_blocks_are_normalised_as_their_name_says(norm: str, block: int) -> None:
    found = Hog(8, 9, block=block, norm=norm)(torch.rand(1, 1, 48, 48)).reshape(block**2 * 9, -1)
    assert found.shape[1] == (6 - block + 1) ** 2
    length = {"l1": found.sum(dim=0), "l1-sqrt": found.square().sum(dim=0)}.get(norm, found.square().sum(dim=0).sqrt())
    assert torch.allclose(length, torch.ones_like(length), atol=1e-3) == (norm != "none")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"norm": "l3"}, "norm cannot be 'l3'", id="norm"),
        pytest.param({"block": 13}, "13 x 13 cells of 4 px do not fit", id="block"),
        pytest.param({"cell_px": 0}, "2 x 2 cells of 0 px do not fit", id="cell"),
    ],
)
def test_what_is_no_histogram_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Recipe(**change)


def test_what_nobody_named_counts_for_nothing_and_shares_are_learnt() -> None:
    features = torch.eye(3).repeat(8, 1)
    target = torch.tensor([[0.75, 0.25], [0.0, 1.0], [0.0, 0.0]]).repeat(8, 1)
    layer = torch.nn.Linear(3, 2)
    fit(layer, features, target, Recipe(strength=1e4))
    found = layer(torch.eye(3)).softmax(1)
    assert found[0, 0].item() == pytest.approx(0.75, abs=0.02)
    assert found[1, 1].item() > 0.97


@pytest.mark.parametrize(
    ("own", "mirrored"),
    [
        pytest.param({}, True, id="votes alone", marks=pytest.mark.slow),
        pytest.param({"fer2013": [3] * 16}, False, id="one label of FER2013"),
    ],
)
def test_it_learns_what_it_is_shown(
    own: dict[str, list[int]], mirrored: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feelit.training.expression.data.find_face", lambda *given: ())
    image, votes = pictures(16), unanimous([i % 8 for i in range(16)])
    learnt = image[:, :, ::-1].copy() if mirrored else image
    write_parquet(tmp_path / "train.parquet", learnt, votes, **own)
    write_parquet(tmp_path / "valid.parquet", np.clip(image, 1, 255), votes)
    model = train("hog", Recipe(strength=10.0, mirrored=mirrored), tmp_path, tmp_path)
    scores = evaluate_classifier(model, tmp_path, EvaluateOptions(split="valid", framing="original"))
    assert scores.accuracy.value == 1.0, "it was shown them, or their mirror images"
