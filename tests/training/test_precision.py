# ruff: noqa: E402  (what needs torch is imported after asking for it)
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from feelit.training.optimizer import BFLOAT16_INSTRUCTIONS, autocast


@pytest.mark.parametrize(
    ("known", "numbers"),
    [
        pytest.param({}, torch.float32, id="an older PyTorch"),
        pytest.param(dict.fromkeys(BFLOAT16_INSTRUCTIONS, False), torch.float32, id="no instructions"),
        pytest.param({BFLOAT16_INSTRUCTIONS[0]: True, BFLOAT16_INSTRUCTIONS[1]: False}, torch.bfloat16, id="AVX-512 BF16"),
        pytest.param({BFLOAT16_INSTRUCTIONS[0]: False, BFLOAT16_INSTRUCTIONS[1]: True}, torch.bfloat16, id="AMX"),
    ],
)
def test_networks_learn_in_bfloat16_only_where_the_processor_has_instructions_for_it(
    known: dict[str, bool], numbers: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in BFLOAT16_INSTRUCTIONS:
        monkeypatch.delattr(torch.cpu, name, raising=False)
    for name, there in known.items():
        monkeypatch.setattr(torch.cpu, name, lambda there=there: there, raising=False)
    with autocast():
        assert torch.nn.Linear(2, 2)(torch.zeros(1, 2)).dtype is numbers
