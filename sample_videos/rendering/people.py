"""What a person is made of: numbers only, so that a head can be drawn again."""

from __future__ import annotations

from dataclasses import dataclass, field

RGB = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Head:
    """One head, its hair and what it wears.

    Attributes
    ----------
    african, asian, caucasian : shares of the shape of each ancestry, adding up to 1
    female : 0..1, shape
    age : 0 a young adult .. 1 old, shape and wrinkles
    heavy : -1 thin .. 1 heavy
    shape : further targets below targets/ -> weight
    skin, lips, iris, hair, cloth, cloth2 : sRGB, 0..255
    style : hair: "short", "crop", "long", "bob", "bun", "curls", "afro", "side", "bald"
    grey : 0..1, share of grey strands
    brow : density of the brows
    beard : length, dm; 0 for none
    stubble : 0..1, shadow of a shaved beard
    garment : 0 plain, 1 stripes, 2 jacket over a shirt, 3 ribbed
    neckline : dm, how far above the usual round neck the cloth ends
    """

    african: float = 0.0
    asian: float = 0.0
    caucasian: float = 1.0
    female: float = 0.0
    age: float = 0.0
    heavy: float = 0.0
    shape: dict[str, float] = field(default_factory=dict)
    skin: RGB = (224, 178, 150)
    lips: RGB = (178, 98, 92)
    iris: RGB = (84, 60, 40)
    hair: RGB = (60, 42, 30)
    style: str = "short"
    grey: float = 0.0
    brow: float = 1.0
    beard: float = 0.0
    stubble: float = 0.0
    glasses: bool = False
    mask: bool = False
    scarf: RGB | None = None
    cloth: RGB = (70, 90, 130)
    cloth2: RGB = (230, 230, 230)
    garment: int = 0
    neckline: float = 0.0
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How a head is held at one moment.

    Attributes
    ----------
    units : expression unit -> weight, as targets/expression/units names them
    yaw, pitch, roll : degrees: to the subject's left, up, towards the subject's left shoulder
    gaze_yaw, gaze_pitch : degrees, relative to the head, the same senses
    lean : dm to the subject's left, up, forward: the whole bust
    """

    units: dict[str, float] = field(default_factory=dict)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    gaze_yaw: float = 0.0
    gaze_pitch: float = 0.0
    lean: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Light:
    """Linear light.

    Attributes
    ----------
    key, fill, rim : direction towards the light (camera's axes) and RGB
    soft : dm, how wide the key's shadow edge is
    sky, ground : ambient RGB from above and below
    """

    key: tuple[RGB, RGB] = ((-0.55, 0.5, 0.75), (1.25, 1.18, 1.1))
    fill: tuple[RGB, RGB] = ((0.8, 0.1, 0.7), (0.28, 0.3, 0.34))
    rim: tuple[RGB, RGB] = ((0.7, 0.6, -0.6), (0.5, 0.5, 0.5))
    soft: float = 0.12
    sky: RGB = (0.42, 0.43, 0.46)
    ground: RGB = (0.2, 0.17, 0.15)
    exposure: float = 0.8
