"""Images that stand in a data set more than once, found by their pixels.

FER2013 holds hundreds of copies, also across its splits: a network that has learnt an image by heart would be scored on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from feelit.datasets.faces import LabelledFaces
from feelit.datasets.images import Images
from feelit.datasets.names import SPLITS


def pixel_hashes(images: Images) -> list[bytes]:
    """A hash of the size and the pixels of every image; equal ones are copies, whatever their files look like."""
    return [hashlib.blake2b(image.tobytes(), digest_size=16, salt=_size(image.shape)).digest() for image in images]


def copies(hashes: Sequence[bytes]) -> int:
    """How many images are copies of one before them."""
    return len(hashes) - len(set(hashes))


def hold_out(splits: Mapping[str, LabelledFaces]) -> dict[str, LabelledFaces]:
    """The same splits, in which the images are marked as held out whose pixels stand in a split that is kept for scoring.

    What is also a test image is held out of the other two splits, what is also a validation image of the training split.
    Decodes every image once.
    """
    hashes = {name: pixel_hashes(faces.images) for name, faces in splits.items()}
    order = [name for name in SPLITS if name in splits]
    marked = dict(splits)
    for place, name in enumerate(order):
        later = {h for other in order[place + 1 :] for h in hashes[other]}
        marked[name] = splits[name].holding_out(np.array([h in later for h in hashes[name]], bool))
    return marked


def _size(shape: tuple[int, ...]) -> bytes:
    return b"".join(side.to_bytes(8, "little") for side in shape)
