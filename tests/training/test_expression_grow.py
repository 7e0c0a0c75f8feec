# ruff: noqa: E402  (what needs torch is imported after asking for it)
"""Larger networks that begin with what a smaller one computes."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

from feelit.errors import UsageError
from feelit.training.expression.network import ExpressionNet
from feelit.training.expression.run import Recipe, State

SMALL = Recipe(size_px=48, stem=16, channels=(16, 32), blocks=(1, 2), strides=(2, 2))


def seen(recipe: Recipe) -> ExpressionNet:
    """A network whose norms are not the identity."""
    torch.manual_seed(5)
    network = recipe.build().train()
    network(torch.randint(0, 256, (16, 1, 48, 48), dtype=torch.uint8))
    return network.eval()


def saved(recipe: Recipe, path: Path) -> ExpressionNet:
    """One whose checkpoint lies at `path`."""
    state, network = State(recipe), seen(recipe)
    state.average.load_state_dict(network.state_dict())
    state.save(path)
    return network


@pytest.mark.parametrize(
    ("channels", "blocks", "strides"),
    [
        pytest.param((16, 32), (1, 2), (2, 2), id="the same"),
        pytest.param((16, 48), (1, 2), (2, 2), id="wider"),
        pytest.param((32, 48), (1, 2), (2, 2), id="wider in two stages"),
        pytest.param((16, 32), (2, 4), (2, 2), id="deeper"),
        pytest.param((16, 16, 32), (2, 1, 2), (1, 2, 2), id="another stage"),
        pytest.param((16, 32, 48), (1, 2, 3), (1, 2, 2), id="all of it"),
    ],
)
def test_a_grown_network_computes_the_same(
    channels: tuple[int, ...], blocks: tuple[int, ...], strides: tuple[int, ...], tmp_path: Path
) -> None:
    small = saved(SMALL, tmp_path / "last.pt")
    state = State(Recipe(size_px=48, stem=16, channels=channels, blocks=blocks, strides=strides))
    state.begin(tmp_path / "last.pt")
    luma = torch.randint(0, 256, (4, 1, 48, 48), dtype=torch.uint8)
    for network in (state.network.eval(), state.average):
        for one, other in zip(small(luma), network(luma), strict=True):
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        pytest.param(Recipe(size_px=48, stem=16, channels=(16, 16), blocks=(1, 2), strides=(2, 2)), "narrower", id="narrower"),
        pytest.param(
            Recipe(size_px=48, stem=16, channels=(16, 32), blocks=(1, 1), strides=(2, 2)), "fewer blocks", id="less deep"
        ),
        pytest.param(Recipe(size_px=48, stem=16, channels=(32,), blocks=(2,), strides=(2,)), "fewer stages", id="fewer stages"),
        pytest.param(
            Recipe(size_px=48, stem=16, channels=(16, 32), blocks=(1, 2), strides=(2, 1)), "another stride", id="stride"
        ),
        pytest.param(
            Recipe(size_px=48, stem=16, channels=(16, 16, 32), blocks=(1, 1, 2), strides=(2, 2, 2)),
            "changes resolution",
            id="a further step down",
        ),
    ],
)
def test_what_does_not_contain_the_small_one_is_refused(recipe: Recipe, message: str, tmp_path: Path) -> None:
    saved(SMALL, tmp_path / "last.pt")
    with pytest.raises(UsageError, match=f"another network: .*{message}"):
        State(recipe).begin(tmp_path / "last.pt")


def test_new_channels_learn(tmp_path: Path) -> None:
    """What is silent at first gets gradients, or it would stay silent."""
    saved(SMALL, tmp_path / "last.pt")
    state = State(Recipe(size_px=48, stem=16, channels=(16, 16, 48), blocks=(1, 1, 2), strides=(1, 2, 2)))
    state.begin(tmp_path / "last.pt")
    logits, _ = state.network.train()(torch.randint(0, 256, (8, 1, 48, 48), dtype=torch.uint8))
    logits.square().sum().backward()
    new_block, wide = state.network.features[3].body[4].weight, state.network.features[6].body[0].weight
    assert float(new_block.grad.abs().max()) > 0
    assert float(wide.grad[:32, 32:].abs().max()) > 0
