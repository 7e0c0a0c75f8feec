# ruff: noqa: E402  (what needs torch is imported after asking for it)
"""The face detector's recipe on pictures made here: geometry of scenes, targets, learning, resuming, export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

from feelit.training.face import Feeder, Recipe, Run, detect_with, learning_rate, story
from feelit.training.face_augment import Spoiler
from feelit.training.face_data import FaceImages, load_images
from feelit.training.face_distractors import Distractors
from feelit.training.face_evaluate import Question, false_faces, score_detector
from feelit.training.face_export import export, parity
from feelit.training.face_loss import Batch, losses
from feelit.training.face_network import STRIDES, FaceNet, Prediction, cell_centres
from feelit.training.face_scenes import Scene, SceneMaker, Turn, face_sizes, sort_images
from feelit.training.face_targets import assign, cells_of
from feelit.types import Detections, Float32, UInt8

SMALL = Recipe(widths=(8, 8, 8, 8), depths=(0, 0, 0), neck=8, size_px=64, batch=4, steps=60, warmup=5, most_face_px=40.0)
TURN = Turn(0.3, 30.0)
POINTS = np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)


def picture(size: int, box: tuple[int, int, int, int] | None) -> UInt8:
    """A grey picture with a bright square for a face, whose eyes, nose and mouth corners are five dark spots."""
    luma = np.full((size, size), 60, np.uint8)
    if box is not None:
        x0, y0, x1, y1 = box
        luma[y0:y1, x0:x1] = 220
        for x, y in spots(box):
            cv2.circle(luma, (int(x), int(y)), max(2, (x1 - x0) // 12), 20, -1)
    return luma


def spots(box: tuple[int, int, int, int]) -> Float32:
    corner, side = np.array(box[:2], np.float32), np.float32(box[2] - box[0])
    return corner + POINTS * side


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> FaceImages:
    """A portrait, a picture with a small face and an ignored one, and one without a face, by way of Parquet."""
    boxes: list[list[tuple[int, int, int, int]]] = [[(20, 20, 80, 80)], [(30, 40, 58, 68), (70, 70, 84, 84)], []]
    rows = {
        "image": [cv2.imencode(".png", picture(100, b[0] if b else None))[1].tobytes() for b in boxes],
        "source": ["a", "b", "c"],
        "masked": [-1, 1, 0],
        "box": [[list(map(float, box)) for box in b] for b in boxes],
        "landmarks": [[spots(box).ravel().tolist() for box in b] for b in boxes],
        "ignore": [[False], [False, True], []],
        "real_box": [None, [[1.0, 2.0, 3.0, 4.0]], None],
    }
    path = tmp_path_factory.mktemp("faces") / "train-0.parquet"
    pq.write_table(pa.table(rows), path)
    return load_images([path], path.with_suffix(".npz"))


def test_images_survive_the_cache(images: FaceImages) -> None:
    assert [images.faces(i) for i in range(3)] == [slice(0, 1), slice(1, 3), slice(3, 3)]
    np.testing.assert_array_equal(images.image(0), picture(100, (20, 20, 80, 80)))
    assert images.masked.tolist() == [False, True, False]
    pools = sort_images(images)
    assert (pools.portrait.tolist(), pools.context.tolist(), pools.empty.tolist()) == ([0], [1], [2])


def test_boxes_that_people_drew_replace_the_teachers(tmp_path: Path, images: FaceImages) -> None:
    table = {
        "image": [cv2.imencode(".png", picture(32, None))[1].tobytes()],
        "source": ["a"],
        "masked": [0],
        "box": [[[0.0, 0.0, 9.0, 9.0]]],
        "landmarks": [[[0.0] * 10]],
        "ignore": [[True]],
        "real_box": [[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]],
    }
    pq.write_table(pa.table(table), tmp_path / "real.parquet")
    real = load_images([tmp_path / "real.parquet"], real_boxes=True)
    assert real.box.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert not real.ignore.any()
    assert np.isnan(real.landmarks).all()
    assert len(images) == 3


@pytest.mark.parametrize("seed", range(12))
def test_labels_lie_on_the_faces_of_a_scene(images: FaceImages, seed: int) -> None:
    """Where a scene shows a whole, large face, its middle is bright and its landmarks are dark, also mirrored and turned."""
    scene = SceneMaker(images, 128, (30, 60), TURN).make(np.random.default_rng(seed))
    assert scene.luma.shape == (128, 128)
    assert (scene.box[:, :2] >= 0).all()
    assert (scene.box[:, 2:] <= 128).all()
    whole = (scene.weight > 0).all(axis=1) & ~scene.ignore & (face_sizes(scene.box) > 24)
    for points in scene.landmarks[whole]:
        eyes, nose, mouth = points[:2], points[2], points[3:]
        between = (eyes.mean(axis=0) * 0.6 + nose * 0.4).astype(int)
        assert scene.luma[between[1], between[0]] > 150
        for x, y in [*eyes, nose, *mouth]:
            assert scene.luma[int(y), int(x)] < 110
        right, left = eyes
        down = mouth.mean(axis=0) - eyes.mean(axis=0)
        assert (left - right)[0] * down[1] - (left - right)[1] * down[0] > 0  # right stays the subject's right


def test_scenes_show_faces_cut_by_edges(images: FaceImages) -> None:
    maker = SceneMaker(images, 96, (20, 90), TURN)
    scenes = [maker.make(np.random.default_rng(seed)) for seed in range(60)]
    cut = [((scene.weight == 0).any(axis=1) & ~scene.ignore).any() for scene in scenes]
    assert 5 < sum(cut) < 60


def test_spoiling_changes_light_but_no_label(images: FaceImages) -> None:
    scene = SceneMaker(images, 96, (20, 60), TURN).make(np.random.default_rng(3))
    box, before = scene.box.copy(), scene.luma.copy()
    spoiled = Spoiler(96).spoil(scene, np.random.default_rng(4))
    np.testing.assert_array_equal(spoiled.box, box)
    assert spoiled.luma.dtype == np.uint8
    assert not np.array_equal(spoiled.luma, before)


def test_distractors_leave_faces_alone() -> None:
    distractors = Distractors()
    changed = 0
    for seed in range(20):
        scene = one_face(60)
        distractors.add(scene, np.random.default_rng(seed))
        x0, y0, x1, y1 = scene.box[0].astype(int)
        assert not scene.luma[y0:y1, x0:x1].any()
        changed += bool(scene.luma.any())
    assert changed > 15


def one_face(size: float, centre: tuple[float, float] = (128, 128), ignore: bool = False) -> Scene:
    """A scene of 256 px with one square face."""
    x, y = centre
    box = np.array([[x - size / 2, y - size / 2, x + size / 2, y + size / 2]], np.float32)
    points = (box[:, None, :2] + POINTS * np.float32(size)).astype(np.float32)
    return Scene(np.zeros((256, 256), np.uint8), box, points, np.ones((1, 5), np.float32), np.array([ignore]))


@pytest.mark.parametrize(
    ("size", "strides"),
    [
        pytest.param(9, {8}, id="tiny"),
        pytest.param(30, {8, 16}, id="between-fine-and-middle"),
        pytest.param(50, {16}, id="middle"),
        pytest.param(150, {32}, id="large"),
    ],
)
def test_a_face_belongs_to_the_levels_of_its_size(size: float, strides: set[int]) -> None:
    cells = cells_of(256)
    targets = assign(one_face(size, (101, 77)), cells)
    assert {int(s) for s in cells.stride[targets.cell]} == strides
    assert (np.abs(cells.centre[targets.cell] - (101, 77)).max(axis=1) <= cells.stride[targets.cell]).all()
    assert not targets.silent[targets.cell].any()
    assert 0 < targets.silent.sum() < 60


def test_ignored_faces_are_silent_and_own_nothing() -> None:
    targets = assign(one_face(40, ignore=True), cells_of(256))
    assert len(targets.cell) == 0
    assert targets.silent.sum() >= 25


def test_of_two_faces_the_smaller_gets_the_cell() -> None:
    small, large = one_face(30), one_face(34)
    both = Scene(
        small.luma,
        np.concatenate([large.box, small.box]),
        np.concatenate([large.landmarks, small.landmarks]),
        np.ones((2, 5), np.float32),
        np.array([False, False]),
    )
    assert set(assign(both, cells_of(256)).face.tolist()) == {1}


def test_cells_of_the_targets_are_those_of_the_network() -> None:
    centres = torch.cat([cell_centres(256 // s, 256 // s, s) for s in STRIDES]).numpy()
    np.testing.assert_array_equal(centres, cells_of(256).centre)


def test_the_loss_of_a_perfect_answer_is_nearly_nothing() -> None:
    scene, cells = one_face(50), cells_of(256)
    batch = Batch.of([scene], [assign(scene, cells)])
    count = len(cells.stride)
    logit = torch.full((1, count), -12.0)
    logit[0, batch.cell] = 12.0
    box = torch.from_numpy(scene.box)[None].repeat(1, count, 1)
    landmarks = torch.from_numpy(scene.landmarks.reshape(1, 1, 10)).repeat(1, count, 1)
    part = losses(Prediction(logit, box, landmarks), batch)
    assert max(float(part.score), float(part.box), float(part.landmarks)) < 1e-3
    worse = losses(Prediction(logit, box + 10, landmarks + 10), batch)
    assert min(float(worse.box), float(worse.landmarks)) > 0.2


def test_a_scene_without_faces_has_a_finite_loss() -> None:
    scene = one_face(3, ignore=True)
    batch = Batch.of([scene], [assign(scene, cells_of(256))])
    with torch.no_grad():
        part = losses(FaceNet((8, 8, 8, 8), (0, 0, 0), 8)(batch.luma), batch)
    assert torch.isfinite(part.score + part.box + part.landmarks)
    assert float(part.box) == 0


def test_learning_rate_rises_then_falls() -> None:
    rates = [learning_rate(SMALL, step) for step in range(SMALL.steps)]
    assert rates[0] < rates[3] < max(rates) == pytest.approx(SMALL.rate, rel=0.01)
    assert rates[-1] < SMALL.rate * 0.05


def test_a_run_learns_and_resumes_where_it_stopped(images: FaceImages, tmp_path: Path) -> None:
    feeder = Feeder(SMALL, images)
    run = Run.start(SMALL)
    same = feeder.batch(0)
    history = [run.advance(same) for _ in range(30)]
    assert all(history[-1][name] < 0.9 * history[0][name] for name in ("box", "landmarks"))
    run.save(tmp_path / "last.pt")
    next_part = run.advance(feeder.batch(run.step))
    again = Run.load(tmp_path / "last.pt")
    assert (again.step, again.recipe) == (30, SMALL)
    assert again.advance(feeder.batch(again.step)) == pytest.approx(next_part, rel=1e-4)
    again.change(replace(SMALL, turned=0.9))
    again.save(tmp_path / "last.pt")
    both = story("face", Run.load(tmp_path / "last.pt"))
    assert both.index("to step 31 {") < both.index('"turned": 0.5') < both.index("; then") < both.index('"turned": 0.9')


def test_the_export_says_what_the_network_says(tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = FaceNet((8, 16, 16, 16), (1, 0, 1), 8)
    net(torch.randint(0, 256, (4, 1, 64, 64)))  # norms that are not the identity
    export(net, tmp_path / "face.onnx")
    images = np.random.default_rng(0).integers(0, 256, (3, 96, 160), dtype=np.uint8)
    px, score = parity(net, tmp_path / "face.onnx", images)
    assert px < 1e-3
    assert score < 1e-4


def test_detections_of_a_network_are_in_px_of_the_image() -> None:
    net = FaceNet((8, 8, 8, 8), (0, 0, 0), 8)
    for head, bias in zip(net.head, (-9.0, -9.0, 4.0), strict=True):  # only the coarse level sees faces, everywhere
        assert isinstance(head, torch.nn.Conv2d)
        assert head.bias is not None
        head.bias.data[0] = bias
        head.bias.data[1:5] = -3.0  # small ones
    found = detect_with(net, np.zeros((1, 64, 96), np.uint8), 0.5)
    centres = (found.box[:, :2] + found.box[:, 2:]) / 2
    assert sorted(centres.round().tolist()) == [[x, y] for x in (16, 48, 80) for y in (16, 48)]


def test_scores_of_an_oracle(images: FaceImages) -> None:
    def oracle(luma: UInt8) -> Detections:
        bright = luma[0] > 150
        y, x = np.nonzero(bright)
        box = np.array([[x.min(), y.min(), x.max() + 1, y.max() + 1]] if bright.any() else [], np.float32).reshape(-1, 4)
        points = (box[:, None, :2] + POINTS * (box[:, None, 2:] - box[:, None, :2])).astype(np.float32)
        return Detections(np.zeros(len(box), np.int64), box, points, np.full(len(box), 0.9, np.float32))

    scores = score_detector(oracle, images, Question(100, 10.0))
    assert (scores["images"], scores["faces"], scores["recall_at_0.1_false"]) == (3, 2, 1.0)
    assert scores["landmark_error"] < 0.05
    assert score_detector(oracle, images, Question(100, 40.0))["faces"] == 1
    assert false_faces(oracle, images, Question()) == {"images": 1, "false_faces": 0, "false_per_image": 0.0}
