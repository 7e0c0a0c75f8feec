"""Messages to the page: a JSON object and a JPEG picture, each after its length in four bytes, big-endian.

The first message of a connection holds what does not change, without a picture; so does one that reports a fault.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import cv2
import numpy as np

from feelit.labels import LEAST_CLAIMED, STARRED, starred
from feelit.render import theme
from feelit.render.marks import AHEAD, GAZE, RIGHT, UP
from feelit.signals.columns import BASIC, POSE
from feelit.types import EMOTIONS, Float32, Timeline, UInt8, VideoInfo

JPEG_QUALITY = 80

SIGNALS_SHOWN = (*POSE, *BASIC)
"""What a page gets to know of signals, by these names."""


def pack(content: dict[str, Any], jpeg: bytes = b"") -> bytes:
    """One message."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return b"".join((struct.pack(">I", len(text)), text, struct.pack(">I", len(jpeg)), jpeg))


def greeting(name: str, info: VideoInfo) -> bytes:
    """What a page has to know before the first picture: the source, and the colours that the other outputs use."""
    return pack(
        {
            "kind": "hello",
            "source": name,
            "width_px": info.width_px,
            "height_px": info.height_px,
            "emotions": [
                {
                    "name": name,
                    "starred": starred(name),
                    "least": LEAST_CLAIMED[name],
                    "colour": theme.EMOTION_COLOUR[name].hex,
                }
                for name in EMOTIONS
            ],
            "note": STARRED,
            "marks": {"right": RIGHT.hex, "up": UP.hex, "ahead": AHEAD.hex, "gaze": GAZE.hex},
            "tracks": [colour.hex for colour in theme.TRACK_COLOURS],
            "inks": {
                "ink": theme.INK.hex,
                "dim": theme.DIM_INK.hex,
                "plate": theme.PLATE.hex,
                "groove": theme.GROOVE.hex,
                "halo": theme.HALO.hex,
                "unreadable": theme.UNREADABLE.hex,
            },
        }
    )


def faces_of(rows: Timeline, signals: Float32) -> list[dict[str, Any]]:
    """The faces of one frame, by person; an emotion is its place in EMOTIONS, -1 where none is claimed.

    Parameters
    ----------
    rows : the faces, R of them
    signals : (R, K) float32, beginning with SIGNALS_SHOWN; NaN where a face has none, (R, 0) where none are asked for
    """
    shares = np.nan_to_num(rows.probability)
    return [
        {
            "track": int(rows.person_id[i]),
            "box": [round(float(v), 1) for v in rows.box[i]],
            "emotion": int(rows.emotion[i]),
            "confidence": round(float(np.nan_to_num(rows.confidence[i])), 3),
            "probability": [round(float(p), 3) for p in shares[i]],
            "landmarks": [[round(float(v), 1) for v in point] for point in rows.landmarks[i]],
            "signals": _signals(signals[i]),
        }
        for i in range(len(rows))
    ]


def _signals(values: Float32) -> dict[str, float] | None:
    if not len(values) or not np.isfinite(values).all():
        return None
    return {name: round(value, 3) for name, value in zip(SIGNALS_SHOWN, values.tolist(), strict=False)}


def jpeg_of(picture: UInt8) -> bytes:
    """(H, W, 3) BGR uint8 as a JPEG file."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()
