"""The six people of the sample meeting, the light on them, and the rooms behind them."""

from __future__ import annotations

from dataclasses import dataclass

from .people import Head, Light


@dataclass(frozen=True, kw_only=True)
class Member:
    """One person of the meeting: a head, a voice of espeak-ng, light, and a room."""

    name: str
    head: Head
    light: Light
    room: str
    voice: str
    pitch: int
    speed: int


DAY = Light()
WARM = Light(
    key=((0.6, 0.45, 0.7), (1.25, 1.08, 0.88)),
    fill=((-0.8, 0.0, 0.7), (0.25, 0.28, 0.36)),
    sky=(0.40, 0.37, 0.34),
    ground=(0.22, 0.17, 0.13),
)
WINDOW = Light(
    key=((-0.9, 0.25, 0.5), (1.4, 1.42, 1.45)), fill=((0.7, 0.1, 0.8), (0.22, 0.21, 0.2)), soft=0.2, sky=(0.42, 0.44, 0.48)
)
DARK = Light(
    key=((0.35, -0.05, 0.95), (0.36, 0.40, 0.52)),
    fill=((-0.8, 0.2, 0.5), (0.05, 0.05, 0.06)),
    rim=((-0.7, 0.6, -0.6), (0.16, 0.12, 0.08)),
    sky=(0.10, 0.10, 0.12),
    ground=(0.06, 0.055, 0.05),
    exposure=1.0,
)
OFFICE = Light(
    key=((0.2, 0.85, 0.6), (1.1, 1.1, 1.08)),
    fill=((-0.5, 0.0, 0.9), (0.4, 0.4, 0.42)),
    soft=0.22,
    sky=(0.5, 0.5, 0.5),
    ground=(0.25, 0.24, 0.22),
)

CAST = (
    Member(
        name="Amara",
        head=Head(
            african=1,
            caucasian=0,
            female=1,
            skin=(134, 88, 62),
            lips=(132, 66, 64),
            iris=(58, 38, 26),
            hair=(26, 20, 18),
            style="bun",
            brow=0.9,
            shape={"head/head-oval": 0.5, "cheek/*-cheek-bones-incr": 0.4},
            cloth=(196, 120, 60),
            seed=11,
        ),
        light=DAY,
        room="shelf",
        voice="en-us+f3",
        pitch=55,
        speed=165,
    ),
    Member(
        name="Jonas",
        head=Head(
            caucasian=1,
            age=0.15,
            skin=(226, 182, 156),
            lips=(176, 108, 100),
            iris=(86, 110, 130),
            hair=(122, 88, 54),
            style="side",
            stubble=0.55,
            shape={"head/head-square": 0.4, "nose/nose-hump-incr": 0.3},
            cloth=(62, 84, 96),
            garment=3,
            seed=12,
        ),
        light=WINDOW,
        room="window",
        voice="en-us+m3",
        pitch=42,
        speed=160,
    ),
    Member(
        name="Mei",
        head=Head(
            asian=1,
            caucasian=0,
            female=1,
            skin=(234, 194, 164),
            lips=(186, 98, 98),
            iris=(60, 40, 28),
            hair=(30, 24, 24),
            style="bob",
            shape={"head/head-round": 0.3},
            cloth=(120, 60, 84),
            seed=13,
        ),
        light=OFFICE,
        room="office",
        voice="en-us+f2",
        pitch=62,
        speed=170,
    ),
    Member(
        name="Walter",
        head=Head(
            caucasian=1,
            age=0.85,
            skin=(222, 176, 152),
            lips=(168, 108, 102),
            iris=(92, 112, 120),
            hair=(150, 148, 144),
            style="receding",
            grey=0.8,
            glasses=True,
            brow=0.9,
            cloth=(58, 62, 76),
            cloth2=(214, 222, 234),
            garment=2,
            seed=14,
        ),
        light=WARM,
        room="lamp",
        voice="en-us+m7",
        pitch=28,
        speed=145,
    ),
    Member(
        name="Ravi",
        head=Head(
            african=0.25,
            caucasian=0.75,
            skin=(176, 122, 86),
            lips=(146, 84, 76),
            iris=(56, 38, 26),
            hair=(26, 22, 22),
            style="short",
            beard=0.035,
            heavy=0.3,
            cloth=(52, 92, 74),
            seed=15,
        ),
        light=DARK,
        room="night",
        voice="en-us+m1",
        pitch=38,
        speed=170,
    ),
    Member(
        name="Lucía",
        head=Head(
            caucasian=0.75,
            asian=0.25,
            female=1,
            age=0.3,
            skin=(214, 164, 132),
            lips=(180, 88, 84),
            iris=(84, 62, 36),
            hair=(92, 58, 38),
            style="long",
            shape={"head/head-oval": 0.3},
            cloth=(216, 208, 196),
            garment=3,
            seed=16,
        ),
        light=WARM,
        room="plant",
        voice="en-us+f4",
        pitch=50,
        speed=175,
    ),
)
