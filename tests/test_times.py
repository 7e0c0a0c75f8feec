"""Times as people write them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.errors import UsageError
from feelit.times import is_time, parse_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("90", 90.0),
        ("90.5", 90.5),
        (".5", 0.5),
        ("1e2", 100.0),
        ("1:30", 90.0),
        ("90:00", 5400.0),
        ("0:01:23.5", 83.5),
        ("00:01:30.5", 90.5),
        ("10:00:00", 36000.0),
        ("90s", 90.0),
        ("90 s", 90.0),
        ("1m30s", 90.0),
        ("1 min 30 sec", 90.0),
        ("2min", 120.0),
        ("1h", 3600.0),
        ("1h2m3.5s", 3723.5),
        ("250ms", 0.25),
        ("1s250ms", 1.25),
        (" 7 ", 7.0),
    ],
)
def test_a_time_is_read_as_it_is_written(text: str, seconds: float) -> None:
    assert parse_time(text) == pytest.approx(seconds, abs=1e-12)
    assert is_time(text.strip()) == (text != "1e2")


@pytest.mark.parametrize(
    "text", ["", "s", "x", "1:", ":30", "1:60", "1:60:00", "1:2:3:4", "1.2.3s", "nan", "inf", "1,5", "1s2m", "²"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--start .* is no time") as caught:
        parse_time(text, "--start")
    assert "1:30" in (caught.value.hint or "")


@pytest.mark.parametrize("text", ["-1", "-0:30", "-5s", "\N{MINUS SIGN}5"])
def test_a_negative_time_lies_before_the_beginning(text: str) -> None:
    with pytest.raises(UsageError, match="before the beginning"):
        parse_time(text, "--start")


@pytest.mark.parametrize("text", ["1e300", "400000000:00:00", "9" * 400])
def test_a_time_beyond_any_recording_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_time(text, "--end")


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_clock_times_count_up(hours: int, minutes: int, seconds: int, ms: int) -> None:
    exact = 3600 * hours + 60 * minutes + seconds + ms / 1000
    assert parse_time(f"{hours}:{minutes:02}:{seconds:02}.{ms:03}") == pytest.approx(exact, abs=1e-9)


@given(st.text(max_size=12))
def test_no_text_ends_otherwise_than_as_a_time_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert 0 <= parse_time(text) <= 1e9
