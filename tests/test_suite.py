"""What every test may rely on."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


def test_every_test_runs_in_an_empty_folder_of_its_own(own_folder: Path) -> None:
    """After `make demo` the repository holds results.parquet: a test that ran there would meet it."""
    assert Path.cwd() == own_folder
    assert not own_folder.is_relative_to(REPOSITORY)
    assert list(own_folder.iterdir()) == []
