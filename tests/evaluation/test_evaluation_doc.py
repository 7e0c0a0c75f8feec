"""docs/evaluation.md describes every field, file, format and name, and of no other."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from feelit.datasets.images import SUFFIXES
from feelit.datasets.names import AFFECTNET, FER2013, SPLITS, emotion_named
from feelit.datasets.read import read_split
from feelit.evaluation.classifier.folder import CONFUSION, RELIABILITY, SCORES
from feelit.evaluation.classifier.scores import ClassifierScores
from feelit.evaluation.detector.folder import FILES
from feelit.evaluation.detector.scores import FaceScores, ScoreBin, SizeScore
from feelit.labels import SPELLINGS
from feelit.types import EMOTIONS
from tests.datasets.made import encoded, pictures

PAGE = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")


def paragraph(title: str) -> str:
    """A paragraph by the bold words that it begins with, in one line."""
    return " ".join(PAGE[PAGE.index(f"**{title}.**") :].split("\n\n")[0].split())


def test_fields_are_those_of_the_scores() -> None:
    table = PAGE[PAGE.index("| field |") :].split("\n\n")[0].splitlines()[2:]
    reported = [name for row in table for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(reported) == sorted(field.name for field in fields(ClassifierScores))


def test_fields_of_detectors_are_those_of_their_scores() -> None:
    section = PAGE[PAGE.index("\n## Detectors\n") :]
    reported = set(re.findall(r"`(\w+)`", section[section.index("| field |") :].split("\n\n")[0]))
    figures = {field.name for field in fields(FaceScores)} - {"curves", "missed", "false"}
    assert reported == figures | {field.name for kind in (SizeScore, ScoreBin) for field in fields(kind)}
    assert all(f"`{name}`" in section for name in FILES)


def test_files_and_endings_are_those_of_the_program() -> None:
    assert all(f"- `{name}`" in PAGE for name in (SCORES, CONFUSION, RELIABILITY))
    assert set(re.findall(r"`(\.(?:bmp|jpe?g|png|webp))`", PAGE)) == set(SUFFIXES) - {".jpeg"}


def test_names_of_classes_and_splits_are_those_of_the_program() -> None:
    folders, fer2013, lists = paragraph("Folders"), paragraph("FER2013"), paragraph("Lists")
    assert all(name in folders for name in (*EMOTIONS, *SPELLINGS))
    assert all(emotion_named(name) is not None for name in (*EMOTIONS, *SPELLINGS))
    assert ", ".join(FER2013) in fer2013
    assert ", ".join(AFFECTNET) in lists
    assert all(split in folders for split in SPLITS)


@pytest.mark.parametrize("name", ["FER2013", "Lists"])
def test_the_examples_are_read(name: str, tmp_path: Path) -> None:
    example = PAGE[PAGE.index(f"**{name}.**") :].split("\n\n")[1]
    header, line = (text.strip() for text in example.splitlines())
    if name == "FER2013":
        pixels = line.split(",")[1]
        line = line.replace(pixels, " ".join([*pixels.replace("...", "").split(), *["9"] * 2300]))
    else:
        (tmp_path / "689").mkdir()
        (tmp_path / line.split(",")[0]).write_bytes(encoded(pictures(1)[0], ".jpg"))
    label, other = (line.split(",")[i] for i in ((0, 1) if name == "FER2013" else (1, 0)))
    second = line.replace(f"{label},{other}", f"3,{other}") if name == "FER2013" else f"{other},2"
    (tmp_path / "data.csv").write_text("\n".join([header, line, second]))
    faces = read_split(tmp_path / "data.csv")
    assert [EMOTIONS[k] for k in faces.label] == (["anger", "happiness"] if name == "FER2013" else ["happiness", "sadness"])
    assert faces.images[0].shape == (48, 48)


@pytest.mark.parametrize("link", re.findall(r"\]\(([\w-]+\.md)", PAGE))
def test_links_lead_somewhere(link: str) -> None:
    assert (Path(__file__).parents[2] / "docs" / link).exists()
