"""Embeddings of the people of a timeline, computed from its video again: timelines hold none.

A few faces of every person are chosen from the rows, the frames that show them are decoded, and each face is cropped by the
landmarks of its row, as the analysis did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from feelit.identity.select import quality_of, vector_bytes
from feelit.storage.location import Location
from feelit.timeline.recording import Recording
from feelit.timeline.schema import BOX, LANDMARK_COLUMNS
from feelit.types import Columns, Float32, Float64, Int8, Int64, UInt8
from feelit.video.stills import frames_at
from feelit.vision.identity import IdentityModel

FACES = 8
"""So many faces of a person are enough: likeness is a mean over pairs of them."""


@dataclass(frozen=True, slots=True, eq=False)
class ChosenFaces(Columns):
    """Faces of people, ordered by time."""

    time_s: Float64  # (K,)
    person: Int64  # (K,)
    track: Int64  # (K,)
    box: Float32  # (K, 4) px
    landmarks: Float32  # (K, 5, 2) px
    quality: Float32  # (K,) 0..1


def choose_faces(recording: Recording, count: int = FACES) -> ChosenFaces:
    """The best face of each of `count` stretches of a person's rows, which are of equal numbers of rows."""
    names = ["time_s", "track_id", "person_id", "face_px", "sharpness", *BOX, *LANDMARK_COLUMNS]
    table = recording.table(names)
    person = pc.fill_null(table.column("person_id"), -1).to_numpy().astype(np.int64)
    mine = np.flatnonzero(person > 0)
    column = {name: table.column(name).to_numpy()[mine] for name in names}
    box = np.stack([column[name] for name in BOX], axis=1).astype(np.float32)
    landmarks = np.stack([column[name] for name in LANDMARK_COLUMNS], axis=1).astype(np.float32).reshape(-1, 5, 2)
    quality = quality_of(landmarks, column["face_px"], column["sharpness"])
    faces = ChosenFaces(column["time_s"], person[mine], column["track_id"].astype(np.int64), box, landmarks, quality)
    kept: list[int] = []
    for number in np.unique(faces.person):
        rows = np.flatnonzero(faces.person == number)
        kept += [int(part[np.argmax(quality[part])]) for part in np.array_split(rows, count) if len(part)]
    return faces.rows(np.array(sorted(kept), np.int64))


def embed_faces(
    video: Location,
    faces: ChosenFaces,
    model: IdentityModel,
    threads: int = 1,
    see: Callable[[int, UInt8], None] | None = None,
) -> Int8:
    """Embeddings of chosen faces.

    Parameters
    ----------
    video : the file that was analysed
    faces : as of `choose_faces`
    model : embeds them
    threads : of the decoder
    see : called with the number of every face and the picture that shows it, (H, W, 3) uint8 RGB

    Returns
    -------
    (K, 128) int8, see `select.vector_bytes`; zeros where no frame can be decoded

    Raises
    ------
    VideoReadError
        if no frame of the video can be decoded.
    """
    vectors = np.zeros((len(faces), 128), np.float32)
    for time_s, frame, info in frames_at(video, faces.time_s.tolist(), threads):
        luma, levels = frame.luma(info)
        picture = frame.picture(info, pixels="rgb24") if see is not None else None
        for face in np.flatnonzero(faces.time_s == time_s).tolist():
            vectors[face] = model.embed(model.crop(luma, levels, faces.landmarks[face : face + 1]))[0]
            if see is not None and picture is not None:
                see(face, picture)
    return vector_bytes(vectors)
