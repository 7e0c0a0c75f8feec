"""Outputs appear whole or not at all."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from feelit.errors import OutputError
from feelit.storage.atomic import cache_folder, output_errors, refuse_to_overwrite, whole_file
from feelit.storage.stat import InputFiles

NONE = InputFiles(())


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def write_half(target: Path, then: BaseException) -> None:
    with whole_file(target) as temporary:
        temporary.write_bytes(b"half")
        raise then


def test_a_file_appears_when_the_block_ends_well(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "down" / "out.bin"
    with whole_file(target) as temporary:
        temporary.write_bytes(b"whole")
        assert not target.exists()
        assert temporary.parent == target.parent
        assert temporary.suffix == ".bin"
    assert contents(tmp_path) == {"deep/down/out.bin": b"whole"}


@pytest.mark.parametrize("before", [None, b"old"], ids=["new", "replaced"])
def test_nothing_changes_when_the_block_fails(before: bytes | None, tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    if before is not None:
        target.write_bytes(before)
    with pytest.raises(KeyError):
        write_half(target, KeyError())
    assert contents(tmp_path) == ({} if before is None else {"out.bin": before})


def test_an_interruption_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / "out.bin", KeyboardInterrupt())
    assert contents(tmp_path) == {}


def test_a_scratch_folder_keeps_unfinished_files_out_of_sight(tmp_path: Path) -> None:
    target, scratch = tmp_path / "out" / "a.bin", tmp_path / "scratch"
    with whole_file(target, scratch) as temporary:
        temporary.write_bytes(b"whole")
        assert temporary.parent == scratch
        assert list((tmp_path / "out").iterdir()) == []
    assert contents(tmp_path) == {"out/a.bin": b"whole"}


def test_two_writers_of_one_target_do_not_meet(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a") as first, whole_file(tmp_path / "a") as second:
        assert first != second
        first.write_bytes(b"1")
        second.write_bytes(b"2")
    assert contents(tmp_path) == {"a": b"1"}


@pytest.mark.parametrize(
    ("number", "message"),
    [
        pytest.param(errno.ENOSPC, "no space left on the disk", id="full"),
        pytest.param(errno.EACCES, "permission denied", id="forbidden"),
        pytest.param(errno.EROFS, "permission denied", id="read-only"),
        pytest.param(errno.EIO, "Input/output error", id="broken"),
    ],
)
def test_failures_of_the_system_name_the_output(number: int, message: str) -> None:
    with pytest.raises(OutputError, match=message) as caught, output_errors(Path("out.parquet")):
        raise OSError(number, os.strerror(number), "some/temporary/file")
    assert caught.value.message.startswith("out.parquet cannot be written")


def test_a_file_where_a_folder_should_be_is_reported(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"), whole_file(tmp_path / "folder" / "out.bin"):
        pytest.fail("the block must not run")


def test_a_block_that_writes_nothing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OutputError), whole_file(tmp_path / "out.bin"):
        pass
    assert contents(tmp_path) == {}


def test_overwriting_is_refused_unless_it_is_forced(tmp_path: Path) -> None:
    there = tmp_path / "out.bin"
    refuse_to_overwrite(there, False, NONE)
    there.write_bytes(b"old")
    refuse_to_overwrite(there, True, NONE)
    with pytest.raises(OutputError, match="exists already") as caught:
        refuse_to_overwrite(there, False, NONE)
    assert "--force" in caught.value.hint
    assert there.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("environment", "system", "folder"),
    [
        pytest.param({}, "linux", "/home/me/.cache/feelit", id="Linux"),
        pytest.param({}, "darwin", "/home/me/Library/Caches/feelit", id="macOS"),
        pytest.param({"LOCALAPPDATA": "/c/local"}, "win32", "/c/local/feelit/Cache", id="Windows"),
        pytest.param({"XDG_CACHE_HOME": "/x"}, "linux", "/x/feelit", id="XDG"),
        pytest.param({"XDG_CACHE_HOME": "/x"}, "darwin", "/x/feelit", id="XDG wherever it is set"),
        pytest.param({"XDG_CACHE_HOME": "x"}, "linux", "/home/me/.cache/feelit", id="XDG, relative"),
        pytest.param({"FEELIT_CACHE": "/f", "XDG_CACHE_HOME": "/x"}, "linux", "/f", id="ours first"),
        pytest.param({"FEELIT_CACHE": "", "XDG_CACHE_HOME": ""}, "linux", "/home/me/.cache/feelit", id="empty"),
    ],
)
def test_the_cache_is_where_the_system_keeps_caches(
    environment: dict[str, str], system: str, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FEELIT_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    assert cache_folder() == Path(folder)


def test_the_content_reaches_the_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut leaves the old file or the new one, never one of no content."""
    target = tmp_path / "results.parquet"
    done: list[tuple[str, int]] = []
    sync, move = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        done.append(("sync", os.fstat(descriptor).st_ino))
        sync(descriptor)

    def moved(source: Path, place: Path) -> Path:
        done.append(("move", source.stat().st_ino))
        return move(source, place)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", moved)
    with whole_file(target) as temporary:
        temporary.write_bytes(b"new")
        file = temporary.stat().st_ino
    assert done == [("sync", file), ("move", file), ("sync", tmp_path.stat().st_ino)]
