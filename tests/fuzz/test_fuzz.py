"""A short run of hostile input, always the same, and proof that a long one would notice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz.mutations import KINDS, MOST_BYTES, Material, mutated
from tests.fuzz.product import MisbehavedError, Reported, feelit, look_at
from tests.fuzz.running import Attack, Finding, Limits, run
from tests.fuzz.targets import TARGETS
from tests.fuzz.weak import Weak

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is watched by way of Linux's /proc")

LIMITS = Limits(seconds=60, mib=1024)
CASES = {"video": 60, "timeline": 30, "model": 30, "options": 30, "export": 30}
FEW = 8


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_the_program_stands_hostile_input(target: str, tmp_path: Path) -> None:
    cases = CASES[target]
    outcomes = list(run(Attack(target, seed=0), range(cases), tmp_path, LIMITS))
    assert [str(outcome) for outcome in outcomes if isinstance(outcome, Finding)] == []
    assert len(outcomes) == cases
    assert len(set(outcomes)) > 1, "some cases are refused, some are not"


class Each:
    """The first cases of every target in turn, in one process, which takes a second to import the program."""

    def __init__(self, folder: Path) -> None:
        self._targets = []
        for name, make in TARGETS.items():
            (folder / name).mkdir()
            self._targets.append(make(folder / name))

    def run(self, rng: np.random.Generator, folder: Path) -> str:
        """See `Target.run`."""
        name, number = case(int(folder.name))
        numbers = Attack(name, seed=0).random_numbers(number)
        return f"{name}: {self._targets[list(TARGETS).index(name)].run(numbers, folder)}"


def case(number: int) -> tuple[str, int]:
    """Which target a case of `Each` attacks, and its number there."""
    return list(TARGETS)[number % len(TARGETS)], number // len(TARGETS)


def test_the_program_stands_a_little_hostile_input(tmp_path: Path) -> None:
    outcomes = list(run(Attack("each", 0, {"each": Each}), range(FEW * len(TARGETS)), tmp_path, LIMITS))
    found = [outcome for outcome in outcomes if isinstance(outcome, Finding)]
    assert [str(replace(one, target=case(one.number)[0], number=case(one.number)[1])) for one in found] == []
    assert len(outcomes) == FEW * len(TARGETS)
    for target in TARGETS:
        seen = {str(outcome) for outcome in outcomes if str(outcome).startswith(f"{target}: ")}
        assert len(seen) > 1, f"{target}: some cases are refused, some are not"


def test_what_it_does_not_stand_is_noticed_and_attributed(tmp_path: Path) -> None:
    keep = tmp_path / "keep"
    attack = Attack("weak", 7, {"weak": Weak})
    outcomes = list(run(attack, range(7), tmp_path, Limits(seconds=3, mib=200, keep=keep)))
    kinds = [outcome.kind if isinstance(outcome, Finding) else outcome for outcome in outcomes]
    assert kinds == ["good", "crash", "hang", "memory", "error", "noise", "good"]
    assert "--target weak --seed 7 --first 1 --cases 1" in str(outcomes[1])
    assert "ZeroDivisionError" in str(outcomes[4])
    assert sorted(path.name for path in keep.iterdir()) == [f"weak-{n}" for n in range(1, 6)]
    assert (keep / "weak-1" / "input").read_text(encoding="ascii") == "1"


def test_cases_are_reported_by_their_number() -> None:
    draws = [[Attack(t, s).random_numbers(n).random() for t in TARGETS for s in (1, 2) for n in range(3)] for _ in range(2)]
    assert draws[0] == draws[1]
    assert len(set(draws[0])) == len(draws[0])


@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("data", [b"a", b"moov" * 20, bytes(range(256)) * 8], ids=len)
def test_every_mutation_takes_any_bytes(kind: int, data: bytes) -> None:
    rng = np.random.default_rng(kind)
    results = {bytes(KINDS[kind](bytearray(data), rng, Material((b"word",), (b"other",)))) for _ in range(40)}
    assert results != {data}


def test_damage_is_bounded_and_repeatable() -> None:
    first, again = ([mutated(bytes(5000), np.random.default_rng(n), Material()) for n in range(200)] for _ in range(2))
    assert first == again
    assert max(map(len, first)) <= MOST_BYTES
    assert len(set(first)) > 150


@pytest.mark.parametrize(
    "reported",
    [
        pytest.param(Reported(0, "", "a line\n"), id="says-something-though-all-is-well"),
        pytest.param(Reported(1, "", "feelit: x\n"), id="exit-code-of-a-bug"),
        pytest.param(Reported(3, "", "feelit: x\nfeelit: y\n"), id="two-lines"),
        pytest.param(Reported(3, "", "Traceback (most recent call last):\n"), id="traceback"),
        pytest.param(Reported(10, "", "feelit: internal error: x\n"), id="internal-error"),
        pytest.param(Reported(3, "", "feelit: \x1b[31m\n"), id="escape-sequence"),
    ],
)
def test_misbehaviour_is_known_when_it_is_seen(reported: Reported) -> None:
    with pytest.raises(MisbehavedError):
        look_at(reported)


def test_the_command_is_called_as_users_call_it(tmp_path: Path) -> None:
    assert feelit("--version").out.startswith("feelit ")
    ran = feelit("summarize", tmp_path / "gone.parquet")
    assert (ran.code, ran.err) == (
        3,
        f"feelit: {tmp_path}/gone.parquet does not exist (run `feelit analyze` first)\n",
    )
