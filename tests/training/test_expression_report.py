"""What lies beside a trained classifier: the sheet of saliency maps of fixed faces."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest

pytest.importorskip("torch")

from feelit.training.expression.card import CAPTION_PX, CELL_PX, fixed_faces, saliency_sheet
from feelit.types import EMOTIONS, Float32, UInt8
from tests.training.test_expression_data import small_examples


class Corner:
    """Finds any face happy in so far as its upper left quarter is bright."""

    def probabilities(self, crops: UInt8) -> Float32:
        found = np.zeros((len(crops), len(EMOTIONS)), np.float32)
        found[:, EMOTIONS.index("happiness")] = crops[:, :24, :24].mean(axis=(1, 2)) / 255
        return found


def test_the_same_faces_are_shown_of_every_network_and_classes_take_turns() -> None:
    label = np.array([-1, 2, 0, 0, 2, 5, 0, -1])
    assert fixed_faces(label).tolist() == [2, 1, 5, 3, 4, 6]
    assert fixed_faces(label, count=4).tolist() == [2, 1, 5, 3]
    assert fixed_faces(np.array([-1, -1])).tolist() == []


def test_a_map_shows_where_hiding_a_part_changes_the_answer() -> None:
    examples = small_examples(1)
    examples.label[:] = EMOTIONS.index("happiness")
    examples.image[:] = 40
    examples.image[:, :24, :24] = 220
    sheet = saliency_sheet(cast(Any, Corner()), examples).astype(int)
    assert sheet.shape == (CAPTION_PX + 2 * CELL_PX, CELL_PX, 3)
    orange = sheet[CAPTION_PX + CELL_PX :, :, 0] - sheet[CAPTION_PX + CELL_PX :, :, 2]
    assert orange[20:50, 20:50].min() > 40, "the quarter that counts"
    assert np.abs(orange[90:120, 90:120]).max() < 10, "the quarter that does not"
