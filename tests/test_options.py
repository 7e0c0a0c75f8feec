"""What a run may be asked to do, and how a mistake is reported."""

from __future__ import annotations

import inspect
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import feelit
from feelit.cli.command import MOST_TOML_BYTES, read_toml
from feelit.errors import UsageError
from feelit.models.catalogue import catalogue
from feelit.options import AnalyzeOptions, RunOptions
from feelit.options.models import TrainOptions
from tests.conftest import Command


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        pytest.param("10", Fraction(10), id="whole"),
        pytest.param("0.5", Fraction(1, 2), id="slow"),
        pytest.param("29.97", Fraction(2997, 100), id="decimal"),
        pytest.param("30000/1001", Fraction(30000, 1001), id="fraction"),
        pytest.param("native", None, id="native"),
    ],
)
def test_the_rate_is_exact(rate: str, expected: Fraction | None) -> None:
    assert AnalyzeOptions(rate=rate).sampling.rate_hz == expected


@pytest.mark.parametrize("rate", ["0", "-1", "", "fast", "nan", "inf", "1/0", "1e-9"])
def test_what_is_no_rate_is_refused(rate: str) -> None:
    with pytest.raises(UsageError, match="is no rate") as caught:
        AnalyzeOptions(rate=rate)
    assert caught.value.hint


@given(st.floats(0.001, 1000))
def test_a_rate_given_as_a_number_stays_that_number(rate: float) -> None:
    rate_hz = AnalyzeOptions(rate=str(rate)).sampling.rate_hz
    assert rate_hz is not None
    assert float(rate_hz) == pytest.approx(rate, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(5.0, 5.0), (6.0, 5.0), (float("nan"), 5.0), (0.0, float("nan")), (float("inf"),) * 2]
)
def test_an_impossible_stretch_is_refused(start_s: float, end_s: float) -> None:
    with pytest.raises(UsageError, match="is not before"):
        AnalyzeOptions(start_s=start_s, end_s=end_s)


@pytest.mark.parametrize("start_s", [-1.0, "-1"])
def test_a_negative_start_is_refused(start_s: float | str) -> None:
    with pytest.raises(UsageError, match="--start -1 lies before the beginning"):
        AnalyzeOptions(start_s=start_s)  # type: ignore[arg-type]  # texts are converted


@pytest.mark.parametrize("size", [0.0, -3.0, 0.5, float("nan")])
def test_a_face_smaller_than_a_pixel_is_refused(size: float) -> None:
    with pytest.raises(UsageError, match="less than a pixel"):
        AnalyzeOptions(min_face_px=size)


@pytest.mark.parametrize("asked", [{"workers": -2}, {"batch": 0}], ids=str)
def test_too_few_are_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"is less than (one|none)"):
        RunOptions(**asked)


def test_the_defaults_are_accepted() -> None:
    config, run = AnalyzeOptions(), RunOptions()
    assert config.sampling.rate_hz == 10
    assert run.workers is None


def test_toml_options_may_be_spelt_with_dashes(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('rate = "5"\nmin-face = 24\n', encoding="utf-8")
    assert read_toml(path, {"rate", "min-face"}) == {"rate": "5", "min-face": 24}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"rate = ", "cannot be read", id="no-toml"),
        pytest.param(b"\xfa\xfb", "cannot be read", id="no-utf-8"),
        pytest.param(b"spede = 3", "unknown options: spede", id="misspelt"),
        pytest.param(None, "does not exist", id="missing"),
    ],
)
def test_a_bad_file_of_options_is_refused(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_toml(path, {"rate", "min-face"})


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"rate = " + b"[" * 100_000, id="lists"),
        pytest.param(b"rate = " + b"{a = " * 100_000, id="tables"),
        pytest.param(b"min_face = " + b"9" * 100_000, id="digits"),
    ],
)
def test_toml_that_only_wants_to_exhaust_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read"):
        read_toml(path, {"rate", "min-face"})


def test_a_file_of_options_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(b"#" * (MOST_TOML_BYTES + 1))
    with pytest.raises(UsageError, match="is larger than 1 MiB"):
        read_toml(path, {"rate"})


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        pytest.param("123456", 123456, id="bytes"),
        pytest.param("2G", 2 << 30, id="gibibytes"),
        pytest.param("1.5g", 3 << 29, id="half"),
        pytest.param("800MiB", 800 << 20, id="unit-in-full"),
        pytest.param("64kB", 64 << 10, id="kibibytes"),
        pytest.param("1T", 1 << 40, id="tebibyte"),
    ],
)
def test_a_size_is_read_as_people_write_it(text: str, size_bytes: int) -> None:
    assert RunOptions(memory_limit=text).memory_limit == size_bytes  # type: ignore[arg-type]  # texts are converted


@pytest.mark.parametrize("text", ["", "G", "2X", "-1G", "0", "0.0000001K", "1e9", "٣G", "2 G", "9" * 400])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no size") as caught:
        RunOptions(memory_limit=text)  # type: ignore[arg-type]  # as above
    assert caught.value.hint
    with pytest.raises(UsageError, match=r"--min-transfer-rate .* is no size"):
        RunOptions(min_transfer_rate=text)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_what_is_no_time_is_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match="is no time"):
        RunOptions(segment_timeout_s=seconds)
    assert RunOptions(segment_timeout_s=0.5).memory_limit is None


def test_what_must_be_given_has_no_default_anywhere(command: Command, tmp_path: Path) -> None:
    parameters = inspect.signature(feelit.train).parameters
    assert {name for name, p in parameters.items() if p.default is p.empty} == {"recipe", "data", "out"}
    with pytest.raises(TypeError, match="data"):
        feelit.train("hog", out=tmp_path)
    with pytest.raises(UsageError, match="--data is missing"):
        TrainOptions(out=tmp_path)
    ran = command("train", "hog", "--out", tmp_path)
    assert (ran.code, "--data" in ran.err) == (2, True)
    pytest.importorskip("torch")
    with pytest.raises(UsageError, match="gone"):
        feelit.train(tmp_path / "gone.toml", options=TrainOptions(data=tmp_path, out=tmp_path / "run"))


def test_an_option_may_come_out_of_the_environment(monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.setenv("FEELIT_MIRROR", "no address")
    name = next(iter(catalogue()))
    assert "no address" in command("models", "pull", name).err


@pytest.mark.parametrize(("rate", "complaint"), [("1", "too seldom"), ("often", "is no rate")])
def test_faces_are_not_classified_too_seldom(rate: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        AnalyzeOptions(classify_rate=rate)
