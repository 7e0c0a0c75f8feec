"""The recipe of the face detector: the options of a run of `face`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what comes out."""

    widths: tuple[int, ...] = (32, 64, 64, 64)
    depths: tuple[int, ...] = (1, 2, 4, 2)
    neck: int = 32
    size_px: int = 256
    least_face_px: float = 8.0
    most_face_px: float = 200.0
    batch: int = 32
    batches: int = 11000  # different ones, of 2.4 MB each; after them the first ones return in other light
    steps: int = 33000
    warmup: int = 300
    rate: float = 2e-3
    muon: float = 8.0  # Muon's learning rate, in that of AdamW, which is `rate`
    decay: float = 0.02
    average: float = 0.998
    turned: float = 0.25
    turned_deg: float = 40.0
    distractors: float = 0.35
    score_weight: float = 12.0
    box_weight: float = 4.0
    landmark_weight: float = 2.0
    int8: bool = True  # whether the convolutions of the file compute in integers
    rounded: int = 2500  # so many of the last steps learn with weights as integers will have them
    teacher: str = "yunet"  # a detector of the user's cache, or the path of one
    seed: int = 0
