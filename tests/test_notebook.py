"""The notebook of the documentation: its cells run, and it was saved with what they show."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]
NOTEBOOK = json.loads((REPOSITORY / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))


def maker() -> Any:
    """The script that fills the notebook."""
    spec = importlib.util.spec_from_file_location("make_notebook", REPOSITORY / "docs" / "make_notebook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.usefixtures("serial")
def test_every_cell_runs_and_shows_the_kinds_of_things_that_were_saved() -> None:
    make_notebook = maker()
    shutil.copy(REPOSITORY / "sample_videos" / "meeting.mp4", ".")
    for cell, value in make_notebook.run_cells(NOTEBOOK):
        saved = set().union(*(output["data"] for output in cell["outputs"]))
        assert set(make_notebook.shown(value)) == saved, "".join(cell["source"])
    assert Path("meeting.html").stat().st_size > 10_000


def test_the_notebook_shows_a_summary_a_figure_and_a_page() -> None:
    code = "\n".join("".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code")
    for call in (
        "feelit.analyze(",
        '.summary(by="track")',
        ".plot(",
        ".report(",
        ".events(",
        ".to_pandas()",
        "feelit.Analyzer()",
    ):
        assert call in code
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)


def test_no_path_of_a_machine_is_in_the_notebook() -> None:
    text = json.dumps(NOTEBOOK)
    assert "/home/" not in text
    assert "/tmp/" not in text  # noqa: S108  # a text, not a file
