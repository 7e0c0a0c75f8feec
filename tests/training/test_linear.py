# ruff: noqa: E402  (what needs torch is imported after asking for it)
"""Histograms of oriented gradients, and the linear model on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnx")

from torch import Tensor

from feelit.evaluation.classifier.evaluate import EvaluateOptions, evaluate_classifier
from feelit.training.expression.linear import Hog, Recipe, train
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


@pytest.mark.parametrize("own", [{}, {"fer2013": [3] * 16}], ids=["votes alone", "one label of FER2013"])
def test_it_learns_what_it_is_shown(own: dict[str, list[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.training.expression.data.find_face", lambda *given: ())
    image, votes = pictures(16), unanimous([i % 8 for i in range(16)])
    write_parquet(tmp_path / "train.parquet", image[:, :, ::-1].copy(), votes, **own)
    write_parquet(tmp_path / "valid.parquet", image, votes)
    model = train("hog", Recipe(strength=10.0), tmp_path, tmp_path)
    scores = evaluate_classifier(model, tmp_path, EvaluateOptions("valid", framing="original"))
    assert scores.accuracy.value == 1.0, "it was shown their mirror images"
