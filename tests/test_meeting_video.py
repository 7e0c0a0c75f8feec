"""The rendered meeting and its truth are whole and agree; faces are found and people stay apart in it."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from feelit import analyze, utterances
from feelit.imports.transcript import read_transcript
from feelit.render.canvas import Rect
from feelit.render.hiding import Hiding, choose, covered
from feelit.render.rows import view_of
from feelit.timeline.recording import open_timelines
from tests.conftest import serially

FOLDER = Path(__file__).parents[1] / "sample_videos"
VIDEO, TRUTH = FOLDER / "meeting.mp4", FOLDER / "meeting.truth.parquet"
FRAMES, RATE = 900, 25
CUTS_S = (11.04, 14, 17.04)  # the first frames of a new layout are 276, 350 and 426: pictures are held for two frames
BOX = ["x0", "y0", "x1", "y1"]


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    table: pd.DataFrame = pd.read_parquet(TRUTH)
    return table


@pytest.fixture(scope="module")
def sound() -> tuple[np.ndarray, int]:
    """Samples of the meeting, -1..1, and their rate, Hz."""
    with av.open(str(VIDEO)) as source:
        stream = source.streams.audio[0]
        parts = [frame.to_ndarray()[0] for frame in source.decode(stream)]
        return np.concatenate(parts), int(stream.rate)


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An analysis at five samples a second."""
    out = tmp_path_factory.mktemp("meeting") / "meeting.parquet"
    with serially():
        analyze(VIDEO, out=out, rate="5", workers=1, device="cpu")
    return out


@pytest.fixture(scope="module")
def found(timeline: Path) -> pd.DataFrame:
    """Its rows."""
    table: pd.DataFrame = pq.read_table(timeline).to_pandas()
    return table


def best_overlap(truth_boxes: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(n,) the largest IoU of each true box (n, 4) with any of (m, 4)."""
    return np.asarray(overlaps(truth_boxes, boxes).max(axis=1, initial=0))


def overlaps(truth_boxes: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(n, m) IoU of each true box (n, 4) with each of (m, 4)."""
    low = np.maximum(truth_boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(truth_boxes[:, None, 2:], boxes[None, :, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=2)
    area = [np.prod(b[:, 2:] - b[:, :2], axis=1) for b in (truth_boxes, boxes)]
    return np.asarray(both / (area[0][:, None] + area[1][None] - both))


def test_it_is_small_and_has_36_seconds_of_picture_and_sound(sound: tuple[np.ndarray, int]) -> None:
    assert VIDEO.stat().st_size <= 2_500_000
    with av.open(str(VIDEO)) as source:
        video = source.streams.video[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 1280, 720)
        assert video.average_rate == RATE
        packets = [packet for packet in source.demux(video) if packet.pts is not None]
    assert len(packets) == FRAMES
    keys = [float(p.pts * p.time_base) for p in packets if p.is_keyframe and p.pts is not None and p.time_base is not None]
    assert all(min(abs(cut - key) for key in keys) < 1e-6 for cut in CUTS_S)
    samples, rate = sound
    assert len(samples) / rate == pytest.approx(FRAMES / RATE, abs=0.1)


def test_the_truth_has_six_people_and_one_leaves_and_comes_back(truth: pd.DataFrame) -> None:
    present = truth.groupby("person").frame.apply(set)
    assert list(present.index) == [0, 1, 2, 3, 4, 5]
    everywhere = set(range(FRAMES))
    assert all(present[person] == everywhere for person in (0, 1, 2, 4, 5))
    away = sorted(everywhere - present[3])
    assert away == list(range(away[0], away[-1] + 1))
    assert 19 < away[0] / RATE < away[-1] / RATE < 26


def test_boxes_and_points_are_inside_the_frame_and_points_inside_their_box(truth: pd.DataFrame) -> None:
    assert (truth[["x0", "y0"]] >= 0).all(axis=None)
    assert (truth.x1 <= 1280).all()
    assert (truth.y1 <= 720).all()
    eyes_and_mouth = np.stack(list(truth.landmarks_5)).reshape(-1, 5, 2)
    box = truth[BOX].to_numpy()
    inside = (eyes_and_mouth > box[:, None, :2] - 2) & (eyes_and_mouth < box[:, None, 2:] + 2)
    assert inside.all(axis=(1, 2)).mean() > 0.98
    lit = truth[truth.yaw_deg.abs() < 20]
    points = np.stack(list(lit.landmarks_5)).reshape(-1, 5, 2)
    assert (points[:, 0, 0] < points[:, 1, 0]).all()  # the subject's right eye is on the left of the picture
    assert (points[:, :2, 1].mean(axis=1) < points[:, 3:, 1].mean(axis=1)).all()


def test_units_are_named(truth: pd.DataFrame) -> None:
    names = pq.read_schema(TRUTH).metadata[b"units"].decode().split()
    assert len(names) == len(set(names)) == 34
    units = np.stack(list(truth.units))
    smile = units[:, names.index("mouth-corner-puller")]
    assert (smile[(truth.emotion == "happiness") & (truth.intensity > 0.6)] > 0.5).all()
    assert (smile[truth.emotion == "anger"] == 0).all()


def test_sound_is_where_somebody_speaks(truth: pd.DataFrame, sound: tuple[np.ndarray, int]) -> None:
    samples, rate = sound
    step = rate // RATE
    samples = np.pad(samples, (0, FRAMES * step))
    loud = np.sqrt(np.mean(samples[: FRAMES * step].reshape(FRAMES, step) ** 2, axis=1)) > 0.01
    speaking = np.isin(np.arange(FRAMES), truth.frame[truth.speaking])
    assert (loud & ~speaking).sum() < 12
    assert loud[speaking].mean() > 0.7


def test_the_transcript_says_who_speaks_when(truth: pd.DataFrame) -> None:
    said = read_transcript(FOLDER / "meeting.vtt")
    assert len(said) == 8
    assert {one.speaker for one in said} == {"Amara", "Jonas", "Lucía", "Ravi", "Mei"}
    for name, rows in truth.groupby("name", observed=True):
        heard = [(one.start_s - 0.05, one.end_s + 0.05) for one in said if one.speaker == name]
        times = rows.time_s[rows.speaking].to_numpy()
        within = [((times >= start_s) & (times <= end_s)) for start_s, end_s in heard]
        assert not len(times) or np.any(within, axis=0).all()
        assert all(part.any() for part in within)


def test_speakers_are_matched_to_people(persons: pd.DataFrame, timeline: Path) -> None:
    rows = utterances(timeline, FOLDER / "meeting.vtt")
    numbers = {"Amara": 0, "Jonas": 1, "Mei": 2, "Ravi": 4, "Lucía": 5}
    assert {match["speaker"]: match["person_id"] for match in rows.attrs["speakers"]} == {
        name: persons.loc[number].idxmax() for name, number in numbers.items()
    }
    assert set(rows.matched_by) == {"speaking"}
    shown = dict(zip(rows.text.str.split().str[0], rows.speaker_emotion, strict=True))
    assert [shown[first] for first in ("Wait.", "I", "So")] == ["anger", "sadness", "surprise"]


def test_mouths_move_with_the_sound(truth: pd.DataFrame) -> None:
    points = np.stack(list(truth.landmarks_68)).reshape(-1, 68, 2)
    gap = (points[:, 66, 1] - points[:, 62, 1]) / (truth.y1 - truth.y0).to_numpy()
    moving = truth.assign(gap=gap)[truth.emotion == "neutral"].groupby(["person", "shot", "speaking"]).gap.std().unstack()
    pairs = moving.dropna()
    assert len(pairs) >= 2
    assert (pairs[True] > 2 * pairs[False]).all()


def test_faces_are_found(truth: pd.DataFrame, found: pd.DataFrame) -> None:
    overlap = []
    for frame, rows in truth[truth.frame.isin(found.frame.unique())].groupby("frame"):
        overlap.append(pd.Series(best_overlap(rows[BOX].to_numpy(), found[found.frame == frame][BOX].to_numpy()), rows.index))
    hit = (pd.concat(overlap) > 0.4).groupby(truth.occlusion == "mask").mean()
    assert hit[False] > 0.97
    assert hit[True] > 0.95


def test_nothing_else_is_found(truth: pd.DataFrame, found: pd.DataFrame) -> None:
    overlap = [
        best_overlap(rows[BOX].to_numpy(), truth[truth.frame == frame][BOX].to_numpy())
        for frame, rows in found.groupby("frame")
    ]
    assert (np.concatenate(overlap) < 0.4).sum() <= 3


def identified(truth: pd.DataFrame, found: pd.DataFrame, identity: str) -> pd.DataFrame:
    """How often each true person, a row, has each identity, a column of `found`."""
    pairs: list[tuple[int, int]] = []
    for frame, rows in found.groupby("frame"):
        true = truth[truth.frame == frame]
        overlap = overlaps(true[BOX].to_numpy(), rows[BOX].to_numpy())
        assert (overlap.max(axis=1) > 0).all()
        pairs += zip(true.person, rows[identity].to_numpy()[overlap.argmax(axis=1)], strict=True)
    table: pd.DataFrame = pd.crosstab(*np.array(pairs).T)
    return table


def test_six_people_are_six_persons(persons: pd.DataFrame, found: pd.DataFrame) -> None:
    assert persons.max(axis=1).sum() >= 0.98 * persons.to_numpy().sum()
    assert found.person_id.nunique() == 6


def test_no_track_mixes_two_people_whatever_the_layout_does(truth: pd.DataFrame, found: pd.DataFrame) -> None:
    table = identified(truth, found, "track_id")
    assert table.max(axis=0).sum() == table.to_numpy().sum()


@pytest.fixture(scope="module")
def persons(truth: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """See `identified`."""
    return identified(truth, found, "person_id")


@pytest.mark.parametrize(
    "chosen", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3))]
)  # 2 takes off a mask: she is not surely one person, and is hidden as well
def test_all_faces_but_the_chosen_one_are_covered_in_every_frame(
    truth: pd.DataFrame, persons: pd.DataFrame, timeline: Path, chosen: int
) -> None:
    view = view_of(open_timelines(timeline)[0])
    hiding = Hiding(view, choose(view, "others", (str(persons.loc[chosen].idxmax()),), None))
    hidden_s = []
    near = np.abs(truth.time_s.to_numpy()[:, None] - (*CUTS_S, 20, 25)).min(axis=1) < 1  # somebody is away from 20 s to 25 s
    for number, rows in truth[near | (truth.frame % 10 == 0)].groupby("frame"):
        time_s = int(str(number)) / RATE
        areas = np.array([covered(box, Rect(0, 0, 1280, 720)) for box in hiding.boxes_at(time_s)]).reshape(-1, 4)
        points = np.stack(list(rows.landmarks_5)).reshape(-1, 1, 5, 2)
        inside: np.ndarray = np.all((points > areas[None, :, None, :2]) & (points < areas[None, :, None, 2:]), axis=3)
        mine = (rows.person == chosen).to_numpy()
        assert all(part.all(axis=1).any() for part in inside[~mine]), f"a face is to be seen at {time_s} s"
        hidden_s += [time_s] * int(inside[mine].any())
    # Between two samples it is not known where the cut was.
    assert all(min(abs(time_s - cut_s) for cut_s in CUTS_S) <= 1 / 5 for time_s in hidden_s), hidden_s
    assert len(hidden_s) <= 3 * 5


@pytest.mark.parametrize(
    ("person", "emotion", "share"),
    # 2 talks while she is surprised: at five samples a second a part of it is taken for talking.
    [(1, "anger", 0.8), (5, "sadness", 0.8), (0, "surprise", 0.8), (2, "surprise", 0.6), (3, "happiness", 0.8)],
)
def test_what_is_meant_is_read(truth: pd.DataFrame, found: pd.DataFrame, person: int, emotion: str, share: float) -> None:
    meant = truth[(truth.person == person) & (truth.emotion == emotion) & (truth.intensity > 0.6)]
    read = []
    for row in meant[meant.frame.isin(found.frame)].itertuples():
        rows = found[found.frame == row.frame]
        box = np.array([[row.x0, row.y0, row.x1, row.y1]], np.float64)
        overlap = [best_overlap(box, rows[BOX].to_numpy()[k : k + 1])[0] for k in range(len(rows))]
        read.append(rows.emotion.iloc[int(np.argmax(overlap))])
    assert len(read) >= 10
    assert np.mean([got == emotion for got in read]) >= share


def test_the_joke_is_read_as_happiness(truth: pd.DataFrame, found: pd.DataFrame) -> None:
    at = found[(found.time_s > 30) & (found.time_s < 32) & found.readable]
    before = found[(found.time_s > 17.5) & (found.time_s < 19)]
    assert at.p_happiness.mean() > 0.5
    assert before.p_happiness.mean() < 0.25
