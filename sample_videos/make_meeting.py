"""Render meeting.mp4, its truth and its transcript: a recorded video call of six people who never lived.

    FEELIT_HEADS=heads.tar.xz python sample_videos/make_meeting.py [FOLDER] [--every N]

Needs MakeHuman's meshes (CC0; without them the program says where to get them), a C++ compiler and, for the voices,
espeak-ng. Nothing is random. Faces are drawn 12.5 times a second, the video has 25 frames a second.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rendering.bust import UNITS, Model, Posed, build, pose
from rendering.cast import CAST
from rendering.draw import Camera, draw
from rendering.landmarks import face_box, landmarks_5, landmarks_68
from rendering.rooms import room
from rendering.script import HEIGHT, JONAS, LINES, RATE, RAVI, SECONDS, SHOTS, WIDTH, Moment, Tile, moment, shot_at, utterances

SOUND_HZ = 48_000
HELD = 2  # frames that one rendered picture stands for
CORNERS = (22, 23, 26)  # the call's background


@cache
def model(person: int, masked: bool) -> Model:
    """The person, with or without a mask."""
    return build(replace(CAST[person].head, mask=masked))


@cache
def background(person: int, width: int, height: int) -> np.ndarray:
    """(height, width, 3) uint8: the person's room."""
    return room(CAST[person].room, width, height)


def camera(tile: Tile) -> Camera:
    """Of a laptop, as wide as the tile."""
    return Camera(width=tile.width, height=tile.height, span=3.5, x=0.5, y=0.50, factor=1 if tile.width > 600 else 2)


def recompressed(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 sent over a bad line: half the size, JPEG of quality 38."""
    h, w = picture.shape[:2]
    small = cv2.resize(picture[:, :, ::-1], (w // 2, h // 2), interpolation=cv2.INTER_AREA)
    coded = cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 38])[1], 1)
    assert coded is not None
    return np.ascontiguousarray(cv2.resize(coded, (w, h), interpolation=cv2.INTER_LINEAR)[:, :, ::-1])


def tile_picture(tile: Tile, now: Moment, posed: Posed | None) -> np.ndarray:
    """(H, W, 3) uint8: one person's tile."""
    behind = background(tile.person, tile.width, tile.height)
    picture = behind
    if posed is not None:
        who = model(tile.person, now.occlusion == "mask")
        picture = draw(who, posed, camera(tile), CAST[tile.person].light, behind)[0]
    return recompressed(picture) if tile.person == JONAS else picture


def to_sixteenths(points: np.ndarray) -> list[float]:
    """x and y in turn, rounded to 1/16 px: the file is half as large."""
    return [float(v) for v in np.round(points.ravel() * 16) / 16]


def truth_row(frame: int, tile: Tile, now: Moment, posed: Posed) -> dict[str, object] | None:
    """One row of the truth, or None where less than half of the face is inside the tile."""
    cam = camera(tile)
    corner = np.array([tile.x, tile.y], np.float32)
    x0, y0, x1, y1 = (float(v) for v in face_box(posed, cam) + np.tile(corner, 2))
    cut = max(x0, tile.x), max(y0, tile.y), min(x1, tile.x + tile.width), min(y1, tile.y + tile.height)
    if max(0, cut[2] - cut[0]) * max(0, cut[3] - cut[1]) < 0.5 * (x1 - x0) * (y1 - y0):
        return None
    at = now.pose
    return {
        "frame": frame,
        "time_s": frame / RATE,
        "shot": shot_at(drawn(frame) / RATE),
        "layout": SHOTS[shot_at(drawn(frame) / RATE)].layout,
        "person": tile.person,
        "name": CAST[tile.person].name,
        "x0": cut[0],
        "y0": cut[1],
        "x1": cut[2],
        "y1": cut[3],
        "landmarks_5": to_sixteenths(landmarks_5(posed, cam) + corner),
        "landmarks_68": to_sixteenths(landmarks_68(posed, cam) + corner),
        "yaw_deg": at.yaw,
        "pitch_deg": at.pitch,
        "roll_deg": at.roll,
        "gaze_yaw_deg": at.gaze_yaw,
        "gaze_pitch_deg": at.gaze_pitch,
        "units": [round(at.units.get(u, 0.0), 3) for u in UNITS],
        "blink": now.blink,
        "speaking": now.speaking,
        "emotion": now.emotion,
        "intensity": now.intensity,
        "occlusion": now.occlusion,
        "lighting": "dark" if tile.person == RAVI else "lit",
        "recompressed": tile.person == JONAS,
    }


SCHEMA = pa.schema(
    [
        ("frame", pa.int32()),
        ("time_s", pa.float64()),
        ("shot", pa.int8()),
        ("layout", pa.dictionary(pa.int8(), pa.string())),
        ("person", pa.int8()),
        ("name", pa.dictionary(pa.int8(), pa.string())),
        *((n, pa.float32()) for n in ("x0", "y0", "x1", "y1")),
        ("landmarks_5", pa.list_(pa.float32(), 10)),
        ("landmarks_68", pa.list_(pa.float32(), 136)),
        *((n, pa.float32()) for n in ("yaw_deg", "pitch_deg", "roll_deg", "gaze_yaw_deg", "gaze_pitch_deg")),
        ("units", pa.list_(pa.float32(), len(UNITS))),
        ("blink", pa.float32()),
        ("speaking", pa.bool_()),
        ("emotion", pa.dictionary(pa.int8(), pa.string())),
        ("intensity", pa.float32()),
        ("occlusion", pa.dictionary(pa.int8(), pa.string())),
        ("lighting", pa.dictionary(pa.int8(), pa.string())),
        ("recompressed", pa.bool_()),
    ],
    metadata={"units": " ".join(UNITS)},
)


def sound() -> np.ndarray:
    """(n,) float32 mono at SOUND_HZ: the lines, each where the script has it."""
    out = np.zeros(SECONDS * SOUND_HZ, np.float32)
    for start, _, said in utterances():
        at = np.arange(int(len(said.samples) * SOUND_HZ / said.rate)) * said.rate / SOUND_HZ
        wave = np.interp(at, np.arange(len(said.samples)), said.samples).astype(np.float32)
        first = int(start * SOUND_HZ)
        out[first : first + len(wave)] += 0.8 * wave[: len(out) - first]
    return out


def transcript() -> str:
    """WebVTT: a cue a line, as long as its sound."""
    cues = [
        f"{clock(start)} --> {clock(start + len(said.samples) / said.rate)}\n<v {CAST[who].name}>{text}\n"
        for (start, who, said), (_, _, text) in zip(utterances(), LINES, strict=True)
    ]
    return "\n".join(["WEBVTT\n", *cues])


def clock(time_s: float) -> str:
    """hh:mm:ss.mmm"""
    ms = round(1000 * time_s)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def drawn(number: int) -> int:
    """The frame whose picture frame `number` shows."""
    return number - number % HELD


def frame_picture(number: int) -> tuple[np.ndarray, list[dict[str, object]]]:
    """(720, 1280, 3) uint8 and the rows of all frames that show it."""
    time = number / RATE
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = CORNERS
    rows: list[dict[str, object]] = []
    for tile in SHOTS[shot_at(time)].tiles:
        now = moment(tile.person, time)
        posed = None if now.away else pose(model(tile.person, now.occlusion == "mask"), now.pose)
        picture[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = tile_picture(tile, now, posed)
        if now.speaking and SHOTS[shot_at(time)].layout == "gallery":
            cv2.rectangle(picture, (tile.x, tile.y), (tile.x + tile.width - 1, tile.y + tile.height - 1), (96, 168, 110), 3)
        if posed is not None:
            rows += [row for k in range(HELD) if (row := truth_row(number + k, tile, now, posed)) is not None]
    return picture, rows


def write_transcript(folder: Path) -> None:
    """Write meeting.vtt; without espeak-ng nobody says anything, and there is none."""
    if utterances():
        (folder / "meeting.vtt").write_text(transcript(), encoding="utf-8")


def main() -> None:
    """Render all frames, or with --every some of them as pictures to look at."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(__file__).parent, help="where meeting.mp4, its truth and its transcript go"
    )
    parser.add_argument("--every", type=int, help="render one frame in N as PNG files instead")
    parser.add_argument("--frames", type=Path, help="keep rendered frames in this folder, and begin where it ends")
    parser.add_argument(
        "--part", type=int, nargs=2, default=(0, 1), metavar=("K", "N"), help="only render part K of N into --frames"
    )
    parser.add_argument("--transcript", action="store_true", help="write the transcript only; needs espeak-ng alone")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.transcript:
        write_transcript(given.folder)
        return
    if given.every:
        for number in range(0, SECONDS * RATE, given.every):
            cv2.imwrite(str(given.folder / f"frame-{number:04d}.png"), frame_picture(drawn(number))[0][:, :, ::-1])
        return
    rows: list[dict[str, object]] = []
    pictures: dict[int, Path] = {}
    keep = given.frames or given.folder / "meeting.frames"
    keep.mkdir(parents=True, exist_ok=True)
    numbers = sorted({drawn(number) for number in range(SECONDS * RATE)})
    for number in numbers[given.part[0] :: given.part[1]]:
        at, table = keep / f"{number:05d}.png", keep / f"{number:05d}.parquet"
        if not table.exists():
            picture, mine = frame_picture(number)
            cv2.imwrite(str(at), picture[:, :, ::-1])
            pq.write_table(pa.Table.from_pylist(mine, SCHEMA), table)
        pictures[number] = at
    if given.part[1] > 1:
        return
    for number in numbers:
        rows += pq.read_table(keep / f"{number:05d}.parquet", schema=SCHEMA).to_pylist()
    rows.sort(key=lambda row: (row["frame"], row["person"]))
    write_transcript(given.folder)
    encode(given.folder / "meeting.mp4", pictures)
    pq.write_table(
        pa.Table.from_pylist(rows, SCHEMA), given.folder / "meeting.truth.parquet", compression="zstd", compression_level=19
    )
    print(f"{given.folder / 'meeting.mp4'} and its truth: {len(rows)} rows")


def encode(path: Path, pictures: dict[int, Path]) -> None:
    """H.264 and AAC, keyframes where the layout changes and every four seconds."""
    cuts = {n for n in range(1, SECONDS * RATE) if shot_at(drawn(n) / RATE) != shot_at(drawn(n - 1) / RATE)}
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        video = out.add_stream("libx264", rate=RATE, options={"crf": "27", "preset": "fast", "g": "100", "threads": "1"})
        video.width, video.height, video.pix_fmt, video.time_base = WIDTH, HEIGHT, "yuv420p", Fraction(1, RATE)
        voice = out.add_stream("aac", rate=SOUND_HZ, layout="mono")
        voice.bit_rate = 64_000
        for number in range(SECONDS * RATE):
            picture = cv2.imread(str(pictures[drawn(number)]))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            if number in cuts:
                frame.pict_type = av.video.frame.PictureType.I
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        wave = sound()
        for first in range(0, len(wave) - 1023, 1024):
            part = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(wave[None, first : first + 1024]), format="fltp", layout="mono"
            )
            part.sample_rate, part.pts, part.time_base = SOUND_HZ, first, Fraction(1, SOUND_HZ)
            out.mux(voice.encode(part))
        out.mux(voice.encode(None))


if __name__ == "__main__":
    main()
