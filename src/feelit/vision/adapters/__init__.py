"""How detectors of other people are fed and read: one module a family, one table of them all."""

from __future__ import annotations

from feelit.vision.adapters import feelit, scrfd, ultraface, yunet
from feelit.vision.adapters.adapter import Adapter

ADAPTERS: dict[str, Adapter] = {
    "feelit": feelit.ADAPTER,
    "yunet": yunet.ADAPTER,
    "ultraface": ultraface.ADAPTER,
    "scrfd": scrfd.ADAPTER,
}
"""What a detector's card may name as its adapter."""
