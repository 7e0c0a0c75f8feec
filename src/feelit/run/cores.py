"""How many cores this process may use: by its affinity, and by the CPU quota of its control group."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

SYSTEM = Path("/")


def usable_cores() -> int:
    """The cores that this process may run on, which job schedulers limit, or the time on them, which containers limit.

    A quota of 2.5 cores counts as three, as three processes use all of it.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        cores = os.cpu_count() or 1
    quota = cpu_quota()
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def cpu_quota() -> float | None:
    """Cores' worth of time that the control groups of this process allow, the least of them all; None if they allow any.

    Version 2 keeps it in `cpu.max`, version 1 in `cpu.cfs_quota_us` and `cpu.cfs_period_us` (Linux kernel documentation,
    "Control Group v2" and "CFS Bandwidth Control").
    """
    try:
        lines = (SYSTEM / "proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    found: list[float] = []
    for line in lines:
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        controllers = names.split(",")
        if number == "0" and not names:
            found += _quotas(_folders(SYSTEM / "sys/fs/cgroup", path), "cpu.max")
        elif "cpu" in controllers:
            mounts = [SYSTEM / "sys/fs/cgroup" / name for name in (names, "cpu")]
            folders = (folder for mount in mounts for folder in _folders(mount, path))
            found += _quotas(folders, "cpu.cfs_quota_us", "cpu.cfs_period_us")
    return min(found, default=None)


def _folders(mount: Path, path: str) -> Iterator[Path]:
    """A group and those around it. In a container the path may be that of the host, whose group is mounted on top."""
    group = PurePosixPath(path.lstrip("/"))
    for one in (group, *group.parents):
        if ".." not in one.parts:
            yield mount / one


def _quotas(folders: Iterable[Path], *names: str) -> Iterator[float]:
    """Quota over period, which stand in these files of each folder."""
    for folder in folders:
        with suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = " ".join((folder / name).read_text(encoding="ascii") for name in names).split()
            if quota != "max" and float(quota) > 0:
                yield float(quota) / float(period)
