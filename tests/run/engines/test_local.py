"""The engine changes nothing: what workers give is what `analyze_segment` gives here, whatever happens to them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import psutil
import pytest

from feelit.errors import FeelitError, ModelError, VideoReadError
from feelit.models.paths import model_path
from feelit.options import AnalyzeOptions
from feelit.run.engines import HereEngine, Order, local
from feelit.run.engines.limits import Limits
from feelit.run.engines.local import LocalEngine
from feelit.run.plan import cut
from feelit.run.segment import analyze_segment
from feelit.run.task import Models, Task
from feelit.storage import waiting
from feelit.types import Columns, SegmentResult
from feelit.video.probe import probe
from tests import works
from tests.video import clips


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> list[Order]:
    """Four segments of a video with a face."""
    path = clips.plain(tmp_path_factory.mktemp("engine") / "a.mp4", frames=48, gop=12, face=True)
    video, options = probe(path), AnalyzeOptions(min_face_px=20.0)
    models = Models(model_path("face"), model_path("expression"), None, "cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feelit.run.plan.LEAST_APART_S", 0.0)
        segments = cut(video, options.sampling, 0.4).segments
    return [Order(n, Task(video.info, segment, options, models)) for n, segment in enumerate(segments)]


@pytest.fixture(scope="module")
def expected(orders: list[Order]) -> list[SegmentResult]:
    return [analyze_segment(order.task) for order in orders]


def run(engine: LocalEngine, orders: Iterator[Order]) -> dict[int, SegmentResult | FeelitError]:
    return {outcome.order.number: outcome.result for outcome in engine.run(orders)}


def assert_same(found: SegmentResult | FeelitError, expected: SegmentResult) -> None:
    assert isinstance(found, SegmentResult)
    for f in fields(SegmentResult):
        one, other = getattr(found, f.name), getattr(expected, f.name)
        if isinstance(one, Columns):
            for column in fields(type(one)):
                value: object = getattr(one, column.name)
                np.testing.assert_array_equal(value, getattr(other, column.name), err_msg=column.name, strict=True)
        else:
            assert one == other, f.name


def test_the_segments_hold_faces(expected: list[SegmentResult]) -> None:
    assert len(expected) == 4
    assert sum(result.decoded + result.discarded for result in expected) == 48
    assert all(len(result.faces) for result in expected)


def test_workers_give_what_a_direct_call_gives(orders: list[Order], expected: list[SegmentResult]) -> None:
    found = run(LocalEngine(2), iter(orders))
    assert sorted(found) == [0, 1, 2, 3]
    for n, result in enumerate(expected):
        assert_same(found[n], result)


def test_what_workers_wait_for_is_said_here(tmp_path: Path) -> None:
    said: list[str] = []
    with waiting.heard_by(said.append):
        found = works.reported(LocalEngine(2, works.waiting_for_long).run(works.orders(tmp_path, 4)))
    assert found == {n: str(n) for n in range(4)}
    assert sorted(said) == [f"waiting for {n}" for n in range(4)]


def test_workers_that_are_killed_at_work_change_nothing(orders: list[Order], expected: list[SegmentResult]) -> None:
    """After the first outcome the other worker is in the middle of a task, and so is soon the first."""
    found: dict[int, SegmentResult | FeelitError] = {}
    killed: set[int] = set()
    for outcome in LocalEngine(2).run(iter(orders)):
        found[outcome.order.number] = outcome.result
        if not killed:
            for process in workers():
                process.send_signal(signal.SIGKILL)
                killed.add(process.pid)
    assert len(killed) == 2
    assert not workers()
    for n, result in enumerate(expected):
        assert_same(found[n], result)


def test_a_worker_that_is_killed_idle_does_not_count_against_the_next_task(tmp_path: Path) -> None:
    """It takes what it is given while it dies, and never looks at it; then the task costs one worker, which it may."""
    (first, _, deadly) = works.orders(tmp_path, 3)

    def drawn() -> Iterator[Order]:
        yield first
        while not (tmp_path / "a.mp4.done").exists():
            time.sleep(0.01)
        time.sleep(0.5)  # until the answer is on its way
        (worker,) = workers()
        worker.send_signal(signal.SIGSTOP)
        yield deadly

    found: dict[int, SegmentResult | FeelitError] = {}
    for outcome in LocalEngine(1, works.watched).run(drawn()):
        if not found:
            (worker,) = workers()
            worker.send_signal(signal.SIGKILL)
        found[outcome.order.number] = outcome.result
    assert (tmp_path / "a.mp4.died").exists()
    assert isinstance(found[2], SegmentResult)


def workers() -> list[psutil.Process]:
    return [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())]


def test_failures_keep_their_kind_on_the_way(orders: list[Order], tmp_path: Path) -> None:
    task = orders[0].task
    lost = Task(probe(clips.plain(tmp_path / "a.mp4", frames=5)).info, task.segment, task.options, task.models)
    (tmp_path / "a.mp4").unlink()
    (tmp_path / "b.onnx").write_bytes(b"no model")
    bad = Models(tmp_path / "b.onnx", task.models.expression, None, "cpu")
    found = run(LocalEngine(1), iter([Order(0, lost), Order(1, Task(task.info, task.segment, task.options, bad)), orders[2]]))
    assert isinstance(found[0], VideoReadError)
    assert isinstance(found[1], ModelError)
    assert found[0].hint
    assert found[1].hint
    assert isinstance(found[2], SegmentResult)


@pytest.mark.parametrize("most", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_orders_are_drawn_as_there_is_room_for_them(most: int, orders: list[Order]) -> None:
    drawn = 0

    def endless() -> Iterator[Order]:
        nonlocal drawn
        task = orders[0].task
        while True:
            drawn += 1
            yield Order(drawn, task)

    running = LocalEngine(most, works.result_of).run(endless())
    for taken in range(1, 30):
        next(running)
        assert drawn <= taken + 4 * most
    running.close()


def test_nothing_to_do_takes_no_time() -> None:
    assert run(LocalEngine(4), iter([])) == {}


SCRIPT = """
import feelit
open("ran.txt", "a").write("x")
timeline = feelit.analyze("a.mp4", workers=1, device="cpu").to_pandas()
print(len(timeline), timeline.frame.nunique(), __file__, __name__)
"""


def test_a_script_without_a_main_guard_works(tmp_path: Path) -> None:
    clips.plain(tmp_path / "a.mp4", frames=25, gop=12, face=True)
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows, frames, file, name = done.stdout.split()
    assert (int(frames), file.endswith("script.py"), name) == (10, True, "__main__")
    assert int(rows) >= 10
    assert (tmp_path / "ran.txt").read_text() == "x"  # workers do not run it again


def test_workers_that_never_begin_are_no_fault_of_a_video(tmp_path: Path) -> None:
    with pytest.raises(FeelitError, match=r"worker processes end before they begin \(exit code 7\)") as caught:
        list(LocalEngine(2, works.Unborn()).run(works.orders(tmp_path)))
    assert "workers=0" in caught.value.hint
    assert not workers()


JOBLIB = """
import multiprocessing, multiprocessing.context, sys
from pathlib import Path
from feelit.run.engines import HereEngine
from feelit.run.engines.limits import Limits
from feelit.run.engines.local import LocalEngine
from tests import works

class Loky(multiprocessing.context.SpawnContext):  # what joblib registers for its own workers, and for them alone
    _name = "loky"

multiprocessing.context._concrete_contexts["loky"] = Loky()
multiprocessing.set_start_method("loky", force=True)
print(works.reported(LocalEngine(1, works.result_of).run(works.orders(Path("."), 2))))
print(multiprocessing.get_start_method())
"""


def test_the_start_method_of_the_parent_does_not_matter(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", JOBLIB], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("{0: '0', 1: '1'}\nloky\n", "")


POOL = """
import multiprocessing

def faces(name):
    import feelit
    return len(feelit.analyze(name, device="cpu", workers=1).to_pandas())

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(faces, ["a.mp4"]), faces("a.mp4"))
"""

UNGUARDED = """
import multiprocessing
import feelit

try:
    feelit.analyze("a.mp4", device="cpu", workers=1)
except feelit.FeelitError as error:
    print(error.message, "|", error.hint)
else:
    process = multiprocessing.get_context("spawn").Process(target=print)
    process.start()
    process.join()
"""


def test_where_no_process_may_be_started_all_is_done_in_this_one(tmp_path: Path) -> None:
    clips.plain(tmp_path / "a.mp4", frames=25, face=True)
    (tmp_path / "script.py").write_text(POOL, encoding="utf-8")
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    in_pool, here = done.stdout.split()
    assert in_pool == f"[{here}]"
    assert int(here) >= 10


def test_a_script_that_workers_import_is_advised_in_one_line(tmp_path: Path) -> None:
    """Not by us, who hide it from ours, but where the script starts processes of its own without a guard."""
    clips.plain(tmp_path / "a.mp4", frames=5)
    (tmp_path / "script.py").write_text(UNGUARDED, encoding="utf-8")
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("a worker process imported the script that was starting it | put what your script")


def test_without_workers_rows_are_the_same(orders: list[Order], expected: list[SegmentResult]) -> None:
    found = {outcome.order.number: outcome.result for outcome in HereEngine(Limits()).run(iter(orders))}
    for n, result in enumerate(expected):
        assert_same(found[n], result)


def test_without_workers_a_bad_segment_costs_only_itself(tmp_path: Path) -> None:
    words = works.reported(HereEngine(Limits(), works.awkward).run(works.orders(tmp_path, 4)))
    assert words == {0: "0", 1: "1", 2: f"{tmp_path}/a.mp4: internal error: Awkward: for no reason", 3: "3"}


def test_an_early_worker_is_the_first_of_an_engine_and_ends_if_none_takes_it(orders: list[Order]) -> None:
    with local.early_worker():
        (early,) = local._early
        engine = LocalEngine(1)
        assert local._early == []
        assert engine._running == [early]
        found = run(engine, iter(orders[:1]))
    assert sorted(found) == [0]
    assert not early.process.is_alive()
    with local.early_worker():
        (idle,) = local._early
    assert local._early == []
    assert not idle.process.is_alive()


def test_an_early_worker_without_work_is_not_waited_for() -> None:
    with local.early_worker():
        assert run(LocalEngine(2), iter(())) == {}


FORKED = """
import sys, time
from feelit.run.engines import local
with local.early_worker():
    process = local._early[0].process
    print(type(process).__name__, process.pid, "multiprocessing.resource_tracker" in sys.modules, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a process without threads to be had")
def test_an_early_worker_is_forked_where_nothing_is_loaded_and_ends_with_its_parent() -> None:
    assert not local._may_fork()  # NumPy and its threads are here
    parent = subprocess.Popen([sys.executable, "-c", FORKED], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    kind, pid, tracked = parent.stdout.readline().split()
    worker = psutil.Process(int(pid))
    assert (kind, tracked) == ("ForkProcess", "False")
    worker.send_signal(signal.SIGINT)  # as Ctrl-C does, which is the parent's to answer
    time.sleep(0.1)
    assert worker.is_running()
    parent.kill()
    parent.communicate()
    worker.wait(10)
