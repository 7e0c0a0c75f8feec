"""One process at a time, and none forever."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from feelit.storage import locks
from feelit.storage.locks import held, taken

HOLD = """
import sys, pathlib
from feelit.storage.locks import held
with held(pathlib.Path(sys.argv[1])) as mine:
    print(mine, flush=True)
    input()
"""


def test_a_lock_is_held_by_one_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "lock"
    with held(path) as first, held(path) as second:
        assert (first, second) == (True, False)
        assert path.exists()
    assert not path.exists()
    with held(path) as again:
        assert again


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with held(path) as mine:
            assert not mine
        other.send_signal(signal.SIGKILL)
        other.wait()
        with held(path) as mine:
            assert mine


def test_a_lock_whose_file_was_removed_while_it_was_waited_for_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who held it removes the file between our opening and our locking it: a lock on that file keeps nobody out."""
    path = tmp_path / "lock"
    lock = locks.locked

    def late(descriptor: int, alone: bool) -> bool | None:
        path.unlink()
        return lock(descriptor, alone)

    with monkeypatch.context() as patch:
        patch.setattr(locks, "locked", late)
        assert taken(path, alone=True) is None
    path.touch()
    with held(path) as mine:
        assert mine


def test_a_lock_whose_file_was_replaced_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"
    lock = locks.locked

    def late(descriptor: int, alone: bool) -> bool | None:
        path.rename(tmp_path / "old")
        path.touch()
        return lock(descriptor, alone)

    monkeypatch.setattr(locks, "locked", late)
    assert taken(path, alone=True) is None
