"""The command `feelit plot`."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feelit.timeline.schema import pack_metadata
from tests.conftest import Command
from tests.timeline.rows import regular, table_of


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a timeline of one video and one of two."""
    monkeypatch.chdir(tmp_path)
    tables = [table_of({1: "n" * 20 + "h" * 20, 2: "s" * 40}, regular(40), name) for name in ("a.mp4", "b.mp4")]
    for name, chosen in (("t.parquet", tables[:1]), ("two.parquet", tables)):
        facts = {"videos": {f"{letter}.mp4": {"frames_sampled": 40} for letter in "ab"[: len(chosen)]}}
        table = pa.concat_tables(chosen).unify_dictionaries().combine_chunks()
        pq.write_table(table.replace_schema_metadata(pack_metadata(facts)), tmp_path / name)
    return tmp_path


def test_it_draws_a_pdf_unless_given_otherwise_and_is_silent(here: Path, command: Command) -> None:
    ran = command("plot", "t.parquet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert (here / "timeline.pdf").read_bytes().startswith(b"%PDF")


def test_options_reach_the_figure(here: Path, command: Command) -> None:
    options = ["--video", "b.mp4", "--tracks", "1", "--emotion", "happiness", "--start", "1", "--end", "3", "--title", "Smiles"]
    ran = command("plot", "two.parquet", "--out", "o/a.svg", *options, "--width", "85")
    assert (ran.code, ran.err) == (0, "")
    text = (here / "o" / "a.svg").read_text(encoding="utf-8")
    assert 'width="240.94' in text  # 85 mm in points
    assert all(f">{word}</text>" in text for word in ("Smiles", "track 1", "happiness", "another emotion", "0:00:01"))
    assert not any(f">{word}</text>" in text for word in ("track 2", "surprise", "0:00:00"))


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        pytest.param(["gone.parquet"], 3, "gone.parquet does not exist", id="no timeline"),
        pytest.param(
            ["t.parquet", "--people", "Ada"], 2, "no person Ada in this timeline (its people: 1, 2)", id="no such person"
        ),
        pytest.param(["t.parquet", "--width", "wide"], 2, "--width wide is no width (give single", id="no width"),
        pytest.param(["two.parquet", "--video", "c.mp4"], 2, "it holds a.mp4, b.mp4", id="no such video"),
        pytest.param(["t.parquet", "--tracks", "3"], 2, "no track 3 in this timeline (its tracks: 1, 2)", id="no such track"),
        pytest.param(["t.parquet", "--tracks", "one"], 2, "no list of track ids", id="no track"),
        pytest.param(["t.parquet", "--emotion", "joy"], 2, "--emotion joy is not known", id="no such emotion"),
        pytest.param(["t.parquet", "--out", "a.jpg"], 2, "a.jpg is not a name for a figure", id="format"),
        pytest.param(["t.parquet", "--start", "9"], 2, "there is nothing to plot", id="after the end"),
        pytest.param(["t.parquet", "--out", "there.svg"], 5, "there.svg exists already", id="in the way"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(
    here: Path, command: Command, arguments: list[str], code: int, reported: str
) -> None:
    (here / "there.svg").write_text("mine")
    ran = command("plot", *arguments)
    assert (ran.code, ran.out, len(ran.lines)) == (code, "", 1)
    assert reported in ran.err
    assert {p.name for p in here.iterdir()} == {"t.parquet", "two.parquet", "there.svg"}
    assert (here / "there.svg").read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="Windows allows none of these names")
@pytest.mark.parametrize("name", ["<b>'\"&.svg", "two\nlines.svg", os.fsdecode(b"not-\xff-text.svg")], ids=ascii)
def test_names_may_be_odd(here: Path, command: Command, name: str) -> None:
    assert command("plot", "t.parquet", "--out", name).code == 0
    ran = command("plot", "t.parquet", "--out", name)
    assert (ran.code, len(ran.lines)) == (5, 1)
