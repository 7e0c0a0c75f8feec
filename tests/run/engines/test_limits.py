"""A worker that takes too long or too much is ended; its segment costs what a crash would, and the run goes on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from feelit.errors import UsageError
from feelit.run.engines.limits import Limits, own_bytes
from feelit.run.engines.local import LocalEngine
from feelit.types import Segment
from tests import works

MIB = 1 << 20


def test_a_worker_that_never_comes_back_is_ended(tmp_path: Path) -> None:
    limits = works.Patient(segment_s=0.5, segments=(1, 2, 3))
    reported = works.reported(LocalEngine(2, works.lost, limits).run(works.orders(tmp_path)))
    why = "failed at every try: it took longer than 0.5 s"
    assert reported == {
        0: "0",
        1: f"{tmp_path}/a.mp4: segment 1 {why}",
        2: f"{tmp_path}/a.mp4: segment 2 {why}",
        3: "3",
        4: "4",
    }
    assert (tmp_path / "a.mp4.stuck").exists()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is reported by Linux alone")
def test_a_worker_that_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    reported = works.reported(LocalEngine(2, works.greedy, Limits(memory_bytes=200 * MIB)).run(works.orders(tmp_path)))
    why = "segment 2 failed at every try: its worker took more than 200 MiB of memory"
    assert reported == {0: "0", 1: "1", 2: f"{tmp_path}/a.mp4: {why}", 3: "3", 4: "4"}
    assert (tmp_path / "a.mp4.greedy").exists()


@pytest.mark.parametrize(
    ("given_s", "packets", "allowed_s"),
    [
        pytest.param(None, 500, 500.0, id="a second a frame"),
        pytest.param(None, 10, 120.0, id="two minutes at least"),
        pytest.param(7.5, 500, 7.5, id="as reported"),
    ],
)
def test_the_time_a_segment_may_take(given_s: float | None, packets: int, allowed_s: float, tmp_path: Path) -> None:
    (order,) = works.orders(tmp_path, 1)
    task, limits = replace(order.task, segment=Segment(0, None, None, packets)), Limits(given_s)
    assert limits.allowed_s(task) == allowed_s
    assert limits.exceeded(task, allowed_s, os.getpid()) is None
    cause = limits.exceeded(task, allowed_s + 0.1, os.getpid())
    assert cause is not None
    assert "--segment-timeout" in cause.hint


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is reported by Linux alone")
def test_own_memory_is_what_was_written_to() -> None:
    before = own_bytes(os.getpid())
    reserved = np.empty(256 * MIB, np.uint8)
    assert own_bytes(os.getpid()) - before < 64 * MIB
    reserved[:] = 1
    assert 240 * MIB < own_bytes(os.getpid()) - before < 320 * MIB
    assert own_bytes(1 << 30) == 0


def test_where_memory_is_not_reported_it_cannot_be_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda _: False)
    Limits(segment_s=1.0)
    with pytest.raises(UsageError, match="needs Linux"):
        Limits(memory_bytes=1)
