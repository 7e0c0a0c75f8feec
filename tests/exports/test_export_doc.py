"""docs/export.md describes every format, of its ending, and of every column, and of no other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from feelit.exports import boris, openface, pyfeat
from feelit.exports.run import FORMATS
from feelit.signals.columns import ACTION_UNITS

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    return re.split(r"^## ", PAGE.split(f"\n## {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def first_cells(text: str) -> list[list[str]]:
    """What is named in the first cells of the rows of tables."""
    return [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in text.splitlines() if re.match(r"\| \[?`", line)]


def test_every_format_is_in_the_table_with_its_ending() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| [`")]
    reported = {re.findall(r"`(\w+)`", row[0])[0]: (row[1].strip("`"), row[4]) for row in rows}
    assert reported == {name: (kind.suffix, "one" if kind.one_video else "any number") for name, kind in FORMATS.items()}


@pytest.mark.parametrize("anchor", re.findall(r"\]\(#([\w-]+)\)", PAGE))
def test_every_link_has_its_section(anchor: str) -> None:
    assert anchor in [re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in re.findall(r"^## (.+)$", PAGE, re.M)]


@pytest.mark.parametrize(
    ("title", "headings"),
    [
        pytest.param("OpenFace", openface.headings(True, tuple(ACTION_UNITS)), id="openface"),
        pytest.param("py-feat", pyfeat.headings(pyfeat.POSE, ACTION_UNITS), id="pyfeat"),
        pytest.param("BORIS", boris.HEADINGS, id="boris"),
    ],
)
def test_every_column_is_reported_and_no_other_is(title: str, headings: Sequence[str]) -> None:
    reported = [name for names in first_cells(section(title)) for name in names]
    assert len(reported) == len(set(reported))
    assert set(reported) == set(headings)
