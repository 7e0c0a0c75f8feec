"""How many cores may be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from feelit.run import cores


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of eight cores, as far as its files say."""
    monkeypatch.setattr(cores, "SYSTEM", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    return tmp_path


V2 = "0::/jobs/mine\n"
V1 = "12:memory:/docker/1f\n4:cpu,cpuacct:/docker/1f\n0::/system.slice\n"


@pytest.mark.parametrize(
    ("groups", "files", "usable"),
    [
        pytest.param(None, {}, 8, id="no-groups"),
        pytest.param(V2, {}, 8, id="no-quota-anywhere"),
        pytest.param(V2, {"jobs/mine/cpu.max": "max 100000\n"}, 8, id="v2-any"),
        pytest.param(V2, {"jobs/mine/cpu.max": "200000 100000\n"}, 2, id="v2-two"),
        pytest.param(V2, {"jobs/mine/cpu.max": "250000 100000\n"}, 3, id="v2-two-and-a-half"),
        pytest.param(V2, {"jobs/mine/cpu.max": "10000 100000\n"}, 1, id="v2-a-tenth"),
        pytest.param(V2, {"jobs/mine/cpu.max": "max 100000\n", "jobs/cpu.max": "400000 100000\n"}, 4, id="v2-group-above"),
        pytest.param("0::/\n", {"cpu.max": "300000 100000\n"}, 3, id="v2-in-a-container"),
        pytest.param("0::/../../x\n", {"cpu.max": "300000 100000\n"}, 3, id="v2-outside"),
        pytest.param(V2, {"jobs/mine/cpu.max": "1600000 100000\n"}, 8, id="v2-more-than-there-are"),
        pytest.param(V2, {"jobs/mine/cpu.max": "many\n"}, 8, id="v2-nonsense"),
        pytest.param(
            V1,
            {"cpu,cpuacct/docker/1f/cpu.cfs_quota_us": "150000\n", "cpu,cpuacct/docker/1f/cpu.cfs_period_us": "50000\n"},
            3,
            id="v1",
        ),
        pytest.param(V1, {"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2, id="v1-in-a-container"),
        pytest.param(V1, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8, id="v1-any"),
    ],
)
def test_quotas_count(groups: str | None, files: dict[str, str], usable: int, system: Path) -> None:
    if groups is not None:
        (system / "proc" / "self").mkdir(parents=True)
        (system / "proc" / "self" / "cgroup").write_text(groups, encoding="ascii")
    for name, content in files.items():
        path = system / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="ascii")
    assert cores.usable_cores() == usable


def test_this_machine_has_some() -> None:
    assert 1 <= cores.usable_cores() <= (os.cpu_count() or 1)
