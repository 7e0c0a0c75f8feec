"""An object read in blocks gives what it holds, with few requests."""

from __future__ import annotations

import io
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.storage import blocks
from feelit.storage.blocks import BLOCK, Blocks, ObjectFile
from feelit.storage.location import Url

URL = Url("s3", "lab", "a.mp4", "v1")


def opened(content: bytes) -> ObjectFile:
    return ObjectFile(Blocks(URL, len(content), lambda start, end: content[start:end]), "a.mp4")


@given(
    content=st.binary(max_size=200),
    moves=st.lists(st.tuples(st.integers(0, 2), st.integers(-50, 250), st.integers(-1, 90)), max_size=12),
    kept=st.integers(1, 8),
)
def test_it_reads_like_any_file(content: bytes, moves: list[tuple[int, int, int]], kept: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", 16)
        patch.setattr(blocks, "KEPT", kept)
        file, same = opened(content), io.BytesIO(content)
        for whence, offset, size in moves:
            base = (0, same.tell(), len(content))[whence]
            assert file.seek(offset, whence) == same.seek(max(0, base + offset)) == file.tell()
            assert file.read(size) == same.read(size)


def test_small_reads_in_order_become_few_requests_that_grow() -> None:
    asked: list[int] = []

    def fetch(start: int, end: int) -> bytes:
        asked.append((end - start) // BLOCK)
        return bytes(end - start)

    file = ObjectFile(Blocks(URL, 15 * BLOCK, fetch), "a.mp4")
    while file.read(1 << 15):
        pass
    assert asked == [1, 2, 4, 4, 4]


def test_two_places_that_are_read_in_turns_are_both_read_ahead() -> None:
    """As where pictures lie in one half of a file, and sound in the other."""
    asked: list[int] = []

    def fetch(start: int, end: int) -> bytes:
        asked.append(start // BLOCK)
        return bytes(end - start)

    file = ObjectFile(Blocks(URL, 40 * BLOCK, fetch), "a.mp4")
    for position in range(0, 14 * BLOCK, BLOCK // 4):
        for half in (0, 20 * BLOCK):
            file.seek(half + position)
            assert len(file.read(1 << 15)) == 1 << 15
    assert asked == [0, 20, 1, 21, 3, 23, 7, 27, 11, 31]


def test_what_is_kept_is_not_fetched_again_and_is_bounded() -> None:
    content = bytes(range(256)) * (BLOCK // 256) * 3
    parts = Blocks(URL, len(content), lambda start, end: content[start:end])
    first, second = ObjectFile(parts, "a.mp4"), ObjectFile(parts, "a.mp4")
    assert first.read() == second.read() == content
    assert (parts.requests, parts.fetched) == (2, 3 * BLOCK)
    assert len(parts._kept) <= blocks.KEPT


def test_a_hollow_file_makes_no_requests() -> None:
    file = opened(b"x" * 100)
    file.hollow = True
    assert file.read(60) == bytes(60)
    assert file.read() == bytes(40)
    assert file.blocks.requests == 0


def test_pyav_states_what_kept_it_from_reading(capfd: pytest.CaptureFixture[str]) -> None:
    """The failure itself, once, and nothing on standard error."""
    sample = (Path(__file__).parents[2] / "sample_videos" / "sample.mp4").read_bytes()

    def fetch(start: int, end: int) -> bytes:
        if start > 0:
            raise LookupError("gone")
        return sample[start:end]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", 1 << 17)
        file = ObjectFile(Blocks(URL, len(sample), fetch), "sample.mp4")
        with pytest.raises(LookupError, match="gone"), av.open(file, "r") as container:
            for _ in container.demux(container.streams.video[0]):
                pass
    assert capfd.readouterr().err == ""
