"""Numbered pictures are a video with the times that a rate gives."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import feelit
from feelit.errors import VideoReadError
from feelit.video.probe import fingerprint, probe
from feelit.video.sequence import sequence_of
from tests.conftest import Command
from tests.video.photographs import encoded, face, quarters


def pictures(folder: Path, numbers: range, name: str = "f_{:03d}.png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    content = encoded(face(160), Path(name).suffix)
    for number in numbers:
        (folder / name.format(number)).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("text", "rate", "width"),
    [
        ("a/f_%03d.png@25", Fraction(25), 3),
        ("%d.jpg@0.5", Fraction(1, 2), None),
        ("f%05d@30000:1001", Fraction(30000, 1001), 5),
    ],
)
def test_a_pattern_has_a_number_and_a_rate(text: str, rate: Fraction, width: int | None) -> None:
    found = sequence_of(Path(text))
    assert found is not None
    assert (found.rate, found.width) == (rate, width)


@pytest.mark.parametrize(
    "text", ["a.mp4", "a%d.png", "a@25", "%d%d.png@25", "a%s.png@25", "a%d.png@0", "a%d.png@x", "%3d.png@2"]
)
def test_other_names_are_files(text: str) -> None:
    assert sequence_of(Path(text)) is None


def test_a_file_of_that_name_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "a%d.png@25").write_bytes(encoded(quarters(), ".png"))
    assert probe(tmp_path / "a%d.png@25").info.photograph


@pytest.mark.parametrize("numbers", [range(10), range(7, 17), range(998, 1008)], ids=["from 0", "from 7", "more digits"])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
def test_times_follow_from_the_rate(numbers: range, suffix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "100 %", numbers, f"f_{{:03d}}.{suffix}")
    info = probe(folder / f"f_%03d.{suffix}@10").info
    assert (info.packets, info.photograph, info.width_px) == (10, False, 160)
    assert info.duration_s == pytest.approx(1.0)
    assert info.size_bytes == sum(path.stat().st_size for path in folder.iterdir())


@pytest.mark.usefixtures("serial")
def test_a_sequence_has_tracks_and_can_be_annotated(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pictures(Path("in"), range(1, 21))
    ran = command("analyze", "in/f_%03d.png", "--pattern", "20", "--out", "t.parquet", "--quiet")
    assert (ran.code, ran.err) == (0, "")
    rows = feelit.read_timeline("t.parquet")
    assert rows["video"].unique().tolist() == ["in/f_%03d.png@20"]
    np.testing.assert_allclose(rows["time_s"], np.arange(0, 1, 0.1))
    assert rows["track_id"].tolist() == [1] * 10
    assert command("annotate", "in/f_%03d.png@20", "t.parquet", "--out", "a.mp4", "--quiet").code == 0
    assert probe(Path("a.mp4")).info.duration_s == pytest.approx(1.0)


def test_a_changed_picture_changes_the_fingerprint(tmp_path: Path) -> None:
    folder = pictures(tmp_path, range(3))
    before = fingerprint(folder / "f_%03d.png@10")
    assert fingerprint(folder / "f_%03d.png@20") != before
    (folder / "f_001.png").write_bytes(encoded(quarters(), ".png"))
    assert fingerprint(folder / "f_%03d.png@10") != before


@pytest.mark.parametrize(
    ("missing", "pattern", "message"),
    [
        pytest.param("f_004.png", "f_%03d.png@10", r"f_004\.png is missing between the pictures 0 and 9", id="gap"),
        pytest.param("", "g_%03d.png@10", "no file is called as", id="nothing"),
        pytest.param("", "f_%05d.png@10", "no file is called as", id="other digits"),
        pytest.param("", "no/f_%03d.png@10", "no cannot be searched: No such file", id="no folder"),
    ],
)
def test_what_is_missing_is_named(missing: str, pattern: str, message: str, tmp_path: Path) -> None:
    pictures(tmp_path, range(10))
    if missing:
        (tmp_path / missing).unlink()
    with pytest.raises(VideoReadError, match=message):
        probe(tmp_path / pattern)


def test_a_rate_is_a_number(command: Command) -> None:
    ran = command("analyze", "f_%03d.png", "--pattern", "native")
    assert (ran.code, len(ran.lines)) == (2, 1)
    assert "--pattern native is no rate" in ran.err
