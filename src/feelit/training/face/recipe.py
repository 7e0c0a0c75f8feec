"""The recipe of the face detector."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """All settings of a run besides its data; stored in every checkpoint."""

    widths: tuple[int, ...] = (32, 64, 64, 64)
    depths: tuple[int, ...] = (1, 2, 4, 2)
    neck: int = 32
    size_px: int = 256
    least_face_px: float = 8.0
    most_face_px: float = 200.0
    batch: int = 32
    batches: int = 11000  # different ones, of 2.4 MB each; then they repeat, mirrored or in another light
    steps: int = 33000
    warmup: int = 300
    rate: float = 2e-3
    muon: float = 8.0  # Muon's learning rate relative to AdamW's, which is `rate`
    decay: float = 0.02
    average: float = 0.998
    turned: float = 0.25  # share of images rotated by up to `turned_deg`
    turned_deg: float = 40.0
    distractors: float = 0.35
    score_weight: float = 12.0
    box_weight: float = 4.0
    landmark_weight: float = 2.0
    int8: bool = True  # whether to quantise all convolutions but the heads
    rounded: int = 2500  # the number of final steps of quantisation-aware training
    teacher: str = "yunet"  # a detector of the user's cache, or the path of one
    seed: int = 0
