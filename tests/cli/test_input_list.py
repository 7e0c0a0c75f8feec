"""Lists of inputs in the encodings that programs write, and text that is no list of names."""

from __future__ import annotations

import codecs
import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.cli.analyze import read_list
from feelit.errors import UsageError
from tests.conftest import Command

NAMES = ["a.mp4", "ünï 中文.mkv", "/deep/b.mov"]
LINES = "\n".join(NAMES) + "\n"


@pytest.mark.parametrize(
    ("content", "paths"),
    [
        pytest.param(b"a.mp4\nb c.mp4\n", ["a.mp4", "b c.mp4"], id="lines"),
        pytest.param(b"a.mp4", ["a.mp4"], id="no newline at the end"),
        pytest.param(b"a.mp4\r\nb.mp4\r\n", ["a.mp4", "b.mp4"], id="windows lines"),
        pytest.param(b"a.mp4\0b\nc.mp4\0", ["a.mp4", "b\nc.mp4"], id="nul"),
        pytest.param(b"a.mp4\0b.mp4", ["a.mp4", "b.mp4"], id="nul between"),
        pytest.param(b"./a\0./b\0./c\0", ["./a", "./b", "./c"], id="nul, short names"),
        pytest.param(b".\0", ["."], id="nul, one letter"),
        pytest.param(b"\n\n a.mp4\n\n", [" a.mp4"], id="empty lines"),
        pytest.param(b"", [], id="nothing"),
        pytest.param(codecs.BOM_UTF8, [], id="nothing but a mark"),
        pytest.param(b'# mine\n"a b.mp4"\n', ["# mine", '"a b.mp4"'], id="neither comments nor quotes"),
        pytest.param(b"\xff.mp4\n", ["\udcff.mp4"], id="a name that is no text"),
        pytest.param(codecs.BOM_UTF8 + LINES.encode(), NAMES, id="utf-8 with a mark"),
        pytest.param(codecs.BOM_UTF8 + b"a.mp4\0b.mp4\0", ["a.mp4", "b.mp4"], id="nul with a mark"),
        pytest.param(codecs.BOM_UTF16_LE + LINES.replace("\n", "\r\n").encode("utf-16-le"), NAMES, id="utf-16-le"),
        pytest.param(codecs.BOM_UTF16_BE + LINES.encode("utf-16-be"), NAMES, id="utf-16-be"),
        pytest.param(codecs.BOM_UTF32_LE + LINES.encode("utf-32-le"), NAMES, id="utf-32-le"),
        pytest.param(codecs.BOM_UTF32_BE + LINES.encode("utf-32-be"), NAMES, id="utf-32-be"),
    ],
)
def test_a_list_is_read(content: bytes, paths: list[str]) -> None:
    assert read_list(content) == paths


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [LINES, "/\n.\n", "C:\\videos\\a.mp4\r\n", "a.mp4"], ids=["names", "roots", "windows", "one"])
def test_letters_are_no_names(text: str, encoding: str) -> None:
    with pytest.raises(UsageError, match="has NUL characters within its names") as caught:
        read_list(text.encode(encoding))
    assert "UTF-16 with a byte order mark" in caught.value.hint


@pytest.mark.parametrize("content", [codecs.BOM_UTF16_LE + b"a", codecs.BOM_UTF16_LE + b"\x00\xd8"], ids=["odd", "half"])
def test_a_mark_that_does_not_hold_is_named(content: bytes) -> None:
    with pytest.raises(UsageError, match="is no utf-16"):
        read_list(content)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r\ufeff"), min_size=2), max_size=5))
def test_names_come_back_whatever_they_are(names: list[str]) -> None:
    assert read_list("".join(f"{name}\n" for name in names).encode()) == names
    assert read_list("".join(f"{name}\0" for name in names).encode()) == names


def test_a_list_in_utf_16_walks_no_folder(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    content = f"{tmp_path}/missing.mp4\n".encode("utf-16-le")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), "utf-8"))
    ran = command("analyze", "-", "--dry-run")
    assert (ran.code, ran.out, len(ran.lines)) == (2, "", 1)
    assert "feelit: the list of inputs has NUL characters within its names" in ran.err


def test_other_texts_are_decoded_by_their_marks(tmp_path: Path, command: Command) -> None:
    config = tmp_path / "c.toml"
    for encoding in ("utf-8-sig", "utf-16"):
        config.write_bytes('rate = "no rate"\n'.encode(encoding))
        ran = command("analyze", "a.mp4", "--config", config)
        assert (ran.code, "--rate no rate is no rate" in ran.err) == (2, True), ran.err
    config.write_bytes('rate = "5"\n'.encode("utf-16-le"))
    ran = command("analyze", "a.mp4", "--config", config)
    assert (ran.code, len(ran.lines)) == (2, 1)


def test_quotes_and_comments_are_named_where_a_name_is_missing(command: Command) -> None:
    ran = command("analyze", '"a b.mp4"', "--quiet")
    assert (ran.code, len(ran.lines)) == (3, 1)
    assert "names stand as they are, without quotes or comments" in ran.err
