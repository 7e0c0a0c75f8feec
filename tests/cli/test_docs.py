"""The reference pages are those of the program; what is written by hand on them names what there is."""

from __future__ import annotations

import re
from dataclasses import fields
from itertools import takewhile
from pathlib import Path

import pytest

from feelit import errors
from feelit.cli import INTERRUPTED
from feelit.cli.reference import cli_page, commands, python_page
from feelit.run.job import VideoReport
from feelit.run.search import SUFFIXES
from feelit.video.photographs import SUFFIXES as PHOTOGRAPHS
from feelit.video.writer import CODECS, FORMATS
from tests.conftest import Command

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "cli.md").read_text(encoding="utf-8")
COMMANDS = commands()


def section(title: str) -> str:
    """The text below a heading, up to the next one of its level or above."""
    level = title.split()[0]
    _, _, rest = PAGE.partition(f"\n{title}\n")
    assert rest, title
    return re.split(rf"\n#{{1,{len(level)}}} ", rest)[0]


def table(text: str, heading: str) -> list[list[str]]:
    """The cells of the table whose head begins with `heading`."""
    lines = text[text.index(f"| {heading} |") :].splitlines()[2:]
    rows = takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def options(command: str) -> set[str]:
    """The options of a command, those that switch off included."""
    return {name for p in COMMANDS[command].params for name in (*p.opts, *p.secondary_opts) if name.startswith("--")}


def test_the_pages_are_those_that_the_program_makes() -> None:
    hint = "run python -m feelit.cli.reference docs"
    assert cli_page(PAGE) == PAGE, hint
    assert python_page() == (DOCS / "python.md").read_text(encoding="utf-8"), hint


def test_an_option_that_changes_shows_on_the_page() -> None:
    assert "| `--batch` | `16` | " in PAGE
    outdated = PAGE.replace("| `--batch` | `16` | ", "| `--batch` | `15` | ")
    assert cli_page(outdated) == PAGE
    with pytest.raises(ValueError, match="tables of"):
        cli_page(PAGE.replace("<!-- options of feelit plot -->", ""))


def test_every_command_has_a_section_and_no_other_has() -> None:
    assert re.findall(r"^## feelit (\w+(?: \w+)?)$", PAGE, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_names_no_option_that_there_is_not(command: str) -> None:
    everywhere = set().union(*map(options, COMMANDS)) | {"--help", "--version"}
    assert set(re.findall(r"`(--[a-z-]+)", section(f"## feelit {command}"))) <= everywhere


def test_codecs_and_endings_are_those_of_the_program() -> None:
    page = section("## feelit annotate")
    assert all(f"`{codec}`" in page for codec in CODECS)
    assert all(f"`{ending}`" in page for ending in FORMATS)
    assert {codec.worst_crf for codec in CODECS.values()} == {51, 63}
    assert set(re.findall(r"`(\.\w+)`", section("## feelit analyze").split("\n<!--")[0])) == SUFFIXES | PHOTOGRAPHS


def test_json_fields_are_those_of_a_report() -> None:
    rows = table(section("### JSON"), "field")
    names = list(VideoReport(video="a.mp4", status="done").record())
    assert [row[0].strip("`") for row in rows] == names
    kinds = {
        "text": "str",
        "number": "int",
        "text or null": "str | None",
        "number or null": "int | None",
        "true or false": "bool",
    }
    types = {field.name: str(field.type) for field in fields(VideoReport)} | {"skipped": "int"}
    for name, (_, kind, _) in zip(names, rows, strict=True):
        assert types[name].replace("float", "int") == kinds[kind], name


def test_exit_codes_are_those_of_the_errors() -> None:
    rows = table(section("## Exit codes"), "code")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.FeelitError)]
    classes = {kind.__name__: kind.exit_code for kind in kinds}
    assert {row[1].strip("`"): int(row[0]) for row in rows if row[1]} == classes
    assert [int(row[0]) for row in rows if not row[1]] == [0, INTERRUPTED]


def test_the_example_of_a_file_of_options_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.mp4").write_bytes(b"")
    (tmp_path / "run.toml").write_text(example, encoding="utf-8")
    ran = command("analyze", "--config", "run.toml", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == ["recordings/a.mp4", "more/talk.mp4"]


@pytest.mark.parametrize("name", re.findall(r"\]\(([\w-]+\.md)\)", PAGE))
def test_links_lead_somewhere(name: str) -> None:
    assert (DOCS / name).exists()
