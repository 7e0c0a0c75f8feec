"""From a model and pictures to explanations, and the Python function for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import feelit
from feelit.errors import FeelitError, ModelError, UsageError, VideoReadError
from feelit.explaining import figure
from feelit.explaining.explain import explain_sources
from feelit.explaining.figure import explain_into
from feelit.models.card import card_path
from feelit.options.models import ExplainOptions, Method
from feelit.types import EMOTIONS, Float32
from tests.explaining import made
from tests.explaining.made import CARD, REGION, SIDE, linear, region_weight, saved
from tests.video import clips

FEW = ExplainOptions(masks=300, device="cpu")


@pytest.fixture
def model(tmp_path: Path) -> str:
    """Finds happiness where REGION is bright."""
    return str(linear(tmp_path / "made.onnx", region_weight()))


@pytest.fixture
def image(tmp_path: Path) -> str:
    """No face: the whole image is the crop, pixel by pixel."""
    crop = made.bright_region()
    return str(saved(tmp_path / "a.png", np.repeat(crop[..., None], 3, axis=2)))


@pytest.mark.parametrize("method", ["rise", "occlusion"])
def test_both_methods_point_at_what_counts(method: Method, model: str, image: str) -> None:
    (found,) = explain_sources(model, [image], replace(FEW, method=method, masks=1500))
    np.testing.assert_array_equal(found.crop, made.bright_region())
    assert (found.source, found.time_s, found.face, found.found, found.near) == (image, None, 1, False, None)
    assert found.label == "happiness"
    assert found.probability[EMOTIONS.index("happiness")] == pytest.approx(250 / 255, abs=1e-5)
    x, y = found.faithfulness.peak_px
    assert REGION[0].start <= y < REGION[0].stop
    assert REGION[1].start <= x < REGION[1].stop
    assert found.saliency.shape == (SIDE, SIDE)
    assert found.saliency.dtype == np.float32
    assert found.unit == "change of probability"
    assert found.faithfulness.drop > 0.3


def test_another_label_can_be_explained_under_any_spelling(model: str, image: str) -> None:
    happy, sad = (explain_sources(model, [image], replace(FEW, label=label))[0] for label in (None, "Sad"))
    assert sad.label == "sadness"
    np.testing.assert_allclose(sad.saliency, -happy.saliency, atol=1e-5)


def test_patch_and_stride_follow_the_crop_unless_given(model: str, image: str) -> None:
    usual = explain_sources(model, [image], replace(FEW, method="occlusion"))[0].saliency
    reported = explain_sources(model, [image], replace(FEW, method="occlusion", patch_px=4, stride_px=1))[0].saliency
    other = explain_sources(model, [image], replace(FEW, method="occlusion", patch_px=6))[0].saliency
    np.testing.assert_array_equal(usual, reported)
    assert not np.array_equal(usual, other)


def test_faces_come_by_source_and_from_the_left(tmp_path: Path, image: str) -> None:
    group = str(made.group(tmp_path / "group.png"))
    video = clips.plain(tmp_path / "v.mp4", rate=5, frames=4, face=True)
    found = explain_sources("expression", [group, f"{video}@0.41", image], replace(FEW, masks=10))
    assert [(Path(f.source).name, f.time_s, f.face, f.found) for f in found] == [
        *(("group.png", None, n, True) for n in (1, 2, 3)),
        ("v.mp4", 0.4, 1, True),
        ("a.png", None, 1, False),
    ]
    assert {f.crop.shape for f in found} == {(64, 64)}
    (middle,) = explain_sources("expression", [group], replace(FEW, masks=10, face=2))
    np.testing.assert_array_equal(middle.saliency, found[1].saliency)
    assert middle.near is not None


def test_a_face_does_not_depend_on_its_company(tmp_path: Path) -> None:
    group, portrait = str(made.group(tmp_path / "g.png")), str(made.portrait(tmp_path / "p.png"))
    together = explain_sources("expression", [group, portrait], replace(FEW, masks=10))
    (alone,) = explain_sources("expression", [portrait], replace(FEW, masks=10))
    np.testing.assert_array_equal(together[-1].saliency, alone.saliency)
    assert together[-1].summary() == alone.summary()


def rank_correlation(a: Float32, b: Float32) -> float:
    ranks = [np.argsort(np.argsort(values.ravel())) for values in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


@pytest.mark.parametrize("method", ["rise", "occlusion"])
def test_maps_depend_on_the_weights_of_the_model(method: Method, tmp_path: Path) -> None:
    """The model parameter randomisation test of Adebayo et al. (2018): a map that stays when the weights are exchanged would
    show edges of the picture, and nothing of the model."""
    rng = np.random.default_rng(7)
    image = saved(tmp_path / "a.png", np.repeat(rng.integers(0, 256, (SIDE, SIDE, 1)).astype(np.uint8), 3, axis=2))
    cells = rng.permutation(16)
    weights = [np.kron(np.isin(np.arange(16), chosen).reshape(4, 4), np.ones((6, 6))) for chosen in (cells[:4], cells[4:8])]
    models = [linear(tmp_path / f"{i}.onnx", weight / weight.sum()) for i, weight in enumerate(weights)]
    options = replace(FEW, method=method, label="happiness", masks=3000)
    one, exchanged = (explain_sources(str(model), [str(image)], options)[0].saliency for model in models)
    (again,) = explain_sources(str(models[0]), [str(image)], replace(options, seed=2))
    assert rank_correlation(one, again.saliency) > 0.85
    assert abs(rank_correlation(one, exchanged)) < 0.5
    assert rank_correlation(np.abs(one), np.abs(exchanged)) < 0.5


def test_the_summary_is_made_of_numbers_and_words(model: str, image: str) -> None:
    (found,) = explain_sources(model, [image], FEW)
    reported = found.summary()
    assert reported["probabilities"]["happiness"] == reported["probability"] == pytest.approx(0.9804, abs=1e-4)
    assert reported["largest"] == pytest.approx(float(found.saliency.max()), abs=1e-4)
    x0, y0, x1, y1 = reported["top_region"]
    assert 0 <= x0 <= reported["peak"][0] < x1 <= SIDE
    assert 0 <= y0 <= reported["peak"][1] < y1 <= SIDE
    assert 0 <= reported["deletion_auc"] < reported["insertion_auc"] <= 1


@pytest.mark.parametrize(
    ("asked", "reported"),
    [
        pytest.param({"method": "RISE"}, "--method RISE is not known", id="no such method"),
        pytest.param({"baseline": "black"}, "--baseline black is not known", id="no such baseline"),
        pytest.param({"label": "joy"}, "--label joy is not known", id="no such label"),
        pytest.param({"face": 0}, "--face 0 is no face", id="no such face"),
        pytest.param({"masks": 1}, "--masks 1 is out of range", id="one mask"),
        pytest.param({"masks": 10**9}, "out of range", id="too many masks"),
        pytest.param({"seed": -1}, "--seed -1", id="seed"),
        pytest.param({"patch_px": 0}, "--patch 0", id="no patch"),
        pytest.param({"stride_px": 0}, "--stride 0", id="no step"),
    ],
)
def test_options_that_make_no_sense_are_reported(asked: dict[str, object], reported: str) -> None:
    with pytest.raises(UsageError, match=reported):
        replace(FEW, **asked)  # type: ignore[arg-type]  # names and values of several types


@pytest.mark.parametrize(
    ("options", "reported"),
    [
        pytest.param(replace(FEW, label="fear"), "made.onnx has no label fear", id="label of another model"),
        pytest.param(replace(FEW, face=2), "shows 1 face", id="no second face"),
        pytest.param(replace(FEW, patch_px=25), "do not fit", id="patch larger than the crop"),
        pytest.param(replace(FEW, patch_px=4, stride_px=5), "do not fit", id="stride longer than the patch"),
    ],
)
def test_what_does_not_fit_model_or_picture_is_reported(options: ExplainOptions, reported: str, model: str, image: str) -> None:
    with pytest.raises(UsageError, match=reported) as caught:
        explain_sources(model, [image], options)
    assert caught.value.hint


def test_models_that_cannot_be_asked_are_reported(tmp_path: Path, image: str) -> None:
    bare = linear(tmp_path / "bare.onnx", region_weight())
    card_path(bare).unlink()
    for name, reported in ((str(bare), "has no card"), ("gone.onnx", "does not exist"), ("face", "is a model for face")):
        with pytest.raises(ModelError, match=reported):
            explain_sources(name, [image], FEW)
    with pytest.raises(ModelError, match="not a face detector"):
        explain_sources("expression", [image], replace(FEW, detector="expression"))


def test_more_faces_than_there_is_room_for_are_reported_before_the_work(
    model: str, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert figure.MOST_FACES == 60
    monkeypatch.setattr(figure, "MOST_FACES", 3)
    asked: list[float] = []
    with pytest.raises(UsageError, match="4 faces are more than the 3") as caught:
        explain_into(tmp_path / "b.png", model, [image] * 4, FEW, progress=asked.append)
    assert caught.value.hint
    assert (asked, (tmp_path / "b.png").exists()) == ([], False)
    assert len(explain_sources(model, [image] * 4, replace(FEW, masks=2))) == 4  # without a picture there is room for all


def test_nothing_to_explain_is_reported() -> None:
    with pytest.raises(UsageError, match="nothing to explain"):
        explain_sources("expression", [], FEW)


def test_the_python_function_gives_and_draws_the_same(model: str, image: str, tmp_path: Path) -> None:
    (found,) = feelit.explain(image, model, masks=300, device="cpu", out=tmp_path / "b.png")
    np.testing.assert_array_equal(found.saliency, explain_sources(model, [image], FEW)[0].saliency)
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")
    assert len(feelit.explain([image, Path(image)], model, method="occlusion", label="sadness", device="cpu")) == 2
    with pytest.raises(feelit.OutputError, match="exists already"):
        feelit.explain(image, model, out=tmp_path / "b.png")
    with pytest.raises(VideoReadError):
        feelit.explain(tmp_path / "gone.png", model)
    with pytest.raises(FeelitError):
        feelit.explain([], model)


def test_classifiers_on_plain_boxes_are_not_reported_landmarks(tmp_path: Path) -> None:
    path = linear(tmp_path / "m.onnx", region_weight(), CARD)
    (found,) = explain_sources(str(path), [str(made.portrait(tmp_path / "p.png"))], replace(FEW, masks=20))
    assert (found.found, found.near) == (True, None)
