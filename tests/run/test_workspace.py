"""Finished segments come back as they were put away, or not at all."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from feelit.errors import OutputError
from feelit.run.workspace import Shelf, Workspace
from feelit.types import Columns, Segment, SegmentResult
from tests.timeline.made import recording

SEGMENT = Segment(0, None, 1800, 20)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path / "out.parquet")
    workspace.open(fresh=False)
    return workspace


@pytest.fixture
def shelf(workspace: Workspace) -> Shelf:
    return workspace.shelf(["settings", "video"])


def result(seed: int = 0) -> SegmentResult:
    return recording(frames=20, seed=seed).whole()


def assert_same(a: SegmentResult, b: SegmentResult) -> None:
    for one, other in ((a.frames, b.frames), (a.faces, b.faces)):
        assert type(one) is type(other)
        for f in fields(one):
            column: object = getattr(other, f.name)
            np.testing.assert_array_equal(getattr(one, f.name), column, strict=True)
    numbers = [f.name for f in fields(SegmentResult) if not isinstance(getattr(a, f.name), Columns)]
    assert [getattr(a, n) for n in numbers] == [getattr(b, n) for n in numbers]


def test_a_result_comes_back_bit_for_bit(shelf: Shelf) -> None:
    kept = result()
    assert len(kept.faces)
    shelf.save(SEGMENT, kept)
    loaded = shelf.load(SEGMENT)
    assert loaded is not None
    assert_same(loaded, kept)


def test_a_result_without_frames_comes_back_too(shelf: Shelf) -> None:
    kept = result()
    nothing = replace(kept, frames=kept.frames.rows(slice(0)), faces=kept.faces.rows(slice(0)), decoded=7)
    shelf.save(SEGMENT, nothing)
    loaded = shelf.load(SEGMENT)
    assert loaded is not None
    assert_same(loaded, nothing)


def test_what_was_not_saved_is_not_there(shelf: Shelf) -> None:
    assert shelf.load(SEGMENT) is None
    shelf.save(SEGMENT, result())
    assert shelf.load(replace(SEGMENT, end_pts=3600)) is None
    assert shelf.load(replace(SEGMENT, start_pts=0)) is None


def test_the_number_of_a_segment_does_not_matter_its_place_does(shelf: Shelf) -> None:
    shelf.save(SEGMENT, result())
    assert shelf.load(replace(SEGMENT, index=5, packets=99)) is not None


def test_another_video_or_other_settings_have_another_shelf(workspace: Workspace) -> None:
    workspace.shelf({"rate": "10", "video": "a"}).save(SEGMENT, result())
    assert workspace.shelf({"video": "a", "rate": "10"}).load(SEGMENT) is not None
    assert workspace.shelf({"rate": "5", "video": "a"}).load(SEGMENT) is None
    assert workspace.shelf({"rate": "10", "video": "b"}).load(SEGMENT) is None


@pytest.mark.parametrize("damage", [b"", b"not an archive", b"\x93NUMPY\x01\x00"], ids=["empty", "text", "half-a-header"])
def test_a_damaged_result_counts_as_none_and_can_be_replaced(damage: bytes, shelf: Shelf) -> None:
    shelf.save(SEGMENT, result())
    (file,) = shelf.folder.iterdir()
    file.write_bytes(damage)
    assert shelf.load(SEGMENT) is None
    shelf.save(SEGMENT, result())
    assert shelf.load(SEGMENT) is not None


def test_saving_leaves_nothing_but_the_result(shelf: Shelf) -> None:
    shelf.save(SEGMENT, result(0))
    shelf.save(SEGMENT, result(1))
    assert [p.name for p in shelf.folder.iterdir()] == ["None_1800.npz"]
    loaded = shelf.load(SEGMENT)
    assert loaded is not None
    assert_same(loaded, result(1))


def test_the_folder_is_hidden_beside_the_output(workspace: Workspace, tmp_path: Path) -> None:
    assert workspace.folder == tmp_path / ".out.parquet.feelit"
    assert workspace.folder.is_dir()


def test_a_fresh_workspace_forgets_and_a_resumed_one_remembers(workspace: Workspace, shelf: Shelf) -> None:
    shelf.save(SEGMENT, result())
    workspace.open(fresh=False)
    assert shelf.load(SEGMENT) is not None
    workspace.open(fresh=True)
    assert shelf.load(SEGMENT) is None
    assert workspace.folder.is_dir()


def test_closing_removes_everything_and_may_be_repeated(workspace: Workspace, shelf: Shelf, tmp_path: Path) -> None:
    shelf.save(SEGMENT, result())
    workspace.close()
    workspace.close()
    assert list(tmp_path.iterdir()) == []


def test_clearing_forgets_one_video_only(workspace: Workspace, shelf: Shelf) -> None:
    other = workspace.shelf("other")
    shelf.save(SEGMENT, result())
    other.save(SEGMENT, result())
    shelf.clear()
    shelf.clear()
    assert shelf.load(SEGMENT) is None
    assert other.load(SEGMENT) is not None


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        Workspace(tmp_path / "file" / "out.parquet").open(fresh=False)
