"""`--help` reads like a manual page: whole summaries, plain names, one pair of brackets."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import typer

from feelit.cli import COMMANDS, application
from feelit.cli.help import summary_of
from feelit.cli.reference import commands
from tests.conftest import Command


@pytest.mark.parametrize("name", ["", *commands()])
def test_nothing_is_cut_off_or_in_braces(name: str, command: Command) -> None:
    ran = command(*name.split(), "--help")
    assert (ran.code, ran.err) == (0, "")
    text = " ".join(ran.out.split())
    assert re.search(r"[a-z]\.\.\.$", ran.out, re.MULTILINE) is None
    usage = ran.out.split("\n\n")[0]
    assert "{" not in usage
    assert "[[" not in usage
    assert "default: (" not in text
    assert "list[str]" not in text


def test_several_inputs_are_shown_by_dots(command: Command) -> None:
    assert command("analyze", "--help").out.split("\n")[0].endswith(" analyze [OPTIONS] INPUT...")
    assert " ".join(command("models", "verify", "--help").out.split("\n\n")[0].split()).endswith("[OPTIONS] [NAME|PATH]...")


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("Draw a timeline on its video: boxes.", "Draw a timeline on its video"),
        ("List models. Nothing is\n    fetched.\n\nMore.", "List models"),
        ("One\nline.", "One line"),
        ("", ""),
    ],
)
def test_a_summary_is_the_first_sentence(text: str, summary: str) -> None:
    assert summary_of(text) == summary


def test_one_command_is_declared_as_among_all_others() -> None:
    whole: Any = typer.main.get_command(application())
    assert sorted(whole.commands) == sorted(COMMANDS)
    for name in COMMANDS:
        alone: Any = typer.main.get_command(application([name]))
        assert list(alone.commands) == [name]
        given = [[(p.name, p.opts, p.default) for p in group.commands[name].params] for group in (alone, whole)]
        assert given[0] == given[1]


def test_a_command_loads_neither_other_commands_nor_what_converts_text() -> None:
    """What `feelit analyze` takes is text, so pydantic is not needed; nor is rich where nothing is a terminal."""
    code = (
        "import sys; sys.argv = ['feelit', 'summarize', '--signals', '--out', 'x.csv', 'nothing.parquet']\n"
        "from feelit.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code)\n"
        "print({'pydantic', 'rich', 'feelit.cli.analyze', 'feelit.cli.summarize'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["3", "{'feelit.cli.summarize'}"]


@pytest.mark.parametrize("given", [["--batch", "x"], ["--signals", "x"], ["--rate"], ["--force=1"]])
def test_values_that_are_no_text_are_still_checked(given: list[str], command: Command) -> None:
    ran = command("analyze", "a.mp4", *given)
    assert ran.code == 2
    assert given[0].split("=")[0] in ran.err
