"""`--help` reads like a manual page: whole summaries, plain names, one pair of brackets."""

from __future__ import annotations

import re

import pytest

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
