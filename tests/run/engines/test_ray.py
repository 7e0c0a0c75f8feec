"""A Ray cluster changes nothing: its rows are those of one machine, whatever becomes of its nodes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feelit.errors import FeelitError, VideoReadError
from feelit.options import AnalyzeOptions, Device
from feelit.run.engines import Order, Outcome, Work
from feelit.run.engines import ray as ray_engine
from feelit.run.engines.cluster import import_ray
from feelit.run.engines.ray import RayEngine
from feelit.run.pipeline import resolve
from feelit.run.segment import analyze_segment
from tests import works
from tests.moments import moments
from tests.test_interruption import kept, session, wait_for

ray = pytest.importorskip("ray")

SAMPLE = Path(__file__).parents[3] / "sample_videos" / "sample.mp4"
STORE_BYTES = 80 << 20

RESUMED = "feelit: interrupted; run the same command again to resume\n"
"""What an interrupted run says last."""


class Nodes:
    """A cluster on this machine: a head that runs no tasks, and nodes of one core each, every one a process of its own."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        import_ray()
        soon = {"health_check_initial_delay_ms": 0, "health_check_period_ms": 500, "health_check_failure_threshold": 4}
        head = {"num_cpus": 0, "object_store_memory": STORE_BYTES, "include_dashboard": False, "_system_config": soon}
        self._cluster: Any = Cluster(initialize_head=True, head_node_args=head)
        self.address: str = self._cluster.address

    def at_least(self, count: int, **resources: float) -> list[Any]:
        """So many living nodes besides the head."""
        living = [node for node in self._cluster.worker_nodes if raylet_of(node).poll() is None]
        for node in [node for node in self._cluster.worker_nodes if node not in living]:
            self._cluster.remove_node(node, allow_graceful=False)
        new = [
            self._cluster.add_node(wait=False, num_cpus=1, object_store_memory=STORE_BYTES, **resources)
            for _ in range(count - len(living))
        ]
        if new:
            self._cluster.wait_for_nodes()
        return [*living, *new]

    def remove(self, node: Any) -> None:
        """As an administrator would."""
        self._cluster.remove_node(node, allow_graceful=True)

    def shutdown(self) -> None:
        self._cluster.shutdown()


def raylet_of(node: Any) -> Any:
    """The process that is a node."""
    return node.all_processes["raylet"][0].process


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    started = Nodes()
    yield started
    started.shutdown()


@pytest.fixture
def driver(nodes: Nodes) -> Iterator[Nodes]:
    """Two nodes, of which this process is a driver already, as a program that uses Ray itself would be."""
    nodes.at_least(2)
    ray.init(nodes.address, log_to_driver=False, logging_level="CRITICAL")
    ray._private.worker._worker_logs_enabled = False
    yield nodes
    ray.shutdown()


@pytest.mark.parametrize(
    ("work", "message"),
    [
        pytest.param(works.awkward, "{path}: internal error: Awkward: for no reason", id="bug"),
        pytest.param(works.unreadable, "a.mp4 is damaged", id="expected", marks=pytest.mark.slow),
        pytest.param(works.deadly, "{path}: segment 2 failed at every try: its worker died", id="killed"),
        pytest.param(works.deadly_once, "2", id="killed-once"),
    ],
)
def test_a_bad_segment_costs_only_itself(work: Work, message: str, driver: Nodes, tmp_path: Path) -> None:
    words = works.reported(RayEngine(driver.address, work=work).run(works.orders(tmp_path)))
    assert words == {0: "0", 1: "1", 2: message.format(path=tmp_path / "a.mp4"), 3: "3", 4: "4"}


def test_what_takes_too_long_or_too_much_is_ended(driver: Nodes, tmp_path: Path) -> None:
    limits = works.Patient(segment_s=1.0, memory_bytes=300 << 20, segments=(1, 3))
    words = works.reported(RayEngine(driver.address, limits=limits, work=works.excessive).run(works.orders(tmp_path)))
    in_vain = f"{tmp_path}/a.mp4: segment {{}} failed at every try: {{}}"
    assert words == {
        0: "0",
        1: in_vain.format(1, "it took longer than 1 s"),
        2: in_vain.format(2, "its worker took more than 300 MiB of memory"),
        3: "3",
        4: "4",
    }
    assert (tmp_path / "a.mp4.stuck").exists()


def by_the_administrator(nodes: Nodes, node: Any) -> None:
    nodes.remove(node)


def by_kill(nodes: Nodes, node: Any) -> None:
    os.kill(raylet_of(node).pid, signal.SIGKILL)


@pytest.mark.parametrize("lose", [by_the_administrator, by_kill])
def test_a_node_that_is_lost_costs_nothing_but_time(lose: Callable[[Nodes, Any], None], driver: Nodes, tmp_path: Path) -> None:
    node = driver.at_least(3)[-1]
    outcomes = RayEngine(driver.address, work=works.slow).run(works.orders(tmp_path, 30))
    first = [next(outcomes) for _ in range(3)]
    lose(driver, node)
    assert works.reported([*first, *outcomes]) == {n: str(n) for n in range(30)}


def test_a_segment_that_fells_node_after_node_is_given_up(
    driver: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_engine, "LOSSES", 2)
    driver.at_least(3)  # Ray may take one of the losses for the death of the worker only
    words = works.reported(RayEngine(driver.address, work=works.felling).run(works.orders(tmp_path, 1)))
    why = ("its nodes were lost", "its worker died")
    assert words[0] in {f"{tmp_path}/a.mp4: segment 0 failed at every try: {cause}" for cause in why}


@pytest.mark.parametrize("most", [None, pytest.param(3, marks=pytest.mark.slow)])
def test_tasks_in_flight_are_bounded(most: int | None, driver: Nodes, tmp_path: Path) -> None:
    drawn: list[int] = []

    def counted() -> Iterator[Order]:
        for order in works.orders(tmp_path, 40):
            drawn.append(order.number)
            yield order

    outcomes = RayEngine(driver.address, most=most, work=works.result_of).run(counted())
    for done, _ in enumerate(outcomes, 1):
        assert len(drawn) <= done + (most or ray_engine.AHEAD * 2)
    assert len(drawn) == done == 40


def test_a_video_that_a_node_does_not_see_is_reported_as_ever(driver: Nodes, tmp_path: Path) -> None:
    (outcome,) = RayEngine(driver.address, work=analyze_segment).run(real_orders(tmp_path / "elsewhere.mp4", 1))
    assert isinstance(outcome.result, VideoReadError)
    assert outcome.result.message == f"{tmp_path / 'elsewhere.mp4'} does not exist"


def real_orders(path: Path, count: int) -> Iterator[Order]:
    """Orders for a video, with the models there are."""

    models = replace(resolve(AnalyzeOptions()).models, device="cpu")
    for order in works.orders(path.parent, count):
        yield Order(order.number, replace(order.task, info=replace(order.task.info, path=path), models=models))


def test_a_node_with_another_version_ends_the_run(driver: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_engine, "__version__", "0.0.1")
    with pytest.raises(FeelitError, match=r"cannot run tasks: .*is installed there, 0\.0\.1 here") as caught:
        next(RayEngine(driver.address, work=works.result_of).run(works.orders(tmp_path)))
    assert "every node needs this version" in caught.value.hint


def test_where_there_is_no_gpu_none_is_waited_for(driver: Nodes, tmp_path: Path) -> None:
    with pytest.raises(FeelitError, match="has no GPU"):
        next(RayEngine(driver.address, "cuda", work=works.on_gpu).run(works.orders(tmp_path)))
    (outcome,) = RayEngine(driver.address, "auto", work=works.on_gpu).run(works.orders(tmp_path, 1))
    assert provider(outcome) in ("", "none")


@pytest.mark.parametrize("device", ["cuda", pytest.param("auto", marks=pytest.mark.slow)])
def test_tasks_ask_for_a_share_of_a_gpu(device: Device, driver: Nodes, tmp_path: Path) -> None:
    driver.at_least(3, num_gpus=1)
    outcomes = list(RayEngine(driver.address, device, work=works.on_gpu).run(works.orders(tmp_path)))
    assert [provider(outcome) for outcome in outcomes] == ["0"] * 5


def provider(outcome: Outcome) -> object:
    return getattr(outcome.result, "provider", None)


# The command as a process of its own


OPTIONS = ["--rate", "2", "--end", "12", "--min-face", "60", "--device", "cpu"]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, float]:
    """The file that one machine writes, and how many seconds that takes."""
    out = tmp_path_factory.mktemp("local") / "out.parquet"
    begun_s = time.perf_counter()
    command = [sys.executable, "-c", "from feelit.cli import main; main()", "analyze", SAMPLE.name, *OPTIONS]
    subprocess.run([*command, "--out", str(out), "--quiet"], check=True, cwd=SAMPLE.parent)
    return out.read_bytes(), time.perf_counter() - begun_s


def start(nodes: Nodes, out: Path, workers: int = 1) -> subprocess.Popen[str]:
    """In a session of its own, and in the folder of the video, whose path is reported from there."""
    command = [sys.executable, "-c", "from feelit.cli import main; main()", "analyze", SAMPLE.name, *OPTIONS]
    engine = ["--engine", "ray", "--ray-address", nodes.address, "--workers", str(workers), "--json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*command, "--out", str(out), *engine], stdout=pipe, stderr=pipe, text=True, start_new_session=True, cwd=SAMPLE.parent
    )


@pytest.mark.slow
@pytest.mark.parametrize("share", moments(2, seed=22))
def test_a_node_that_is_killed_at_any_moment_changes_no_row(
    share: float, nodes: Nodes, expected: tuple[bytes, float], tmp_path: Path
) -> None:
    node = nodes.at_least(2)[-1]
    process = start(nodes, tmp_path / "out.parquet", workers=2)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=share * expected[1])
    os.kill(raylet_of(node).pid, signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (0, "")
    assert stdout.count("\n") == 1, stdout
    assert (tmp_path / "out.parquet").read_bytes() == expected[0]


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        pytest.param(
            signal.SIGINT,
            130,
            RESUMED,
            id="ctrl-c",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            signal.SIGTERM,
            130,
            RESUMED,
            id="sigterm",
            marks=pytest.mark.slow,
        ),
        pytest.param(signal.SIGKILL, -signal.SIGKILL, "", id="kill-9"),
    ],
)
def test_an_interrupted_run_leaves_the_cluster_and_is_resumed(
    number: signal.Signals, code: int, said: str, nodes: Nodes, expected: tuple[bytes, float], tmp_path: Path
) -> None:
    nodes.at_least(2)
    out = tmp_path / "out.parquet"
    process = start(nodes, out)
    wait_for(lambda: kept(out) or process.poll() is not None)
    os.killpg(process.pid, number)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (code, "", said)
    assert not session(process.pid)
    again = start(nodes, out)
    stdout, stderr = again.communicate(timeout=120)
    assert (again.returncode, stderr) == (0, "")
    assert len(stdout.splitlines()) == 1
    assert out.read_bytes() == expected[0]
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet"]
