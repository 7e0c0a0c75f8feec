"""Embeddings of people: computed from a timeline's video or from photographs, or stored in a file.

A few faces of every person are chosen from the rows, their frames are decoded, and each face is cropped by the landmarks of its
row, as in the analysis. Timelines do not contain embeddings. The video is found by its content, among given files, at its
recorded path, or beside the timeline.

Stored embeddings are biometric data: one file per folder, readable only by its owner. Its name begins with an underscore, so it
is not read as a timeline; `feelit people --forget` deletes it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from feelit.errors import TimelineReadError, UsageError, VideoReadError
from feelit.identity.evidence import WIDTH
from feelit.identity.select import best_of_stretches, quality_of, vector_bytes
from feelit.models.paths import model_path
from feelit.storage import objects
from feelit.storage.atomic import output_errors, whole_file
from feelit.storage.location import Location, Url, object_called, refuse_url
from feelit.storage.stat import is_folder, stamp
from feelit.timeline.recording import Recording
from feelit.timeline.schema import BOX, LANDMARK_COLUMNS
from feelit.types import Columns, Float32, Float64, Int8, Int64, UInt8
from feelit.video.luma import FULL_RANGE
from feelit.video.probe import fingerprint
from feelit.video.stills import frames_at
from feelit.vision.detector import FaceDetector
from feelit.vision.face_crops import find_close_faces
from feelit.vision.identity import IdentityModel

FACES = 8
"""The number of faces per person. More are not needed, as likeness is a mean over all pairs."""


@dataclass(frozen=True, slots=True, eq=False)
class ChosenFaces(Columns):
    """Faces of people, ordered by time."""

    time_s: Float64  # (K,)
    person: Int64  # (K,)
    box: Float32  # (K, 4) px
    landmarks: Float32  # (K, 5, 2) px
    quality: Float32  # (K,) 0..1


def choose_faces(recording: Recording, count: int = FACES) -> ChosenFaces:
    """The best face of each of `count` stretches with equal numbers of a person's rows."""
    names = ["time_s", "person_id", "face_px", "sharpness", *BOX, *LANDMARK_COLUMNS]
    table = recording.table(names)
    person = pc.fill_null(table.column("person_id"), -1).to_numpy().astype(np.int64)
    mine = np.flatnonzero(person > 0)
    column = {name: table.column(name).to_numpy()[mine] for name in names}
    box = np.stack([column[name] for name in BOX], axis=1).astype(np.float32)
    landmarks = np.stack([column[name] for name in LANDMARK_COLUMNS], axis=1).astype(np.float32).reshape(-1, 5, 2)
    quality = quality_of(landmarks, column["face_px"], column["sharpness"])
    faces = ChosenFaces(column["time_s"], person[mine], box, landmarks, quality)
    rows_of = [np.flatnonzero(faces.person == number) for number in np.unique(faces.person)]
    kept = [row for rows in rows_of for row in best_of_stretches(rows, quality, count)]
    return faces.rows(np.array(sorted(kept), np.int64))


def find_video(recording: Recording, given: Sequence[Location]) -> tuple[Location | None, str]:
    """Look for the video of a timeline.

    Parameters
    ----------
    given : files, objects, and folders to search with their subfolders, before the usual places

    Returns
    -------
    the video, or None and the reason why it was not found

    Raises
    ------
    VideoReadError
        if a given file or folder does not exist.
    """
    for place in given:
        if isinstance(place, Path):
            refuse_url(place)
        if not (place.exists() if isinstance(place, Path) else _files(place)):
            raise VideoReadError(f"{place} does not exist", "give the video, or a folder that contains it")
    known, size = recording.facts.get("fingerprint"), recording.facts.get("size_bytes")
    if not isinstance(known, str):
        return None, f"{recording.name} was analysed live and has no file"
    changed = False
    candidates = [path for place in given for path in _files(place)]
    if object_called(recording.name) is None:
        candidates.append(Path(recording.name))
    if isinstance(recording.path, Path):
        candidates.append(recording.path.parent / PurePosixPath(recording.name).name)
    for path in candidates:
        try:
            if (found := stamp(path, VideoReadError)) is None:
                continue
            if found.size_bytes == size and fingerprint(path) == known:
                return path, ""
        except (OSError, VideoReadError):
            continue
        changed |= path.name == PurePosixPath(recording.name).name
    return None, f"{recording.name} {'changed since it was analysed' if changed else 'was not found'}"


def _files(place: Location) -> Sequence[Location]:
    """A file or object, or all files of a folder and its subfolders."""
    if isinstance(place, Url):
        alone = not is_folder(place) and objects.info(place, VideoReadError) is not None
        return [place] if alone else objects.find(place, VideoReadError)
    return sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else (place,)


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
    faces : see `choose_faces`
    model : the network
    threads : of the decoder
    see : called with the index of every face and its whole frame, (H, W, 3) uint8 RGB

    Returns
    -------
    (K, 128) int8, see `select.vector_bytes`; zeros if the frame cannot be decoded

    Raises
    ------
    VideoReadError
        if no frame of the video can be decoded.
    """
    vectors = np.zeros((len(faces), WIDTH), np.float32)
    for time_s, frame, info in frames_at(video, faces.time_s.tolist(), threads):
        luma, levels = frame.luma(info)
        picture = frame.picture(info, pixels="rgb24") if see is not None else None
        for face in np.flatnonzero(faces.time_s == time_s).tolist():
            vectors[face] = model.embed(model.crop(luma, levels, faces.landmarks[face : face + 1]))[0]
            if see is not None and picture is not None:
                see(face, picture)
    return vector_bytes(vectors)


KEPT_FILE = "_identity.parquet"
MODEL_KEY = b"feelit_identity"
OWNER_ONLY = 0o600
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


def read_kept(path: Path, model_sha256: str) -> dict[str, KeptFaces]:
    """The embeddings of a file by fingerprint of the video; none if the file is missing or from another network.

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
    """Write a file of embeddings, whole or not at all, readable only by its owner.

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
        temporary.chmod(OWNER_ONLY)  # before writing to it
        pq.write_table(table, temporary)


def delete_kept(path: Path) -> str | None:
    """Delete a file of embeddings and return a description of its content; None if there is no file.

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
        held = "unreadable content"
    with output_errors(path, "fix the permissions"):
        path.unlink()
    return f"deleted {path}: {held}"


def still_there(recording: Recording, kept: KeptFaces) -> ChosenFaces | None:
    """Stored faces with the current people of a timeline; None if its rows have changed, as by another analysis."""
    table = recording.table(["time_s", "track_id", "person_id", *BOX])
    table = table.filter(pa.array(np.isin(table.column("time_s").to_numpy(), kept.time_s)))
    rows = zip(*(table.column(name).to_pylist() for name in ("time_s", *BOX, "track_id", "person_id")), strict=True)
    known = {row[:5]: row[6] for row in rows if row[5] is not None}
    keys = [(float(t), *map(float, box)) for t, box in zip(kept.time_s, kept.box, strict=True)]
    if not keys or not all(key in known for key in keys):
        return None
    person = np.array([-1 if known[key] is None else known[key] for key in keys], np.int64)
    return ChosenFaces(kept.time_s, person, kept.box, np.zeros((len(keys), 5, 2), np.float32), kept.quality)


def _read(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise TimelineReadError(f"{path} is not a readable file of embeddings: {error}", "delete it with --forget") from error
    if table.schema.names != SCHEMA.names:
        raise TimelineReadError(f"{path} is not a file of embeddings", "delete it with --forget")
    return table


MOST_PX = 1600  # larger photographs are scaled down to this long side, which is enough for a face

MOST_BYTES = 100 << 20


def templates(enrolled: Sequence[tuple[str, Sequence[Path]]]) -> dict[str, Float32]:
    """The mean embedding of the photographs of each name, (128,) float32.

    Raises
    ------
    UsageError
        if a photograph cannot be read, or does not show exactly one face.
    """
    detector = FaceDetector(model_path("face"), "cpu")
    identity = IdentityModel(model_path("identity"), "cpu")
    return {
        name: np.mean([_embedded(path, detector, identity) for path in paths], axis=0).astype(np.float32)
        for name, paths in enrolled
    }


def _embedded(path: Path, detector: FaceDetector, identity: IdentityModel) -> Float32:
    luma = _read_photograph(path)
    found = find_close_faces(detector, luma)
    if len(found) != 1:
        count = "no face" if not len(found) else f"{len(found)} faces"
        raise UsageError(f"{path} shows {count}", "give photographs that show one person each")
    row: Float32 = identity.embed(identity.crop(luma, FULL_RANGE, found.landmarks))[0]
    return row


def _read_photograph(path: Path) -> UInt8:
    refuse_url(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB", "give a photograph")
        raw = np.fromfile(path, np.uint8)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}", "check the spelling") from error
    try:
        image = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE) if len(raw) else None  # rotated by its EXIF orientation
    except cv2.error:
        image = None
    if image is None:
        raise UsageError(f"{path} is not a readable picture", "give a JPEG, PNG or WebP file")
    scale = MOST_PX / max(image.shape)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    return np.asarray(small, np.uint8)
