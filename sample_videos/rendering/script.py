"""The script of the sample meeting: who sits where, says what, and shows what, at every moment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import pi, sin

from .acting import EMOTIONS, SHAPES, Units, add, blink, both, shape_of, swell
from .cast import CAST
from .people import Pose
from .voices import Utterance, speak

WIDTH, HEIGHT, RATE, SECONDS = 1280, 720, 25, 36
AMARA, JONAS, MEI, WALTER, RAVI, LUCIA = range(6)
MASK_UNTIL_S = 17.0  # Mei wears a mask until here
AWAY_S = (19.2, 25.6)  # Walter begins to rise, and sits again
JOKE_S = (28.6, 32.8)


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One person's picture in the frame: x, y, width, height, px."""

    person: int
    x: int
    y: int
    width: int
    height: int


def _gallery(order: tuple[int, ...]) -> tuple[Tile, ...]:
    return tuple(
        Tile(person=p, x=6 + 424 * (k % 3), y=118 + 244 * (k // 3), width=420, height=240) for k, p in enumerate(order)
    )


def _speaker(main: int) -> tuple[Tile, ...]:
    others = [p for p in range(6) if p != main]
    strip = [Tile(person=p, x=1036, y=20 + 137 * k, width=228, height=130) for k, p in enumerate(others)]
    return (Tile(person=main, x=16, y=76, width=1008, height=568), *strip)


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One layout, from a time on."""

    start_s: float
    layout: str
    tiles: tuple[Tile, ...]


SHOTS = (
    Shot(start_s=0, layout="gallery", tiles=_gallery((AMARA, JONAS, MEI, WALTER, RAVI, LUCIA))),
    Shot(start_s=11, layout="speaker", tiles=_speaker(LUCIA)),
    Shot(start_s=14, layout="speaker", tiles=_speaker(AMARA)),
    Shot(start_s=17, layout="gallery", tiles=_gallery((RAVI, MEI, AMARA, LUCIA, WALTER, JONAS))),
)
LINES = (
    (0.5, AMARA, "Good morning everyone. I have good news. The trial worked, and everybody can try it."),
    (6.0, JONAS, "Wait. Nobody asked me. I do not agree with that date at all."),
    (11.2, LUCIA, "I am so sorry. The archive is lost."),
    (14.2, AMARA, "No! Really? When did that happen?"),
    (17.4, RAVI, "Do not worry. We had a copy on the old machine."),
    (20.9, MEI, "So it is safe? I did not expect that!"),
    (25.9, LUCIA, "Then all that we lost is my coffee."),
    (33.2, AMARA, "All right. See you tomorrow!"),
)


@dataclass(frozen=True, kw_only=True)
class Feeling:
    """What one person means to show, from start to end."""

    person: int
    start_s: float
    end_s: float
    emotion: str
    intensity: float


FEELINGS = (
    Feeling(person=AMARA, start_s=2.2, end_s=5.9, emotion="happiness", intensity=0.75),
    Feeling(person=WALTER, start_s=6.6, end_s=10.4, emotion="disgust", intensity=1.0),
    Feeling(person=JONAS, start_s=5.8, end_s=10.8, emotion="anger", intensity=1.0),
    Feeling(person=AMARA, start_s=7.4, end_s=10.6, emotion="fear", intensity=1.0),
    Feeling(person=LUCIA, start_s=9.0, end_s=13.99, emotion="sadness", intensity=1.0),
    Feeling(person=AMARA, start_s=12.6, end_s=16.9, emotion="surprise", intensity=1.0),
    Feeling(person=JONAS, start_s=14.4, end_s=19.0, emotion="sadness", intensity=0.9),
    Feeling(person=MEI, start_s=20.4, end_s=24.2, emotion="surprise", intensity=1.0),
    Feeling(person=AMARA, start_s=22.0, end_s=25.0, emotion="happiness", intensity=0.7),
    Feeling(person=LUCIA, start_s=26.6, end_s=JOKE_S[1], emotion="happiness", intensity=0.9),
    *(
        Feeling(person=p, start_s=JOKE_S[0] + 0.15 * p, end_s=JOKE_S[1] - 0.1 * p, emotion="happiness", intensity=1.0)
        for p in (AMARA, JONAS, MEI, WALTER, RAVI)
    ),
    Feeling(person=AMARA, start_s=33.0, end_s=36.5, emotion="happiness", intensity=0.6),
)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One person at one time: how the head is, and what is meant by it."""

    pose: Pose
    emotion: str
    intensity: float
    speaking: bool
    blink: float
    occlusion: str
    away: bool


def shot_at(time: float) -> int:
    """The index of the shot."""
    return max(k for k, shot in enumerate(SHOTS) if shot.start_s <= time + 1e-9)


@cache
def utterances() -> tuple[tuple[float, int, Utterance], ...]:
    """(start s, person, utterance) of every line; empty without espeak-ng."""
    out = []
    for start, person, text in LINES:
        member = CAST[person]
        said = speak(text, member.voice, member.pitch, member.speed)
        if said is None:
            print("espeak-ng is not installed (apt-get install espeak-ng): the meeting is silent and mouths stay still")
            return ()
        out.append((start, person, said))
    return tuple(out)


def _mouth(person: int, time: float) -> tuple[Units, bool]:
    """The mouth's shape, eased over neighbouring phonemes, and whether the person speaks."""
    units: Units = {}
    for start, who, said in utterances():
        length = len(said.samples) / said.rate
        if who != person or not start - 0.1 <= time <= start + length + 0.1:
            continue
        reach, total = 0.07, 0.0
        times = [t for t, _ in said.phonemes] + [length]
        for k, (_, phoneme) in enumerate(said.phonemes):
            low, high = max(times[k], time - start - reach), min(times[k + 1], time - start + reach)
            if high > low:
                add(units, SHAPES[shape_of(phoneme)], (high - low) / (2 * reach))
                total += high - low
        return units, 0 <= time - start <= length
    return units, False


def _look(person: int, time: float) -> tuple[float, float]:
    """Gaze, degrees: mostly at the screen, now and then aside."""
    slow = sin(2 * pi * time / (5.3 + 0.7 * person) + person * 1.7)
    yaw = 3 * slow + (16 if person == JONAS else -14) * (
        swell(time, 2.5, 4.5, 0.3) if person in (JONAS, RAVI) else swell(time, 17.5 + person, 19 + person, 0.3)
    )
    return yaw, -2 + 2 * sin(2 * pi * time / 7.1 + person)


def moment(person: int, time: float) -> Moment:
    """Everything about one person at one time."""
    units: Units = {}
    emotion, intensity = "neutral", 0.0
    for f in FEELINGS:
        if f.person == person:
            share = f.intensity * swell(time, f.start_s, f.end_s)
            add(units, EMOTIONS[f.emotion], share)
            if share > intensity:
                emotion, intensity = f.emotion, share
    if intensity < 0.25:
        emotion = "neutral"
    mouth, speaking = _mouth(person, time)
    if mouth:
        for name in ("mouth-open", "mouth-compression"):
            units[name] = 0.35 * units.get(name, 0.0)
        add(units, mouth, 0.9)
    if person == WALTER:
        add(units, {"eyebrows-left-up": 0.9, "eyebrows-left-extern-up": 0.6}, swell(time, 2.2, 4.4, 0.3))
    if person == MEI:
        add(units, both("eyebrows-*-down", 0.6), swell(time, 24.6, 26.5, 0.3))
    closed = blink(time, 50 + person)
    for name, value in both("eye-*-closure", 1.0).items():
        units[name] = max(units.get(name, 0.0), closed * value)
    if closed:
        for name in both("eye-*-opened-up", 0):
            units[name] = units.get(name, 0.0) * (1 - closed)
    pace = 0.8 + 0.13 * person
    nod = {
        AMARA: (18.2, 20.2),
        JONAS: (25.8, 27.4),
        MEI: (3.2, 5.2),
        WALTER: (12.0, 13.6),
        RAVI: (26.0, 27.6),
        LUCIA: (3.6, 5.4),
    }[person]
    talk = 1.0 if speaking else 0.0
    pitch = (
        1.6 * sin(2 * pi * time * pace / 3.7 + person)
        - 5 * swell(time, *nod, 0.3) * sin(2 * pi * (time - nod[0]) * 1.3)
        + talk * 2.0 * sin(2 * pi * time * 1.1)
    )
    yaw = (
        5 * sin(2 * pi * time * pace / 6.3 + 2 * person)
        + 3 * sin(2 * pi * time * pace / 2.9 + person)
        + talk * 3 * sin(2 * pi * time * 0.7)
    )
    yaw += {AMARA: 3, JONAS: -6, MEI: 5, WALTER: -4, RAVI: 4, LUCIA: -3}[person]
    yaw += 24 * swell(time, 21.5, 23.4, 0.5) * (person == RAVI)
    roll = 2.5 * sin(2 * pi * time * pace / 5.1 + 3 * person)
    if emotion == "happiness" and intensity > 0.8:
        pitch += 2.5 * sin(2 * pi * time * 1.6 + person)
    lean = [
        0.08 * sin(2 * pi * time * pace / 8 + person),
        0.02 * sin(2 * pi * time / 3.5 + person),
        0.10 * sin(2 * pi * time * pace / 9 + 2 * person),
    ]
    gone = swell(time, *AWAY_S, 1.3) if person == WALTER else 0.0
    lean[0] += 4.6 * gone
    lean[1] += 1.2 * gone * (1 - gone) * 2
    gaze_yaw, gaze_pitch = _look(person, time)
    return Moment(
        pose=Pose(
            units=units,
            yaw=yaw + 30 * gone,
            pitch=pitch,
            roll=roll,
            gaze_yaw=gaze_yaw - 0.6 * yaw,
            gaze_pitch=gaze_pitch - 0.5 * pitch,
            lean=(lean[0], lean[1], lean[2]),
        ),
        emotion=emotion,
        intensity=intensity,
        speaking=speaking,
        blink=closed,
        occlusion="mask" if person == MEI and time < MASK_UNTIL_S else "glasses" if person == WALTER else "none",
        away=gone > 0.98,
    )
