# ruff: noqa: E402  (what needs torch is imported after asking for it)
"""Muon beside AdamW, and plain SGD."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

from torch import nn

from feelit.training.optimizer import ITERATIONS, NEWTON_SCHULZ, Muon, Optimizer, orthogonal


@pytest.mark.parametrize("shape", [(8, 8), (6, 20), (20, 6), (1, 9)], ids=str)
def test_all_directions_become_about_as_long(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    rows = torch.randn(shape) * torch.logspace(-1, 1, shape[1])
    left, _, right = torch.linalg.svd(rows, full_matrices=False)
    got = orthogonal(rows)
    lengths = torch.linalg.svdvals(got)
    assert got.shape == rows.shape
    assert 0.5 < float(lengths.min()) <= float(lengths.max()) < 1.3
    nearness = float((got * (left @ right)).sum() / (got.norm() * (left @ right).norm()))
    assert nearness > 0.95


@pytest.mark.parametrize("shape", [(8, 8), (6, 20), (20, 6), (1, 9)], ids=str)
def test_steps_on_gram_matrices_equal_steps_on_the_matrix(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    rows = torch.randn(shape, dtype=torch.float64)
    x, (a, b, c) = rows / rows.norm(), NEWTON_SCHULZ
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + b * gram @ x + c * gram @ gram @ x
    torch.testing.assert_close(orthogonal(rows), x, rtol=1e-5, atol=1e-6)


def test_a_gradient_of_zeros_is_no_step() -> None:
    assert not orthogonal(torch.zeros(4, 9)).any()


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(32, 2))


def make(kind: str, net: nn.Module) -> Optimizer:
    if kind == "muon":
        return Optimizer.muon(net, ("0.", "4."), 5.0, 0.02)
    return Optimizer.sgd(net, 0.9, 5e-4)


def train(net: nn.Module, optimizer: Optimizer, steps: int, rate: float) -> float:
    generator = torch.Generator().manual_seed(1)
    pictures = torch.randn(64, 1, 6, 6, generator=generator)
    wanted = (pictures[:, 0, :3].mean((1, 2)) > pictures[:, 0, 3:].mean((1, 2))).long()
    loss = torch.zeros(())
    for _ in range(steps):
        loss = nn.functional.cross_entropy(net(pictures), wanted)
        loss.backward()
        optimizer.step(rate)
    return float(loss.detach())


@pytest.mark.parametrize(("kind", "rate"), [("muon", 2e-3), ("descent", 0.1)])
def test_a_network_learns_and_goes_on_from_a_checkpoint(kind: str, rate: float) -> None:
    net = network()
    optimizer = make(kind, net)
    begun = train(net, optimizer, 1, rate)
    assert train(net, optimizer, 40, rate) < 0.5 * begun
    again = network()
    again.load_state_dict(net.state_dict())
    other = make(kind, again)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(net, optimizer, 3, rate)
    train(again, other, 3, rate)
    for one, two in zip(net.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two)


def test_muon_gets_the_inner_matrices_only() -> None:
    net = network()
    optimizer = Optimizer.muon(net, ("0.", "4."), 5.0, 0.02)
    given = [
        p for part, _ in optimizer._parts if isinstance(part, Muon) for group in part.param_groups for p in group["params"]
    ]
    assert [id(p) for p in given] == [id(net[1].weight)]
    everything = [p for part, _ in optimizer._parts for group in part.param_groups for p in group["params"]]
    assert len(everything) == len(list(net.parameters()))


def test_a_step_is_as_long_as_the_rate_says() -> None:
    net = network()
    optimizer = Optimizer.muon(net, ("0.", "4."), 5.0, 0.0)
    before = net[1].weight.detach().clone()
    train(net, optimizer, 1, 1e-3)
    step = net[1].weight.detach() - before
    assert float(step.square().mean().sqrt()) == pytest.approx(5.0 * 1e-3 * 0.2, rel=0.3)


def test_a_checkpoint_brings_what_was_learnt_and_not_its_settings() -> None:
    net = network()
    before = Optimizer.muon(net, ("0.", "4."), 5.0, 0.5)
    train(net, before, 2, 1e-3)
    after = Optimizer.muon(net, ("0.", "4."), 1.0, 0.02)
    after.load_state_dict(before.state_dict())
    adam, muon = (part for part, _ in after._parts)
    assert [group["weight_decay"] for group in adam.param_groups] == [0.02, 0.0]
    assert [group["decay"] for group in muon.param_groups] == [0.02]
    assert muon.state[net[1].weight]["momentum"].any()
