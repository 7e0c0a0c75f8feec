"""docs/cli.md describes every command, option, default, field and exit code, and of no other."""

from __future__ import annotations

import re
from dataclasses import fields
from enum import EnumType
from itertools import takewhile
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer

from feelit import errors
from feelit.cli import INTERRUPTED, app
from feelit.run.job import VideoReport
from feelit.run.plan import SUFFIXES
from feelit.video.writer import CODECS, FORMATS
from tests.conftest import Command

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
GROUP: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = {}
"""All commands by their names; those of a group have two words."""
for first, command_or_group in GROUP.commands.items():
    inside = getattr(command_or_group, "commands", None)
    COMMANDS |= {f"{first} {second}": part for second, part in inside.items()} if inside else {first: command_or_group}


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


def options(command: str) -> dict[str, Any]:
    """The options of a command by their names, those that switch off included."""
    return {name: p for p in COMMANDS[command].params for name in (*p.opts, *p.secondary_opts) if name.startswith("--")}


def test_every_command_has_a_section_and_no_other_has() -> None:
    assert re.findall(r"^## feelit (\w+(?: \w+)?)$", PAGE, re.MULTILINE) == list(COMMANDS)
    assert re.findall(r"^    feelit (\w+(?: \w+)?) {2,}", PAGE, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_its_table_and_no_other_is(command: str) -> None:
    told = [name for row in table(section(f"## feelit {command}"), "option") for name in re.findall(r"`(--[a-z-]+)`", row[0])]
    assert len(told) == len(set(told))
    assert set(told) == set(options(command))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_names_no_option_that_there_is_not(command: str) -> None:
    everywhere = {name for other in COMMANDS for name in options(other)} | {"--help", "--version"}
    assert set(re.findall(r"`(--[a-z-]+)", section(f"## feelit {command}"))) <= everywhere


@pytest.mark.parametrize("command", COMMANDS)
def test_the_defaults_are_those_of_the_program(command: str) -> None:
    found = options(command)
    for names, default, _ in table(section(f"## feelit {command}"), "option"):
        option = found[re.findall(r"--[a-z-]+", names)[0]]
        if isinstance(option.show_default, str):
            expected = option.show_default
        elif isinstance(option.default, bool):
            expected = option.opts[0] if option.default else "off"
        else:
            expected = "" if option.default is None else str(getattr(option.default, "value", option.default))
        assert default.replace("`", "") == expected, names


@pytest.mark.parametrize("command", COMMANDS)
def test_choices_are_named(command: str) -> None:
    meaning = {row[0]: row[2] for row in table(section(f"## feelit {command}"), "option")}
    hints = get_type_hints(COMMANDS[command].callback)
    for name, option in options(command).items():
        hint = hints[option.name]
        kinds = [kind for kind in (hint, *get_args(hint)) if isinstance(kind, EnumType)]
        words = {str(choice) for kind in kinds for choice in list[Any](kind) if choice is not option.default}
        assert words <= set(re.findall(r"`([\w-]+)`", meaning.get(f"`{name}`", ""))), name


def test_codecs_and_endings_are_those_of_the_program() -> None:
    page = section("## feelit annotate")
    assert all(f"`{codec}`" in page for codec in CODECS)
    assert all(f"`{ending}`" in page for ending in FORMATS)
    assert {codec.worst_crf for codec in CODECS.values()} == {51, 63}
    assert set(re.findall(r"`(\.\w+)`", section("## feelit analyze").split("\n|")[0])) == SUFFIXES


def test_json_fields_are_those_of_a_report() -> None:
    rows = table(section("### JSON"), "field")
    assert [row[0].strip("`") for row in rows] == [field.name for field in fields(VideoReport)]
    kinds = {"text": "str", "number": "int", "text or null": "str | None"}
    for field, (_, kind, _) in zip(fields(VideoReport), rows, strict=True):
        assert str(field.type).replace("float", "int") == kinds[kind], field.name


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
    assert (Path(__file__).parents[2] / "docs" / name).exists()
