from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from skimage.color import rgb2lab

from feelit.render.theme import EMOTION_COLOUR, HALO, PLATE, TRACK_COLOURS, UNREADABLE, Colour, emotion_colour, person_colour
from feelit.types import EMOTIONS

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}


def linear(colour: Colour) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    c = np.array(colour) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def seen(colour: Colour, vision: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """CIE Lab of a colour as somebody sees it."""
    c = np.clip(VISION[vision] @ linear(colour), 0, 1)
    srgb = np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)
    lab: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = rgb2lab(srgb)
    return lab


def contrast(a: Colour, b: Colour) -> float:
    """WCAG 2 contrast ratio."""
    light, dark = sorted((float(np.array([0.2126, 0.7152, 0.0722]) @ linear(c)) for c in (a, b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_emotion_has_a_colour_in_order() -> None:
    assert tuple(EMOTION_COLOUR) == EMOTIONS
    assert [emotion_colour(i) for i in range(8)] == list(EMOTION_COLOUR.values())
    assert emotion_colour(-1) == UNREADABLE


@pytest.mark.parametrize("vision", VISION)
def test_emotions_can_be_distinguished_by_colour_blind_people(vision: str) -> None:
    pairs = combinations(EMOTION_COLOUR.items(), 2)
    distance = {f"{a}/{b}": float(np.linalg.norm(seen(c, vision) - seen(d, vision))) for (a, c), (b, d) in pairs}
    assert min(distance.values()) > 15, sorted(distance.items(), key=lambda item: item[1])[:3]


@pytest.mark.parametrize("name", EMOTIONS)
def test_emotions_show_on_dark_plates(name: str) -> None:
    assert contrast(EMOTION_COLOUR[name], PLATE) > 3  # WCAG 2.2, 1.4.11: graphical objects


@pytest.mark.parametrize("colour", TRACK_COLOURS, ids=lambda c: c.hex)
def test_numbers_can_be_read_on_track_colours(colour: Colour) -> None:
    assert contrast(colour, HALO) > 7  # WCAG 2.2, 1.4.6: text


@pytest.mark.parametrize(("vision", "least"), [("normal", 13), ("protanopia", 6), ("deuteranopia", 7), ("tritanopia", 8)])
def test_sixteen_people_have_colours_of_their_own(vision: str, least: float) -> None:
    distance = [float(np.linalg.norm(seen(a, vision) - seen(b, vision))) for a, b in combinations(TRACK_COLOURS, 2)]
    assert len(distance) == 120
    assert min(distance) > least


def test_colours_of_people_repeat_and_nobody_has_one() -> None:
    assert person_colour(3) == person_colour(3 + len(TRACK_COLOURS)) != person_colour(4)
    assert person_colour(-4) == person_colour(-1) not in TRACK_COLOURS
    assert Colour(1, 128, 255).hex == "#0180ff"
