"""A video that is written while it is read: it fails with a word, or its rows are those of one file, never of two."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from feelit.errors import VideoReadError
from feelit.run.engines import Order, Outcome
from feelit.video.probe import probe
from tests.conftest import Command, SerialEngine
from tests.video import clips

FRAMES = 250
OPTIONS = ["--rate", "5", "--min-face", "40"]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds that can be read as far as they go, in two segments or more."""
    return clips.plain(tmp_path_factory.mktemp("original") / "a.ts", frames=FRAMES, gop=25, face=True)


def cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(path.read_bytes())


def replace_by_another(path: Path) -> None:
    path.unlink()
    clips.plain(path, frames=FRAMES, gop=25, face=False)


class Meddler(SerialEngine):
    """Runs segments in this process; when `after` of them are done, somebody does something to the video."""

    after = 0
    does: Callable[[Path], None]
    done = 0

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """See `Engine.run`."""
        for number, order in enumerate(orders):
            if number == Meddler.after:
                Meddler.does(Path(str(order.task.info.path)))
            yield from super().run(iter([order]))
            Meddler.done += 1


@pytest.fixture
def meddled(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], None], int], None]:
    """Sets what happens to the video, and when."""

    def set_up(does: Callable[[Path], None], after: int) -> None:
        monkeypatch.setattr(Meddler, "does", staticmethod(does), raising=False)
        monkeypatch.setattr(Meddler, "after", after)
        monkeypatch.setattr(Meddler, "done", 0)
        monkeypatch.setattr("feelit.run.pipeline.LocalEngine", Meddler)

    return set_up


@pytest.mark.parametrize(
    ("does", "after"),
    [
        (cut_short, 0),
        (grow, 1),
        *(
            pytest.param(*rest, marks=pytest.mark.slow)
            for rest in ((cut_short, 1), (grow, 0), (replace_by_another, 0), (replace_by_another, 1))
        ),
    ],
)
def test_a_video_that_changes_fails_and_is_analysed_again(
    does: Callable[[Path], None],
    after: int,
    original: Path,
    tmp_path: Path,
    command: Command,
    meddled: Callable[[Callable[[Path], None], int], None],
) -> None:
    path, out = tmp_path / "a.ts", tmp_path / "out.parquet"
    shutil.copy(original, path)
    meddled(does, after)
    ran = command("analyze", path, "--out", out, *OPTIONS)
    assert ran.code == VideoReadError.exit_code
    hint = "run the same command again when it is written completely"
    assert ran.err == f"feelit: {path} changed while it was analysed ({hint})\n"
    assert not out.exists()

    meddled(lambda _: None, 0)
    undisturbed = tmp_path / "undisturbed.parquet"
    assert command("analyze", path, "--out", undisturbed, *OPTIONS).code == 0
    assert command("analyze", path, "--out", out, *OPTIONS).code == 0
    assert out.read_bytes() == undisturbed.read_bytes()


def test_what_was_finished_before_a_change_serves_the_file_it_was_made_from(
    original: Path, tmp_path: Path, command: Command, meddled: Callable[[Callable[[Path], None], int], None]
) -> None:
    path, out, undisturbed = tmp_path / "a.ts", tmp_path / "out.parquet", tmp_path / "undisturbed.parquet"
    shutil.copy(original, path)
    meddled(replace_by_another, 1)
    assert command("analyze", path, "--out", out, *OPTIONS).code == VideoReadError.exit_code
    shutil.copy(original, path)
    meddled(lambda _: None, 0)
    assert command("analyze", path, "--out", undisturbed, *OPTIONS).code == 0
    whole = Meddler.done
    meddled(lambda _: None, 0)
    assert command("analyze", path, "--out", out, *OPTIONS).code == 0
    assert Meddler.done == whole - 1 >= 1
    assert pq.read_table(out).equals(pq.read_table(undisturbed))


def test_a_video_that_grows_while_it_is_looked_at_is_reported(original: Path, tmp_path: Path) -> None:
    path, done = tmp_path / "a.ts", threading.Event()
    shutil.copy(original, path)

    def record() -> None:
        with path.open("ab", buffering=0) as file:
            while not done.is_set():
                file.write(bytes(188))

    recorder = threading.Thread(target=record)
    recorder.start()
    try:
        with pytest.raises(VideoReadError, match="changed while it was analysed"):
            probe(path)
    finally:
        done.set()
        recorder.join()
