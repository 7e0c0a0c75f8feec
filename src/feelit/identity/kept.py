"""Embeddings that are kept, if somebody asks for it: one file a folder, which its owner alone may read.

They are biometric data. The file lies beside timelines, is none itself (its name begins with an underscore), and is deleted by
`feelit people --forget`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feelit.errors import TimelineReadError
from feelit.identity.looks import ChosenFaces
from feelit.storage.atomic import output_errors, whole_file
from feelit.timeline.recording import Recording
from feelit.timeline.schema import BOX
from feelit.types import Columns, Float32, Float64, Int8

FILE_NAME = "_identity.parquet"
MODEL_KEY = b"feelit_identity"
OWNER_ONLY = 0o600
WIDTH = 128

SCHEMA = pa.schema(
    [
        pa.field("fingerprint", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("time_s", pa.float64(), nullable=False),
        *(pa.field(name, pa.float32(), nullable=False) for name in BOX),
        pa.field("quality", pa.float32(), nullable=False),
        pa.field("embedding", pa.binary(WIDTH), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class KeptFaces(Columns):
    """Faces of one video with their embeddings, ordered by time."""

    time_s: Float64  # (K,)
    box: Float32  # (K, 4) px
    quality: Float32  # (K,)
    vector: Int8  # (K, 128)


def kept_of(faces: ChosenFaces, vector: Int8) -> KeptFaces:
    """What is kept of chosen faces: who they are stands in the timeline."""
    return KeptFaces(faces.time_s, faces.box, faces.quality, vector)


def read_kept(path: Path, model_sha256: str) -> dict[str, KeptFaces]:
    """The embeddings of a file, by the fingerprint of the video; none if it is missing or was made by another network.

    Raises
    ------
    TimelineReadError
        if it cannot be read.
    """
    if not path.exists():
        return {}
    table = _read(path)
    if (table.schema.metadata or {}).get(MODEL_KEY) != model_sha256.encode():
        return {}
    raw = b"".join(table.column("embedding").to_pylist())
    vector = np.frombuffer(raw, np.int8).reshape(len(table), WIDTH)
    box = np.stack([table.column(name).to_numpy() for name in BOX], axis=1).astype(np.float32)
    faces = KeptFaces(table.column("time_s").to_numpy(), box, table.column("quality").to_numpy(), vector)
    prints = np.array(table.column("fingerprint").to_pylist(), object)
    return {name: faces.rows(np.flatnonzero(prints == name)) for name in dict.fromkeys(prints.tolist())}


def write_kept(path: Path, kept: Mapping[str, KeptFaces], model_sha256: str) -> None:
    """Write a file of embeddings, whole or not at all, for its owner alone.

    Raises
    ------
    OutputError
        if it cannot be written.
    """
    count = [len(faces) for faces in kept.values()]
    joined = KeptFaces.join(list(kept.values()))
    columns = [pa.array([name for name, n in zip(kept, count, strict=True) for _ in range(n)], pa.string()).dictionary_encode()]
    columns += [joined.time_s, *(joined.box[:, i] for i in range(4)), joined.quality]
    columns.append(pa.array([row.tobytes() for row in joined.vector], pa.binary(WIDTH)))
    table = pa.table(columns, schema=SCHEMA.with_metadata({MODEL_KEY: model_sha256.encode()}))
    with whole_file(path) as temporary:
        os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, OWNER_ONLY))
        temporary.chmod(OWNER_ONLY)  # before anything is in it
        pq.write_table(table, temporary)


def forget(path: Path) -> str | None:
    """Delete a file of embeddings; what was in it, in words, or None if there is none.

    Raises
    ------
    OutputError
        if it cannot be deleted.
    """
    if not path.exists():
        return None
    try:
        table = _read(path)
        held = f"embeddings of {len(table)} faces in {len(set(table.column('fingerprint').to_pylist()))} videos"
    except TimelineReadError:
        held = "what could not be read"
    with output_errors(path, "fix the permissions"):
        path.unlink()
    return f"deleted {path}: {held}"


def still_there(recording: Recording, kept: KeptFaces) -> ChosenFaces | None:
    """Kept faces with the people of a timeline as it is now; None if its rows are others, as after another analysis."""
    table = recording.table(["time_s", "track_id", "person_id", *BOX])
    table = table.filter(pa.array(np.isin(table.column("time_s").to_numpy(), kept.time_s)))
    rows = zip(*(table.column(name).to_pylist() for name in ("time_s", *BOX, "track_id", "person_id")), strict=True)
    known = {row[:5]: row[5:] for row in rows if row[5] is not None}
    keys = [(float(t), *map(float, box)) for t, box in zip(kept.time_s, kept.box, strict=True)]
    if not keys or not all(key in known for key in keys):
        return None
    found = [known[key] for key in keys]
    return ChosenFaces(
        time_s=kept.time_s,
        person=np.array([-1 if person is None else person for _, person in found], np.int64),
        track=np.array([track for track, _ in found], np.int64),
        box=kept.box,
        landmarks=np.zeros((len(keys), 5, 2), np.float32),
        quality=kept.quality,
    )


def _read(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise TimelineReadError(f"{path} is not a readable file of embeddings: {error}", "delete it with --forget") from error
    if table.schema.names != SCHEMA.names:
        raise TimelineReadError(f"{path} is no file of embeddings", "delete it with --forget")
    return table
