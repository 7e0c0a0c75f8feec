# ruff: noqa: E402  (what needs torch is imported after asking for it)
"""The recipe of signals with a teacher made here: targets in a mirror, crops, the joined graph, learning and resuming."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
torch.set_num_threads(1)

from feelit.errors import MissingExtraError, UsageError
from feelit.models.card import read_card
from feelit.models.paths import model_path
from feelit.signals.columns import BLENDSHAPES, OUTPUTS
from feelit.signals.derive import in_mirror
from feelit.training.recipe import read_recipe
from feelit.training.signals import data as signal_data
from feelit.training.signals.data import CUT_PX, HEAD_CUT_PX, Faces, crop, cut_face, draw, read_heads
from feelit.training.signals.network import OUTPUT, find_tap, patches
from feelit.training.signals.teacher import (
    BRIDGE,
    CHIN,
    EYES,
    LIPS,
    Scale,
    Teacher,
    agreed,
    angles_of,
    outputs_of,
)
from feelit.training.signals.train import Recipe, train
from feelit.types import Float32, Float64, UInt8
from feelit.vision.session import open_session, run
from feelit.vision.signals import SignalsModel, within

POINTS = np.array([[0.35, 0.4], [0.65, 0.4], [0.5, 0.55], [0.38, 0.75], [0.62, 0.75]], np.float32)
SMALL = Recipe(widths=(16, 16), detail=16, steps=4, batch=8, warmup=2, rate=0.01)


def rotation(pitch: float, yaw: float, roll: float) -> Float64:
    """Axes to the right, up and to the camera; pitch up, yaw to the right, roll clockwise, in that order."""
    p, y, r = np.radians([-pitch, yaw, -roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    result: Float64 = about_z @ about_y @ about_x
    return result


@pytest.mark.parametrize("angles", [(0, 0, 0), (20, -50, 10), (-30, 70, -40)])
def test_angles_are_those_of_the_rotation(angles: tuple[float, float, float]) -> None:
    assert angles_of(rotation(*angles)) == pytest.approx(angles)


def test_eyes_and_lips_are_measured_in_the_head_whatever_its_pose() -> None:
    head = np.zeros((478, 3))
    for (iris, outer, inner), side in zip(EYES, (-1, 1), strict=True):
        head[outer], head[inner] = (side * 0.4, 0.3, 0), (side * 0.2, 0.3, 0)
        head[iris] = (side * 0.3 + 0.02, 0.3, 0)  # a tenth of the eye's width to the right
    head[BRIDGE], head[CHIN] = (0, 0.5, 0), (0, -0.5, 0)
    head[LIPS[0]], head[LIPS[1]] = (0, -0.2, 0), (0, -0.3, 0)
    turn = rotation(12, -25, 8)
    found = outputs_of(head @ turn.T * 3, np.zeros(52), turn * 7, Scale(pitch_deg=2, yaw=1.5))
    by_name = dict(zip(OUTPUTS, found.tolist(), strict=True))
    assert [by_name[name] for name in ("pitch_deg", "yaw_deg", "roll_deg")] == pytest.approx([14, -37.5, 8], abs=1e-4)
    assert by_name["eye_yaw_deg"] == pytest.approx(np.degrees(np.arcsin(0.25)), abs=1e-4)
    assert by_name["eye_pitch_deg"] == pytest.approx(0, abs=1e-4)
    assert by_name["lip_gap"] == pytest.approx(10, abs=1e-4)


def test_a_mirror_exchanges_sides_and_is_its_own_inverse() -> None:
    targets = np.arange(58, dtype=np.float32)[None]
    mirrored = in_mirror(targets)
    assert mirrored[0, OUTPUTS.index("mouthSmileLeft")] == OUTPUTS.index("mouthSmileRight")
    assert mirrored[0, OUTPUTS.index("jawOpen")] == OUTPUTS.index("jawOpen")
    assert mirrored[0, OUTPUTS.index("yaw_deg")] == -OUTPUTS.index("yaw_deg")
    assert mirrored[0, OUTPUTS.index("pitch_deg")] == OUTPUTS.index("pitch_deg")
    np.testing.assert_array_equal(in_mirror(mirrored), targets)


def test_what_two_looks_do_not_agree_on_counts_less() -> None:
    one = np.zeros(58, np.float32)
    other = one.copy()
    other[OUTPUTS.index("yaw_deg")] = 6
    mean, weight = agreed(one, other)
    assert mean[OUTPUTS.index("yaw_deg")] == 3
    assert weight[OUTPUTS.index("yaw_deg")] == pytest.approx(0.5)
    assert weight[OUTPUTS.index("roll_deg")] == 1


def face(size: int, roll_deg: float = 0.0) -> tuple[UInt8, Float32]:
    """A bright square with dark spots where eyes, nose and mouth corners are, turned clockwise."""
    turn = cv2.getRotationMatrix2D((size / 2, size / 2), -roll_deg, 1)
    points = (POINTS * size) @ turn[:, :2].T + turn[:, 2]
    luma = np.full((size, size), 200, np.uint8)
    for x, y in points:
        cv2.circle(luma, (round(x), round(y)), size // 20, 20, -1)
    return luma, points.astype(np.float32)


@pytest.mark.parametrize("size", [40, 120, 400])
def test_faces_are_cut_with_their_landmarks(size: int) -> None:
    luma, points = face(size)
    cut, where = cut_face(luma, points)
    assert cut.shape == (CUT_PX, CUT_PX)
    assert all(cut[round(y), round(x)] < 90 for x, y in where.tolist())


def test_crops_are_upright_and_count_the_turn() -> None:
    luma, points = face(CUT_PX, roll_deg=20)
    target = np.zeros((1, 58), np.float32)
    target[0, OUTPUTS.index("roll_deg")] = 20
    crops = crop(Faces(luma[None], points[None], target, np.ones_like(target)), 64)
    assert crops.target[0, OUTPUTS.index("roll_deg")] == pytest.approx(0, abs=0.1)


def test_patches_hold_the_pixels_of_each_four_by_four_square() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64), np.uint8)
    found = patches(crops)
    assert found.shape == (2, 16, 16, 16)
    np.testing.assert_array_equal(found[1, :, 3, 5], crops[1, 12:16, 20:24].ravel())


def test_batches_hold_each_kind_by_its_share() -> None:
    luma, points = face(CUT_PX)
    one, other = (
        Faces(luma[None], points[None], np.full((1, 58), value, np.float32), np.ones((1, 58), np.float32)) for value in (1, 2)
    )
    drawn = [draw([(one, 0.75), (other, 0.25)], 8, 64, np.random.default_rng(3)) for _ in range(2)]
    assert drawn[0].target[:, OUTPUTS.index("lip_gap")].tolist() == [1.0] * 6 + [2.0] * 2
    np.testing.assert_array_equal(drawn[0].crop, drawn[1].crop)


def test_a_layer_that_gives_no_bytes_is_refused() -> None:
    with pytest.raises(UsageError, match="gives no bytes at /head/"):
        find_tap(model_path("expression"), "/head/")


def test_without_mediapipe_the_teacher_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mediapipe", None)
    with pytest.raises(MissingExtraError, match="needs mediapipe") as caught:
        Teacher(tmp_path / "face_landmarker.task")
    assert caught.value.hint == "pip install mediapipe"


class Brightness:
    """A teacher who says that a bright face smiles, and sees nothing in a black one."""

    def __init__(self, _: Path) -> None:
        pass

    def targets(self, picture: UInt8, _: Scale) -> tuple[Float32, Float32]:
        said = np.zeros(58, np.float32)
        said[[OUTPUTS.index("mouthSmileLeft"), OUTPUTS.index("mouthSmileRight")]] = picture.mean() / 255
        seen = picture.max() > 0
        return (said, np.ones_like(said)) if seen else (said * np.nan, said * np.nan)


def write_faces(path: Path, count: int) -> None:
    rows = []
    for i in range(count):
        luma, points = face(80)
        luma = np.asarray(luma * (i % 5 / 4), np.uint8)
        rows.append(
            {
                "image": cv2.imencode(".png", cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR))[1].tobytes(),
                "source": "f18",
                "masked": 0,
                "box": [[10.0, 10.0, 70.0, 72.0]],
                "landmarks": [points.ravel().tolist()],
                "ignore": [False],
            }
        )
    pq.write_table(pa.Table.from_pylist(rows), path)


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(signal_data, "Teacher", Brightness)
    return write_data(tmp_path / "faces")


def write_data(folder: Path) -> Path:
    folder.mkdir()
    write_faces(folder / "train-0.parquet", 20)
    write_faces(folder / "val.parquet", 10)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of `SMALL` on such faces, trained once; tests that add to it work on a copy."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(signal_data, "Teacher", Brightness)
        train("small", SMALL, write_data(folder / "faces"), folder)
    shutil.rmtree(folder / "faces")
    return folder


@pytest.fixture
def run_folder(trained: Path, tmp_path: Path) -> Path:
    """A copy of what the run has left."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def test_a_run_ends_in_a_model_that_serves(faces: Path, run_folder: Path) -> None:
    path = run_folder / "small.onnx"
    card = read_card(path)
    assert (card.task, card.labels, card.size_px) == ("signals", OUTPUTS, 64)
    assert [entry["name"] for entry in card.training_data] == ["MediaPipe Face Landmarker", "18F/18f.gsa.gov"]
    assert "mouthSmileLeft" in card.scores["correlation with the teacher on val.parquet"]
    assert within(path, model_path("expression"))
    assert card.exposure == read_card(model_path("expression")).exposure
    crops = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    tap = find_tap(model_path("expression"), Recipe().layer)
    branch = open_session(run_folder / "branch.onnx", "cpu")
    (alone,) = run(branch, "branch", [OUTPUT], {branch.get_inputs()[0].name: tap.reader()(crops)})
    np.testing.assert_array_equal(SignalsModel(path, (), "cpu").outputs(crops), alone)  # the same bytes go in
    before = path.read_bytes()
    assert train("small", SMALL, faces, run_folder).read_bytes() == before, "nothing is left to learn"


def test_another_recipe_does_not_go_on(faces: Path, run_folder: Path) -> None:
    with pytest.raises(UsageError, match="belongs to another recipe"):
        train("small", Recipe(widths=(16, 32)), faces, run_folder)


def test_data_without_a_check_are_refused(faces: Path, tmp_path: Path) -> None:
    (faces / "val.parquet").unlink()
    with pytest.raises(UsageError, match=r"has no val\.parquet"):
        train("small", SMALL, faces, tmp_path)


def test_the_built_in_recipe_is_one_of_signals() -> None:
    name, recipe = read_recipe("signals", ["steps=1"])
    assert name == "signals"
    assert isinstance(recipe, Recipe)
    assert recipe.steps == 1
    assert len(BLENDSHAPES) == 52


def write_head(path: Path, pictures: int) -> None:
    """Pictures of a head whose lips open with its number, as `sample_videos/make_heads.py` writes them."""
    luma, points = face(80)
    count = np.arange(pictures, dtype=np.float32)
    np.savez(
        path,
        image=np.stack([luma] * pictures),
        found=np.concatenate([np.stack([points] * (pictures - 1)), np.full((1, 5, 2), np.nan, np.float32)]),
        angles=np.stack([count, 2 * count, -count], axis=1),
        gaze=np.stack([count, count], axis=1),
        gap=10 * count,
        close=np.stack([count / pictures, 0 * count], axis=1),
        sneer=np.stack([count / pictures, 0 * count], axis=1),
    )


def test_rendered_heads_are_exact_and_say_nothing_of_brows(tmp_path: Path) -> None:
    write_head(tmp_path / "1000.npz", 4)
    heads = read_heads(tmp_path)
    assert len(heads) == 3, "one was not found by the detector"
    at = {name: OUTPUTS.index(name) for name in ("pitch_deg", "yaw_deg", "roll_deg", "lip_gap", "eyeBlinkLeft", "browInnerUp")}
    assert heads.target[2, [at["pitch_deg"], at["yaw_deg"], at["roll_deg"]]].tolist() == [2, 4, -2]
    assert heads.target[1, at["lip_gap"]] == pytest.approx(6)
    assert heads.target[1, at["eyeBlinkLeft"]] > heads.target[0, at["eyeBlinkLeft"]]
    assert heads.weight[0, at["browInnerUp"]] == 0 < heads.weight[0, at["lip_gap"]]
    sneer = OUTPUTS.index("noseSneerLeft")
    assert (heads.target[2, sneer], heads.weight[2, sneer]) == (0.5, 1)
    assert read_heads(tmp_path, 2.5).weight[0, at["lip_gap"]] == 2.5
    with pytest.raises(UsageError, match="holds no rendered heads"):
        read_heads(tmp_path / "none")


def test_a_head_near_profile_whose_pitch_and_roll_run_together_teaches_neither(tmp_path: Path) -> None:
    write_head(tmp_path / "1000.npz", 4)
    with np.load(tmp_path / "1000.npz") as kept:
        content = dict(kept)
    content["angles"][1] = 81, 71, 81
    np.savez(tmp_path / "1000.npz", **content)
    heads = read_heads(tmp_path)
    at = [OUTPUTS.index(name) for name in ("pitch_deg", "yaw_deg", "roll_deg")]
    assert heads.weight[1, at].tolist() == [0, 1, 0]
    assert heads.weight[0, at].tolist() == [1, 1, 1]
    assert heads.picture.shape[1:] == (HEAD_CUT_PX, HEAD_CUT_PX)


def test_a_run_starts_from_another_one_s_weights(faces: Path, trained: Path, tmp_path: Path) -> None:
    for name in ("two", "three"):
        (tmp_path / name).mkdir()
    write_head(tmp_path / "1000.npz", 4)
    first = trained / "small.onnx"
    again = replace(SMALL, start=str(trained / "last.pt"), rate=1e-9, steps=1, heads=str(tmp_path))
    second = train("small", again, faces, tmp_path / "two")
    crops = np.random.default_rng(0).integers(0, 256, (3, 64, 64), np.uint8)
    one, two = (SignalsModel(path, (), "cpu").outputs(crops) for path in (first, second))
    np.testing.assert_allclose(one, two, atol=0.5)  # in other units, after one step, and rounded to other integers
    with pytest.raises(UsageError, match="is of another network"):
        train("small", replace(again, widths=(16, 32)), faces, tmp_path / "three")
