"""What is noted of videos, and when it is written out."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from pathlib import Path

import pytest

from feelit.run import manifest
from feelit.run.manifest import INTERVAL_S, MANIFEST, SHARE, Entry, Manifest, read_manifest
from feelit.run.workspace import Workspace

PENDING = Entry(video="a.mp4", output="a.parquet")


class Time:
    """Clocks that stand until a test moves them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        self.date_s = 1_700_000_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(time, "time_ns", lambda: int(self.date_s * 1e9))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


@pytest.fixture
def kept(tmp_path: Path, clock: Time) -> Manifest:
    workspace = Workspace(tmp_path)
    workspace.open(fresh=False)
    kept = Manifest(tmp_path, workspace, None)
    kept.open([PENDING])
    return kept


def test_what_is_noted_later_counts_whatever_the_clock_says(kept: Manifest, clock: Time, tmp_path: Path) -> None:
    """The clock of this machine is an hour behind that of the machine that wrote before."""
    first = kept.entries.get("a.parquet")
    assert first is not None
    clock.date_s -= 3600
    for status in ("failed", "done"):
        kept.note(replace(PENDING, status=status))
    last = kept.entries.get("a.parquet")
    assert last is not None
    assert last.updated == first.updated + 2
    assert read_manifest(tmp_path)["a.parquet"].status == "done"


def test_the_newest_note_counts_though_the_file_was_written_at_the_same_time(
    kept: Manifest, clock: Time, tmp_path: Path
) -> None:
    journal = Workspace(tmp_path).journal
    kept.note(replace(PENDING, status="failed"))
    old = journal.read_bytes()
    kept.note(replace(PENDING, status="done"))
    kept.write()
    journal.write_bytes(old)  # as if the run had been killed before it removed the journal
    assert read_manifest(tmp_path)["a.parquet"].status == "done"


def test_the_file_is_written_every_few_seconds_at_most(
    kept: Manifest, clock: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[float] = []
    write = manifest._write

    def counted(*arguments: object) -> None:
        written.append(clock.now_s)
        write(*arguments)  # type: ignore[arg-type]  # passed on as they are

    monkeypatch.setattr(manifest, "_write", counted)
    for _ in range(100):  # ten seconds
        kept.note(replace(PENDING, status="done"))
        kept.refresh()
        clock.now_s += 0.1
    assert 4 <= len(written) <= 10 / INTERVAL_S + 1
    assert all(b - a >= INTERVAL_S - 1e-6 for a, b in itertools.pairwise(written))
    kept.refresh()
    kept.refresh()  # nothing is new
    assert len(written) <= 10 / INTERVAL_S + 1
    assert (tmp_path / MANIFEST).exists()


def test_writing_takes_no_more_than_a_share_of_the_time(kept: Manifest, clock: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[float] = []
    takes_s = 1.0

    def slow(*_: object) -> None:
        started.append(clock.now_s)
        clock.now_s += takes_s

    monkeypatch.setattr(manifest, "_write", slow)
    for _ in range(60):
        kept.note(replace(PENDING, status="done"))
        kept.refresh()
        clock.now_s += 1.0
    pauses = [b - a - takes_s for a, b in itertools.pairwise(started)]
    assert len(pauses) >= 2
    assert all(pause >= takes_s / SHARE for pause in pauses)
