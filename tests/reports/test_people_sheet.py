"""The contact sheet: faces of everybody, doubts first, complete in itself; it says so when there is no video."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import feelit
from feelit.identity.doubts import pair_doubts, split_doubts
from feelit.identity.embeddings import ChosenFaces, choose_faces
from feelit.timeline.recording import open_timelines
from feelit.types import Float32, Int8
from tests.browser import Watched
from tests.conftest import serially
from tests.identity.made import directions, near
from tests.video import clips


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video with one face, and its timeline."""
    folder = tmp_path_factory.mktemp("sheet")
    clips.plain(folder / "face.mp4", frames=50, face=True, gop=12)
    with serially():
        feelit.analyze(folder / "face.mp4", folder / "face.parquet", rate=5, workers=1, device="cpu")
    return folder


def chosen(people: list[int], times_s: list[float]) -> ChosenFaces:
    count = len(people)
    return ChosenFaces(
        time_s=np.array(times_s, np.float64),
        person=np.array(people, np.int64),
        box=np.tile(np.array([0, 0, 9, 9], np.float32), (count, 1)),
        landmarks=np.zeros((count, 5, 2), np.float32),
        quality=np.ones(count, np.float32),
    )


def vectors(*parts: tuple[Float32, int]) -> Int8:
    return np.stack([v for n, (direction, count) in enumerate(parts) for v in near(direction, count, n)])


A, B = directions(2)


def test_pairs_that_look_alike_come_first_and_those_seen_together_are_none() -> None:
    faces = chosen([1, 1, 2, 2, 3, 3], [0, 1, 2, 3, 4, 5])
    vector = vectors((A, 2), (A, 2), (B, 2))
    (doubt,) = pair_doubts(faces, vector, frozenset())
    assert (doubt.one, doubt.other) == (1, 2)
    assert doubt.probability > 0.9
    assert pair_doubts(faces, vector, frozenset({(1, 2)})) == []


def test_a_person_whose_faces_change_may_be_two() -> None:
    faces = chosen([1] * 4 + [2] * 4, [0, 1, 2, 3, 4, 5, 6, 7])
    (doubt,) = split_doubts(faces, vectors((A, 2), (B, 2), (A, 4)))
    assert (doubt.person, doubt.at_s) == (1, 2)
    assert doubt.probability > 0.9


def test_faces_are_spread_over_the_time_in_which_somebody_is_seen(folder: Path) -> None:
    (recording,) = open_timelines(folder / "face.parquet")
    faces = choose_faces(recording, 4)
    assert len(faces) == 4
    assert np.diff(faces.time_s).min() > 0


def test_the_page_shows_faces_runs_nothing_and_loads_nothing(folder: Path, tmp_path: Path, watched: Watched) -> None:
    page = tmp_path / "people.html"
    feelit.people(folder / "face.parquet", sheet=page)
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert re.findall(r'(?:src|href)="(?!data:)', text) == []
    assert len(re.findall("<img", text)) >= 5
    watched.page.goto(page.as_uri())
    sizes = watched.page.eval_on_selector_all("img", "images => images.map(i => i.naturalWidth)")
    assert set(sizes) == {104}
    assert watched.page.evaluate("getComputedStyle(document.querySelector('.card')).borderTopStyle") == "solid"
    assert (watched.complaints, watched.requests) == ([], [])


def test_without_the_video_the_page_says_so(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "face.parquet", tmp_path / "alone.parquet")
    moved = tmp_path / "elsewhere.mp4"
    shutil.move(folder / "face.mp4", moved)
    try:
        page = tmp_path / "people.html"
        feelit.people(tmp_path / "alone.parquet", sheet=page)
        text = page.read_text(encoding="utf-8")
        assert "face.mp4 was not found: there are no pictures" in text
        assert "<img" not in text
        feelit.people(tmp_path / "alone.parquet", sheet=page, videos=tmp_path, force=True)
        assert "<img" in page.read_text(encoding="utf-8")
    finally:
        shutil.move(moved, folder / "face.mp4")


def test_a_page_that_exists_stays_unless_it_may_be_replaced(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "people.html"
    page.write_text("mine", encoding="utf-8")
    with pytest.raises(feelit.OutputError, match="exists already"):
        feelit.people(folder / "face.parquet", sheet=page)
    assert page.read_text(encoding="utf-8") == "mine"


def test_a_page_has_the_name_of_one(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(feelit.UsageError, match="is not a name for a page"):
        feelit.people(folder / "face.parquet", sheet=tmp_path / "people.pdf")


def test_a_name_is_text_on_the_page(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "face.parquet", tmp_path / "named.parquet")
    page = tmp_path / "people.html"
    feelit.people(tmp_path / "named.parquet", name={1: "<b>Ann & Co"}, sheet=page)
    assert "&lt;b&gt;Ann &amp; Co" in page.read_text(encoding="utf-8")
