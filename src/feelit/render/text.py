"""Letters as masks: drawn once at four times their size, shrunk, and kept."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import cv2
import numpy as np

from feelit.types import UInt8

_OVERSAMPLE = 4
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_ASCII_ONLY = int(cv2.__version__.partition(".")[0]) < 5
"""Before OpenCV 5 there were no other letters."""


@lru_cache(maxsize=4096)
def text_mask(text: str, cap_px: int) -> UInt8:
    """How much of every pixel the letters cover.

    Parameters
    ----------
    text : one line. OpenCV 4 draws letters without their accents, and question marks for those of other alphabets
    cap_px : height of a capital letter

    Returns
    -------
    (H, W) uint8, 0..255, read-only, with even sides; the baseline is at row `baseline(cap_px)`.
    """
    if _ASCII_ONLY:
        text = plain(text)
    cap = cap_px * _OVERSAMPLE
    weight = max(2, round(cap / 10))
    scale = cap / _cap_height(weight)
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, weight)
    columns, lines = _even_up(width / _OVERSAMPLE + 1), line_px(cap_px)
    large = np.zeros((lines * _OVERSAMPLE, columns * _OVERSAMPLE), np.uint8)
    cv2.putText(large, text, (0, baseline(cap_px) * _OVERSAMPLE), _FONT, scale, 255, weight, cv2.LINE_AA)
    mask = np.asarray(cv2.resize(large, (columns, lines), interpolation=cv2.INTER_AREA), np.uint8)
    mask.flags.writeable = False
    return mask


def plain(text: str) -> str:
    """A text in ASCII: letters without their accents, and question marks in place of others."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return letters.encode("ascii", "replace").decode()


@lru_cache(maxsize=64)
def _cap_height(weight: int) -> float:
    """Height of an H at scale 1, px: measured, because OpenCV 4 and 5 draw different fonts under the same name."""
    sample = np.zeros((200, 200), np.uint8)
    cv2.putText(sample, "H", (50, 150), _FONT, 4.0, 255, weight, cv2.LINE_AA)
    return float(np.count_nonzero(sample.max(axis=1) > 127)) / 4


def text_width_px(text: str, cap_px: int) -> int:
    """Width of a line of text, even."""
    return int(text_mask(text, cap_px).shape[1])


def line_px(cap_px: int) -> int:
    """Height of a line with room for ascenders and descenders, even."""
    return _even_up(cap_px * 1.9)


def baseline(cap_px: int) -> int:
    """The row of a line on which the letters stand."""
    return round(cap_px * 1.42)


def _even_up(value: float) -> int:
    return -int(-value // 2) * 2
