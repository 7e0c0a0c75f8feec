"""Networks learn in bfloat16 where the processor has instructions for it, and is several times faster so; else in float32.

PyTorch computes in bfloat16 on any processor, but two to three times more slowly than in float32 where there are none.
"""

from __future__ import annotations

import torch

INSTRUCTIONS = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
"""What PyTorch knows of the processor; older versions of it lack them."""


def has_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16."""
    return any(getattr(torch.cpu, name, bool)() for name in INSTRUCTIONS)


def autocast() -> torch.autocast:
    """A context in which networks compute in the faster numbers."""
    return torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16())
