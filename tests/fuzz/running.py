"""Cases in child processes, each watched from outside."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tests.fuzz.targets import Make


BATCH = 400
"""So many cases run in one process: what it leaks or breaks does not reach far."""

MIB = 1 << 20
ADDRESSES = 12 << 30
"""Bytes of address space of a child, so that no case takes the machine along."""

START_S = 120.0
"""How long a child may take to import the program and make its seeds."""


@dataclass(frozen=True)
class Limits:
    """What a case may take, and where the inputs of those that fail are kept."""

    seconds: float
    mib: int
    keep: Path | None = None


@dataclass(frozen=True)
class Finding:
    """A case that the program did not stand."""

    target: str
    seed: int
    number: int
    kind: str  # hang, crash, memory, noise (on standard error, past the program) or error
    detail: str

    def __str__(self) -> str:
        again = f"python -m tests.fuzz --target {self.target} --seed {self.seed} --first {self.number} --cases 1"
        return f"{self.kind}: {again}\n    {self.detail}"


def _all_targets() -> Mapping[str, Make]:
    from tests.fuzz.targets import TARGETS  # which import the whole program

    return TARGETS


@dataclass(frozen=True)
class Attack:
    """Which cases are run: their target among the others that there are, and their seed."""

    target: str
    seed: int
    targets: Mapping[str, Make] = field(default_factory=_all_targets)

    def random_numbers(self, number: int) -> np.random.Generator:
        """Those of a case, the same on any machine."""
        return np.random.default_rng([self.seed, list(self.targets).index(self.target), number])

    def found(self, number: int, kind: str, detail: str) -> Finding:
        """A case that the program did not stand."""
        return Finding(self.target, self.seed, number, kind, detail)


def run(attack: Attack, numbers: range, seeds: Path, limits: Limits) -> Iterator[str | Finding]:
    """What became of every case, in order; `seeds` is a folder for what targets make once."""
    left = numbers
    while len(left):
        batch = left[:BATCH]
        done = 0
        for outcome in _in_child(attack, batch, seeds, limits):
            done += 1
            yield outcome
        left = left[done:]


def _in_child(attack: Attack, numbers: range, seeds: Path, limits: Limits) -> Iterator[str | Finding]:
    """The outcomes of cases up to the end, or to the first that kills or hangs the process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with tempfile.TemporaryDirectory(prefix="feelit-fuzz-", dir=seeds) as folder:
        process = context.Process(target=_serve, args=(theirs, attack, numbers, seeds, Path(folder), limits), daemon=True)
        process.start()
        theirs.close()
        try:
            if not ours.poll(START_S):
                raise TimeoutError(f"{attack.target}: the child process does not start")
            ours.recv()
            for number in numbers:
                if not ours.poll(limits.seconds):
                    _keep(Path(folder) / str(number), limits, f"{attack.target}-{number}")
                    yield attack.found(number, "hang", f"no end after {limits.seconds:g} s")
                    return
                try:
                    outcome: str | Finding = ours.recv()
                except EOFError:
                    process.join()
                    _keep(Path(folder) / str(number), limits, f"{attack.target}-{number}")
                    yield attack.found(number, "crash", f"the process ended with {process.exitcode}")
                    return
                yield outcome
        finally:
            process.kill()
            process.join()
            ours.close()


def _serve(pipe: Connection, attack: Attack, numbers: range, seeds: Path, folder: Path, limits: Limits) -> None:
    import resource  # not on Windows

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    own = seeds / attack.target
    own.mkdir(exist_ok=True)
    attacked = attack.targets[attack.target](own)
    pipe.send("ready")
    said = folder / "said"
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)  # where libraries write past Python
    for number in numbers:
        place = folder / str(number)
        place.mkdir()
        os.truncate(said, 0)
        _forget_peak()
        outcome: str | Finding
        try:
            outcome = attacked.run(attack.random_numbers(number), place)
        except Exception as error:
            outcome = attack.found(number, "error", _reported(error))
        if isinstance(outcome, str) and (peak := _peak_mib()) > limits.mib:
            outcome = attack.found(number, "memory", f"{peak} MiB")
        if isinstance(outcome, str) and (noise := said.read_bytes()):
            outcome = attack.found(number, "noise", f"{noise[:600]!r}")
        if isinstance(outcome, Finding):
            _keep(place, limits, f"{attack.target}-{number}")
        shutil.rmtree(place)
        pipe.send(outcome)


def _reported(error: Exception) -> str:
    """The error in a line, with the place in the program where it came from."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "feelit" in Path(f.filename).parts]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {str(error)[:600]!r}{where}"


def _keep(place: Path, limits: Limits, name: str) -> None:
    if limits.keep is not None and place.exists():
        shutil.copytree(place, limits.keep / name, dirs_exist_ok=True)


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # proc(5): resets the high-water mark


def _peak_mib() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
