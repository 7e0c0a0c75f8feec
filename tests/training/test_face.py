# ruff: noqa: E402  (what needs torch is imported after asking for it)
"""The face detector's recipe on pictures made here: geometry of scenes, targets, learning, resuming, export."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

from feelit.errors import ModelError, UsageError
from feelit.models.card import read_card
from feelit.models.paths import model_path
from feelit.training.export import quantize
from feelit.training.face import feed as feeding
from feelit.training.face import train as face
from feelit.training.face.augment import Degrader, Distractors
from feelit.training.face.data import FaceImages, content_hash, load_images
from feelit.training.face.export import IN_FLOAT, Origin, check, export, parity
from feelit.training.face.feed import BatchMaker, Feed, batch_folder, load_batch, mirrored, prefetching, relit
from feelit.training.face.network import STRIDES, FaceNet, Prediction, cell_centres
from feelit.training.face.recipe import Recipe
from feelit.training.face.scenes import Scene, SceneMaker, Turn, face_sizes, sort_images
from feelit.training.face.targets import Batch, Targets, Teacher, assign, cells_of
from feelit.training.face.train import Run, learning_rate, losses, recipes_text, train
from feelit.types import Float32, UInt8
from feelit.vision.session import open_session
from tests.video.clips import face_patch

SMALL = Recipe(
    widths=(8, 8, 8, 8),
    depths=(1, 0, 0, 0),
    neck=8,
    size_px=64,
    batch=4,
    batches=3,
    steps=60,
    warmup=5,
    rounded=20,
    most_face_px=40.0,
    teacher="face",
)
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
    """Those of `write_images`, by way of Parquet."""
    path = tmp_path_factory.mktemp("faces") / "train-0.parquet"
    write_images(path)
    return load_images([path], path.with_suffix(".npz"))


def write_images(path: Path) -> None:
    """A portrait, a picture with a small face and an ignored one, and one without a face."""
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
    pq.write_table(pa.table(rows), path)


def test_images_survive_the_cache(images: FaceImages) -> None:
    assert [images.faces(i) for i in range(3)] == [slice(0, 1), slice(1, 3), slice(3, 3)]
    np.testing.assert_array_equal(images.image(0)[..., 1], picture(100, (20, 20, 80, 80)))
    assert images.masked.tolist() == [False, True, False]
    pools = sort_images(images)
    assert (pools.portrait.tolist(), pools.context.tolist(), pools.empty.tolist()) == ([0], [1], [2])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda table: table.drop_columns(["box"]), "cannot be read: .*box", id="no column"),
        pytest.param(
            lambda table: table.set_column(0, "image", pa.array([b"x"] * 3)),
            "the image of row 0 does not decode",
            id="no image",
        ),
    ],
)
def test_data_that_cannot_be_learnt_from_are_refused(
    change: Callable[[pa.Table], pa.Table], message: str, tmp_path: Path
) -> None:
    write_images(tmp_path / "train-0.parquet")
    pq.write_table(change(pq.read_table(tmp_path / "train-0.parquet")), tmp_path / "train-0.parquet")
    with pytest.raises(UsageError, match=message):
        load_images([tmp_path / "train-0.parquet"])


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train-0.parquet").write_text("x")
    with pytest.raises(UsageError, match="cannot be read"):
        load_images([tmp_path / "train-0.parquet"])


@pytest.mark.parametrize(
    ("teacher", "name"),
    [("models/yunet_n_dynamic.onnx", "teacher: YuNet (OpenCV zoo)"), ("mine.onnx", "teacher: mine")],
    ids=["yunet", "another"],
)
def test_a_card_names_what_was_learnt_from(teacher: str, name: str) -> None:
    reported = Origin("", teacher, frozenset(["wtd", "my photographs"])).training_data()
    assert [entry["name"] for entry in reported] == [name, "my photographs", "writethedocs/www"]
    assert all(entry["licence"] for entry in reported)


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
    box, before = scene.box.copy(), scene.picture.copy()
    spoiled = Degrader(96).degrade(scene, np.random.default_rng(4))
    np.testing.assert_array_equal(spoiled.box, box)
    assert spoiled.picture.dtype == np.uint8
    assert not np.array_equal(spoiled.picture, before)


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
    return Scene(np.zeros((256, 256, 3), np.uint8), box, points, np.ones((1, 5), np.float32), np.array([ignore]))


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
    own, _ = assign(one_face(size, (101, 77)), cells)
    assert {int(s) for s in cells.stride[own]} == strides
    assert (np.abs(cells.centre[own] - (101, 77)).max(axis=1) <= cells.stride[own]).all()


def test_ignored_faces_own_nothing() -> None:
    assert len(assign(one_face(40, ignore=True), cells_of(256))[0]) == 0


def test_of_two_faces_the_smaller_gets_the_cell() -> None:
    small, large = one_face(30), one_face(34)
    both = Scene(
        small.picture,
        np.concatenate([large.box, small.box]),
        np.concatenate([large.landmarks, small.landmarks]),
        np.ones((2, 5), np.float32),
        np.array([False, False]),
    )
    assert set(assign(both, cells_of(256))[1].tolist()) == {1}


def test_cells_of_the_targets_are_those_of_the_network() -> None:
    centres = torch.cat([cell_centres(256 // s, 256 // s, s) for s in STRIDES]).numpy()
    np.testing.assert_array_equal(centres, cells_of(256).centre)


def looked_at(scene: Scene) -> Targets:
    """What the built-in detector, as a teacher, and the labels say of a scene."""
    return Teacher(model_path("face"), cells_of(256), 256).targets([scene])[0]


def scene_of_the_sample(ignore: bool = False) -> Scene:
    """A face that every detector finds, in the middle of a grey picture, with its box."""
    patch, (x0, y0, x1, y1) = face_patch()
    scale = 100 / (y1 - y0)
    small = cv2.resize(patch[..., ::-1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = np.asarray(small, np.uint8)[:256, :256]
    picture = np.full((256, 256, 3), 90, np.uint8)
    picture[: small.shape[0], : small.shape[1]] = small
    box = (np.array([[x0, y0, x1, y1]]) * scale).astype(np.float32)
    landmarks = box[:, None, :2] + POINTS * (box[:, None, 2:] - box[:, None, :2])
    return Scene(picture, box, landmarks.astype(np.float32), np.ones((1, 5), np.float32), np.array([ignore]))


def test_the_teacher_speaks_where_it_sees_a_face() -> None:
    scene = scene_of_the_sample()
    wanted = looked_at(scene)
    best = int(wanted.score.argmax())
    assert wanted.score[best] > 0.6
    assert not wanted.silent.any()
    np.testing.assert_allclose(wanted.box[best], scene.box[0], atol=25)
    assert (wanted.weight == 1).all()


def test_the_label_speaks_where_the_teacher_is_blind() -> None:
    seen = scene_of_the_sample()
    blind = replace(seen, picture=np.full((256, 256, 3), 90, np.uint8), weight=np.full((1, 5), 0.3, np.float32))
    wanted, cells = looked_at(blind), assign(seen, cells_of(256))[0]
    assert (wanted.score[cells] == np.float32(0.8)).all()
    assert (wanted.box[cells] == seen.box[0]).all()
    assert (wanted.landmarks[cells] == seen.landmarks.ravel()).all()
    assert (wanted.weight[cells] == np.float32(0.3)).all()
    assert wanted.silent.sum() > len(cells)
    assert not wanted.silent[cells].any()


def test_labels_that_are_to_be_ignored_say_nothing() -> None:
    blind = replace(scene_of_the_sample(ignore=True), picture=np.full((256, 256, 3), 90, np.uint8))
    wanted = looked_at(blind)
    assert wanted.score.max() < 0.4
    assert not wanted.silent.any()


def test_a_detector_with_other_cells_is_no_teacher() -> None:
    with pytest.raises(ModelError, match="cannot teach this network"):
        Teacher(model_path("face"), cells_of(128), 256)


def test_the_loss_of_a_perfect_answer_is_nearly_nothing() -> None:
    scene = scene_of_the_sample()
    wanted = looked_at(scene)
    wanted = replace(wanted, score=np.where(wanted.score > 0.5, 1, 0).astype(np.float32))
    batch = Batch.of([scene], [wanted])
    logit = torch.where(batch.score > 0.5, 12.0, -12.0)
    part = losses(Prediction(logit, batch.box, batch.landmarks), batch)
    assert max(map(float, part.values())) < 1e-3
    worse = losses(Prediction(-logit, batch.box + 10, batch.landmarks + 10), batch)
    assert min(map(float, worse.values())) > 0.1


def test_a_scene_without_faces_has_a_finite_loss() -> None:
    scene = one_face(3, ignore=True)
    batch = Batch.of([scene], [looked_at(scene)])
    with torch.no_grad():
        part = losses(FaceNet((8, 8, 8, 8), (0, 0, 0, 0), 8)(batch.luma), batch)
    assert torch.isfinite(torch.stack(list(part.values()))).all()


def test_learning_rate_rises_then_falls() -> None:
    rates = [learning_rate(SMALL, step) for step in range(SMALL.steps)]
    assert rates[0] < rates[3] < max(rates) == pytest.approx(SMALL.rate, rel=0.01)
    assert rates[-1] < SMALL.rate * 0.05


@pytest.fixture
def feed(images: FaceImages, tmp_path: Path) -> Feed:
    return Feed(SMALL, BatchMaker(SMALL, images), tmp_path / "batches")


def same(a: Batch, b: Batch) -> bool:
    return all(torch.equal(getattr(a, name), getattr(b, name)) for name in ("luma", "score", "box", "landmarks", "silent"))


def test_what_is_kept_of_a_batch_gives_the_same_loss(images: FaceImages, feed: Feed) -> None:
    made = BatchMaker(SMALL, images).batch(1)
    again = feed.batch(1)
    assert torch.equal(made.luma, again.luma)
    torch.manual_seed(0)
    with torch.no_grad():
        prediction = FaceNet((8, 8, 8, 8), (0, 0, 0, 0), 8).eval()(made.luma)
    for name in ("score", "box", "landmarks"):
        one, other = (losses(prediction, batch)[name] for batch in (made, again))
        assert float(one) == pytest.approx(float(other), rel=2e-3)


def test_batches_return_mirrored_and_in_other_light(feed: Feed) -> None:
    first, second, third = (feed.batch(1 + SMALL.batches * shown) for shown in range(3))
    assert torch.equal(mirrored(first).score, second.score)
    assert torch.equal(first.score, third.score)
    assert not torch.equal(mirrored(first).luma, second.luma)
    assert not torch.equal(first.luma, third.luma)
    assert same(feed.batch(1 + SMALL.batches), second)


def test_a_mirrored_batch_is_what_the_teacher_says_of_the_mirrored_scene() -> None:
    scene = scene_of_the_sample()
    batch = Batch.of([scene], [looked_at(scene)])
    flipped = replace(scene, picture=np.ascontiguousarray(scene.picture[:, ::-1]))
    wanted = Batch.of([flipped], [looked_at(replace(flipped, box=flipped.box[:0], ignore=flipped.ignore[:0]))])
    got = mirrored(batch)
    assert torch.equal(got.luma, wanted.luma)
    assert float((got.score - wanted.score).abs().mean()) < 0.01
    sure = (got.score > 0.6) & (wanted.score > 0.6)
    assert int(sure.sum()) > 1
    assert float((got.box[sure] - wanted.box[sure]).abs().mean()) < 4
    assert float((got.landmarks[sure] - wanted.landmarks[sure]).abs().mean()) < 4
    back = mirrored(got)
    assert all(
        torch.allclose(getattr(back, name), getattr(batch, name), atol=1e-3) for name in ("box", "landmarks", "weight", "score")
    )


def test_other_light_changes_no_label(feed: Feed) -> None:
    batch = feed.batch(0)
    lit = relit(batch, np.random.default_rng(0))
    assert not torch.equal(lit.luma, batch.luma)
    assert torch.equal(lit.box, batch.box)


def test_a_process_of_its_own_makes_the_same_batches(images: FaceImages, tmp_path: Path) -> None:
    write_images(tmp_path / "train-0.parquet")
    load_images([tmp_path / "train-0.parquet"], tmp_path / "train.npz")
    with prefetching(SMALL, tmp_path / "train.npz", tmp_path / "ahead", 0) as process:
        process.join()
        assert process.exitcode == 0
    feed = Feed(SMALL, BatchMaker(SMALL, images), tmp_path / "here", process)
    for number in range(SMALL.batches):
        assert same(load_batch(tmp_path / "ahead" / f"{number:06d}.pt"), feed.batch(number))


class Ended:
    """A process that is over."""

    def is_alive(self) -> bool:
        return False


@pytest.fixture
def make_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """What the process does that makes batches ahead, in this one: to start one takes seconds."""
    write_images(tmp_path / "train-0.parquet")
    load_images([tmp_path / "train-0.parquet"], tmp_path / "train.npz")
    monkeypatch.setattr("feelit.training.face.feed.signal.signal", lambda *_: None)
    return lambda folder: feeding._make(SMALL, tmp_path / "train.npz", folder, 0)


def test_a_process_that_cannot_write_leaves_the_word_to_the_run(
    images: FaceImages, tmp_path: Path, make_here: Callable[[Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("x")
    make_here(tmp_path / "file")
    with pytest.raises(OSError, match="file"):
        Feed(SMALL, BatchMaker(SMALL, images), tmp_path / "file", Ended()).batch(0)  # type: ignore[arg-type]  # all that is asked
    assert capfd.readouterr().err == ""


def test_a_process_whose_run_is_gone_makes_nothing_more(
    tmp_path: Path, make_here: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feelit.training.face.feed.multiprocessing.parent_process", Ended)
    make_here(tmp_path / "ahead")
    assert list(tmp_path.glob("ahead/*.pt")) == []
    monkeypatch.setattr("feelit.training.face.feed.multiprocessing.parent_process", lambda: None)
    make_here(tmp_path / "ahead")
    assert len(list(tmp_path.glob("ahead/*.pt"))) == SMALL.batches


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds living processes by /proc")
def test_a_run_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    """Its process would otherwise fill the disk."""
    write_images(tmp_path / "train-0.parquet")
    load_images([tmp_path / "train-0.parquet"], tmp_path / "train.npz")
    program = f"""
import os, signal, time
from dataclasses import replace
from pathlib import Path
from feelit.training.face.feed import prefetching
from tests.training.test_face import SMALL
if __name__ == "__main__":
    folder = Path({str(tmp_path)!r})
    with prefetching(replace(SMALL, batches=10**6), folder / "train.npz", folder / "ahead", 0) as process:
        while not list(folder.glob("ahead/*.pt")):
            time.sleep(0.05)
        print(process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""
    (tmp_path / "run.py").write_text(program)
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(root / "src")])
    run = subprocess.run(
        [sys.executable, str(tmp_path / "run.py")], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": paths}, check=False
    )
    assert run.returncode == -signal.SIGKILL
    pid = int(run.stdout)
    for _ in range(300):
        if not alive(pid):
            break
        time.sleep(0.1)
    assert not alive(pid)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended but that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_run_learns_and_resumes_where_it_stopped(feed: Feed, tmp_path: Path) -> None:
    run = Run(SMALL)
    batch = feed.batch(0)
    history = [run.advance(batch) for _ in range(30)]
    assert all(history[-1][name] < 0.9 * history[0][name] for name in ("box", "landmarks"))
    run.save(tmp_path / "last.pt")
    next_part = run.advance(feed.batch(run.steps))
    again = Run.load(tmp_path / "last.pt")
    assert (again.steps, again.recipe) == (30, SMALL)
    assert again.advance(feed.batch(again.steps)) == pytest.approx(next_part, rel=1e-4)
    again.change(replace(SMALL, turned=0.9))
    again.save(tmp_path / "last.pt")
    both = recipes_text("face", Run.load(tmp_path / "last.pt"))
    assert both.index("to step 31 {") < both.index('"turned": 0.25') < both.index("; then") < both.index('"turned": 0.9')


def test_a_checkpoint_of_an_older_version_resumes(feed: Feed, tmp_path: Path) -> None:
    run = Run(SMALL)
    run.advance(feed.batch(0))
    run.save(tmp_path / "last.pt")
    content = torch.load(tmp_path / "last.pt", weights_only=True)
    older = {new: old for old, new in face.LEGACY_STATE.items()}
    torch.save({older.get(name, name): value for name, value in content.items()}, tmp_path / "last.pt")
    again = Run.load(tmp_path / "last.pt")
    assert again.steps == 1
    assert again.advance(feed.batch(1)) == run.advance(feed.batch(1))


def test_a_changed_recipe_changes_the_optimizer_too(feed: Feed) -> None:
    run, other = Run(SMALL), replace(SMALL, muon=1.0, decay=0.5)
    run.advance(feed.batch(0))
    run.change(other)
    wanted = Run(other).optimizer
    for (part, factor), (new, new_factor) in zip(run.optimizer._parts, wanted._parts, strict=True):
        assert factor == new_factor
        assert part.state, "what was learnt is kept"
        settings = [
            {name: value for name, value in group.items() if name not in ("params", "lr")}
            for which in (part, new)
            for group in which.param_groups
        ]
        assert settings[: len(settings) // 2] == settings[len(settings) // 2 :]


def test_scenes_are_kept_for_the_recipe_and_the_pictures_that_they_are_made_of(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).write_text(name)
    keys = [
        content_hash([tmp_path / "one"]),
        content_hash([tmp_path / "other"]),
        content_hash([tmp_path / "one", tmp_path / "other"]),
    ]
    assert len(set(keys)) == 3
    same = batch_folder(SMALL, keys[0], tmp_path)
    assert same == batch_folder(replace(SMALL, steps=1, rate=1.0, batches=7), keys[0], tmp_path)
    others = [replace(SMALL, seed=1), replace(SMALL, size_px=96), replace(SMALL, teacher="yunet")]
    assert len({same, batch_folder(SMALL, keys[1], tmp_path), *(batch_folder(o, keys[0], tmp_path) for o in others)}) == 5


@pytest.mark.parametrize(("int8", "when"), [(True, [1, 2]), (False, [])], ids=["integers", "float"])
def test_the_last_steps_learn_with_weights_as_integers_have_them(
    int8: bool, when: list[int], feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def nothing(network: FaceNet, but: tuple[str, ...]) -> dict[str, object]:
        asked.append(run.steps)
        return {}

    monkeypatch.setattr(face, "rounded", nothing)
    run = Run(replace(SMALL, steps=3, rounded=2, int8=int8))
    for _ in range(3):
        run.advance(feed.batch(0))
    assert asked == when


def test_the_export_says_what_the_network_says(tmp_path: Path) -> None:
    torch.manual_seed(1)
    net = FaceNet((8, 16, 16, 16), (1, 1, 0, 1), 8)
    net(torch.randint(0, 256, (4, 1, 64, 64)))  # norms that are not the identity
    export(net, tmp_path / "face.onnx")
    images = np.random.default_rng(0).integers(0, 256, (3, 96, 160), dtype=np.uint8)
    px, score = parity(net, tmp_path / "face.onnx", images)
    assert px < 1e-3
    assert score < 1e-4


def test_a_file_that_says_no_numbers_is_refused(images: FaceImages, tmp_path: Path) -> None:
    net = FaceNet((8, 8, 8, 8), (0, 0, 0, 0), 8).eval()
    head = net.head[0]
    assert isinstance(head, torch.nn.Conv2d)
    torch.nn.init.constant_(head.bias, np.nan)
    export(net, tmp_path / "face.onnx")
    with pytest.raises(ModelError, match="differs from the network by nan px"):
        check(net, tmp_path / "face.onnx", images)


def test_a_run_from_data_to_card_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face, "prefetching", lambda *_: contextlib.nullcontext())  # another test starts that process
    for name in ("train-0", "val", "test"):
        write_images(tmp_path / f"{name}.parquet")
    out = tmp_path / "out"
    out.mkdir()
    model = train("mine", replace(SMALL, steps=2), tmp_path, out)
    train("mine", replace(SMALL, steps=3), tmp_path, out)
    card = read_card(model)
    assert (card.name, card.task, card.adapter) == ("mine", "face", "feelit")
    assert card.scores["test images of b, as they are, faces from 16 px"]["images"] == 1
    assert "to step 2 {" in card.recipe
    assert "; then to step 3 {" in card.recipe
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    for name in ("train-0", "val", "test"):
        write_images(tmp_path / f"{name}.parquet")
    Run(replace(SMALL, neck=16)).save(tmp_path / "last.pt")
    with pytest.raises(UsageError, match="another network"):
        train("mine", SMALL, tmp_path, tmp_path)


def test_data_that_are_not_there_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no train-0\.parquet"):
        train("mine", SMALL, tmp_path, tmp_path)


def test_integers_say_what_float_says(tmp_path: Path) -> None:
    """A network with weights of chance, shown pictures of chance: scores within a hundredth, and smaller weights."""
    torch.manual_seed(0)
    net = FaceNet((16, 16, 16, 16), (0, 1, 1, 1), 16).eval()
    export(net, tmp_path / "float.onnx")
    pictures = np.random.default_rng(0).integers(0, 256, (16, 96, 128), np.uint8)
    quantize(tmp_path / "float.onnx", tmp_path / "integer.onnx", pictures, IN_FLOAT)
    kinds = {
        name: Counter(node.op_type for node in onnx.load(tmp_path / f"{name}.onnx").graph.node) for name in ("float", "integer")
    }
    assert kinds["integer"]["QuantizeLinear"] > 5
    assert kinds["integer"]["Conv"] == kinds["float"]["Conv"]
    one, other = (open_session(tmp_path / f"{name}.onnx", "cpu") for name in ("float", "integer"))
    for a, b in zip(one.run(None, {"luma": pictures[:, None]}), other.run(None, {"luma": pictures[:, None]}), strict=True):
        assert np.abs(a - b).max() < 0.02 * np.abs(a).max()
        assert np.abs(a - b).max() > 0


def test_what_a_convolution_finds_is_rounded_once(tmp_path: Path) -> None:
    """Behind its ReLU, not before it too; and the smaller levels are enlarged as they are."""
    net = FaceNet((16, 16, 16, 16), (0, 1, 1, 1), 16).eval()
    export(net, tmp_path / "float.onnx")
    quantize(tmp_path / "float.onnx", tmp_path / "integer.onnx", np.zeros((8, 64, 64), np.uint8), IN_FLOAT)
    nodes = onnx.load(tmp_path / "integer.onnx").graph.node
    made_by = {output: node for node in nodes for output in node.output}

    def before(kind: str) -> set[str]:
        return {made_by[node.input[0]].op_type for node in nodes if node.op_type == kind}

    assert before("Relu") == {"Add"}, "of short cuts"
    assert before("QuantizeLinear") == {"Add", "Conv", "Relu", "Resize"}
    assert before("Resize") == {"DequantizeLinear"}


def test_the_first_layer_gets_the_bytes_of_the_picture(tmp_path: Path) -> None:
    """However dark the pictures were by which ranges were measured: its bias is in steps of its weights, as bytes need it."""
    torch.manual_seed(0)
    net = FaceNet((16, 16, 16, 16), (0, 1, 1, 1), 16)
    pictures = np.random.default_rng(0).integers(0, 100, (8, 64, 64), np.uint8)
    net(torch.from_numpy(pictures[:, None]))  # norms that are not the identity, and so biases
    export(net.eval(), tmp_path / "float.onnx")
    quantize(tmp_path / "float.onnx", tmp_path / "integer.onnx", pictures, IN_FLOAT)
    graph = onnx.load(tmp_path / "integer.onnx").graph
    constants = {constant.name: onnx.numpy_helper.to_array(constant) for constant in graph.initializer}
    read = {node.output[0]: node for node in graph.node if node.op_type == "DequantizeLinear"}
    first = next(node for node in graph.node if node.op_type == "Conv")
    luma, weight, bias = (read[name] for name in first.input)
    assert [float(constants[name]) for name in luma.input[1:]] == [1, 0]
    np.testing.assert_array_equal(constants[bias.input[1]], constants[weight.input[1]])
    assert constants[bias.input[0]].any()
    assert "Transpose" in luma.input[0], "the squares of bytes, not numbers made of them"
