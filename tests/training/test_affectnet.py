"""A run on data laid out as AffectNet's, from the command line to the scores, with every means against over-fitting at once."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("onnx")

from feelit.datasets.names import AFFECTNET
from feelit.datasets.read import read_split, read_splits
from feelit.training.expression.data import trainable
from feelit.types import UInt8
from tests.conftest import Command
from tests.datasets.made import encoded, pictures

HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
LABELS = [*range(8), *range(8), 8, 9, 10]
"""AffectNet's numbers: eight expressions twice, none, uncertain, no face."""


def write_list(folder: Path, name: str, images: Sequence[UInt8], labels: Sequence[int]) -> None:
    """A list and its images in colour, spread over numbered folders."""
    lines = [HEADER]
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / str(i % 3) / f"{name}{i}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(encoded(np.repeat(image[:, :, None], 3, axis=2)))
        lines.append(f"{i % 3}/{place.name},0,0,{len(image)},{len(image)},1.0;2.0;3.0;4.0,{label},-0.1,0.2")
    (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")


def write_affectnet(folder: Path) -> None:
    """Validation shows the pictures of training in another size, so scores say whether they were learnt."""
    images = pictures(len(LABELS), 120)
    write_list(folder, "training", list(images), LABELS)
    write_list(folder, "validation", list(pictures(len(LABELS), 100)), LABELS)


def test_a_folder_with_a_list_a_split(tmp_path: Path) -> None:
    write_affectnet(tmp_path)
    splits = read_splits(tmp_path)
    assert {name: len(faces) for name, faces in splits.items()} == {"train": 19, "valid": 19}
    (tmp_path / "training.csv").write_text("no list of anything")
    assert len(read_split(tmp_path, "valid")) == 19, "files of other splits are not read"


def test_a_list_beside_folders_of_splits_is_passed_over(tmp_path: Path) -> None:
    write_affectnet(tmp_path)
    for split in ("train", "valid"):
        for name in ("happy", "sad"):
            (tmp_path / split / name).mkdir(parents=True)
            (tmp_path / split / name / "one.png").write_bytes(encoded(pictures(1)[0]))
    for number in range(3):
        (tmp_path / str(number)).rename(tmp_path / f".{number}")
    assert len(read_split(tmp_path, "train")) == 2


def test_pictures_without_an_expression_are_not_learnt_from(tmp_path: Path) -> None:
    write_affectnet(tmp_path)
    faces = trainable(read_splits(tmp_path)["train"])
    assert (len(faces), int((faces.label < 0).sum())) == (16, 0)


@pytest.mark.slow
def test_eight_classes_are_learnt_with_every_means_against_overfitting(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feelit.training.expression.train.draw_curves", lambda *given: None)  # a figure after each of 40 epochs
    write_affectnet(tmp_path / "AffectNet")
    recipe = tmp_path / "mine.toml"
    recipe.write_text(
        'kind = "expression"\nsize_px = 48\nstem = 16\nchannels = [32]\nblocks = [1]\nstrides = [2]\nint8 = false\n'
        'batch = 4\nepochs = 40\nlearning_rate = 0.003\nwarmup_epochs = 0\nmixup = 0\nema = 0.9\naugmentation = "none"\n'
        'dropout = 0.05\nl1 = 1e-5\nrare = 0.5\nschedule = "plateau"\npatience = 4\nearly_stopping = 12\n'
    )
    ran = command("train", recipe, "--data", tmp_path / "AffectNet", "--out", tmp_path / "run")
    assert ran.code == 0, ran.err
    assert "16 training images, 19 validation images" in ran.err
    rates = [float(rate) for rate in re.findall(r"learning rate (\S+),", ran.err)]
    assert rates == sorted(rates, reverse=True)
    report = json.loads((tmp_path / "run" / "evaluation" / "scores.json").read_text())
    assert report["images"]["scored"] == 16
    assert set(report["classes"]) == set(AFFECTNET)
    assert report["accuracy"]["value"] >= 0.75
    assert "FER2013" not in ran.err, "nothing is said of labels that there are none of"
    assert not (tmp_path / "run" / "evaluation-fer2013").exists()
