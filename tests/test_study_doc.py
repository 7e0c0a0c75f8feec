"""The worked example of docs/study.md: made, run as it is written, and saying what it says."""

from __future__ import annotations

import importlib.util
import io
import re
import shlex
import sys
from contextlib import redirect_stdout
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import feelit
from feelit.analysis.study.contrasts import COLUMNS as CONTRASTS
from feelit.analysis.study.table import LONG
from feelit.cli import application

REPOSITORY = Path(__file__).parents[1]
PAGE = (REPOSITORY / "docs" / "study.md").read_text(encoding="utf-8")
PICTURE = REPOSITORY / "docs" / "pictures" / "study.svg"
EXAMPLE = PAGE.split("## A worked example")[1].split("\n## ")[0]


def blocks(language: str) -> list[str]:
    """What stands in fences of a language in the example."""
    return re.findall(rf"```{language}\n(.*?)```", EXAMPLE, re.DOTALL)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the commands of the example have run, the program's by calls in this process."""
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as monkeypatched:
        monkeypatched.chdir(folder)
        for line in blocks("bash")[0].splitlines():
            words = shlex.split(line)
            if words[0] == "python":
                spec = importlib.util.spec_from_file_location("make_study", REPOSITORY / words[1])
                assert spec is not None
                assert spec.loader is not None
                maker = importlib.util.module_from_spec(spec)
                monkeypatched.setitem(sys.modules, "make_study", maker)  # dataclasses look for their module
                spec.loader.exec_module(maker)
                maker.make(Path(words[2]))
            else:
                application()(words[1:], standalone_mode=False)
    return folder


def test_the_commands_write_tables_a_report_and_the_figure(example: Path) -> None:
    found = {path.name for path in (example / "example" / "results").iterdir()}
    names = ("table", "curves", "contrasts", "quality", "agreement")
    assert found == {f"{name}.{ending}" for name in names for ending in ("csv", "parquet")} | {"report.html"}
    assert (example / "example" / "figure.pdf").read_bytes().startswith(b"%PDF")


def test_python_prints_what_the_page_says(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(example)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(blocks("python")[0], {})
    assert printed.getvalue().rstrip() == blocks("text")[0].rstrip()
    width = ET.parse(example / "example" / "figure.svg").getroot().get("width", "")
    assert float(width.removesuffix("pt")) == pytest.approx(88 / 25.4 * 72, abs=0.01)


def test_the_picture_of_the_page_is_this_figure(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(example)
    feelit.plot("example/results", "example/picture.svg", force=True)
    words = [
        [node.text for node in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]
        for path in (PICTURE, example / "example" / "picture.svg")
    ]
    assert words[0] == words[1]
    assert {"happiness", "sadness", "funny against neutral", "mean_AU12"} <= set(words[0])


@pytest.mark.parametrize("name", [*LONG, *CONTRASTS])
def test_every_column_is_described(name: str) -> None:
    assert f"`{name}`" in PAGE
