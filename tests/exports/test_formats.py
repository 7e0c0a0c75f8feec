from __future__ import annotations

from pathlib import Path

import pytest

from feelit.errors import UsageError
from feelit.exports.run import FORMATS, format_named


@pytest.mark.parametrize("name", FORMATS)
def test_a_name_is_enough(name: str) -> None:
    assert format_named(name, None) is format_named(name, Path("x.srt")) is FORMATS[name]


@pytest.mark.parametrize(
    ("out", "name"),
    [
        pytest.param("t.csv", "csv", id="the-plain-one-of-three"),
        pytest.param("t.jsonl", "jsonl", id="jsonl"),
        pytest.param("t.eaf", "elan", id="elan"),
        pytest.param("t.vtt", "webvtt", id="webvtt"),
        pytest.param("t.SRT", "srt", id="any-case"),
        pytest.param("t.TextGrid", "textgrid", id="textgrid"),
        pytest.param("t.tsv", "boris", id="boris"),
    ],
)
def test_the_ending_of_a_file_is_enough(out: str, name: str) -> None:
    assert format_named(None, Path(out)) is FORMATS[name]


@pytest.mark.parametrize("out", [None, Path("folder"), Path("t.txt")], ids=["standard-output", "folder", "unknown-ending"])
def test_what_says_nothing_is_refused(out: Path | None) -> None:
    with pytest.raises(UsageError, match="does not say what to write") as caught:
        format_named(None, out)
    assert all(name in caught.value.hint for name in FORMATS)


def test_a_format_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no format xml"):
        format_named("xml", None)
