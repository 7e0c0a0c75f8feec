"""The error tree: exit codes, and what a process boundary does to it."""

from __future__ import annotations

import copy
import errno
import pickle

import pyarrow as pa
import pytest

import feelit
from feelit import errors
from feelit.errors import FeelitError

CODES = {
    "FeelitError": 1,
    "UsageError": 2,
    "VideoReadError": 3,
    "TimelineReadError": 3,
    "ModelError": 4,
    "OutputError": 5,
    "MissingExtraError": 6,
    "OutOfMemoryError": 7,
    "SomeFailedError": 10,
    "UnfinishedError": 11,
}
CLASSES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FeelitError)]


def test_every_class_has_its_documented_exit_code() -> None:
    assert {kind.__name__: kind.exit_code for kind in CLASSES} == CODES


def test_the_docstring_states_the_same() -> None:
    lines = [line.split() for line in (errors.__doc__ or "").splitlines() if "Error" in line]
    reported = {word: int(line[line.index(word) + 1]) for line in lines for word in line if word.endswith("Error")}
    assert reported == CODES


@pytest.mark.parametrize("name", CODES)
def test_every_class_can_be_caught_through_the_package(name: str) -> None:
    assert getattr(feelit, name) is getattr(errors, name)
    assert name in feelit.__all__


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("travel", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_an_error_survives_the_way_between_processes(kind: type[FeelitError], travel: object) -> None:
    assert callable(travel)
    arrived = travel(kind("what went wrong", "what to do"))
    assert type(arrived) is kind
    assert (arrived.message, arrived.hint, str(arrived)) == ("what went wrong", "what to do", "what went wrong")


def test_a_hint_may_be_missing() -> None:
    arrived = pickle.loads(pickle.dumps(FeelitError("alone")))
    assert (arrived.message, arrived.hint) == ("alone", "")


@pytest.mark.parametrize(
    ("error", "short"),
    [
        pytest.param(MemoryError(), True, id="python"),
        pytest.param(OSError(errno.ENOMEM, "Cannot allocate memory"), True, id="system"),
        pytest.param(ImportError("libx.so: failed to map segment from shared object"), True, id="linker"),
        pytest.param(RuntimeError("std::bad_alloc"), True, id="cpp"),
        pytest.param(RuntimeError("can't start new thread"), True, id="threads"),
        pytest.param(pa.ArrowMemoryError("malloc of size 64 failed"), True, id="arrow"),
        pytest.param(OSError(errno.ENOSPC, "No space left on device"), False, id="disk"),
        pytest.param(ImportError("No module named x"), False, id="no-module"),
        pytest.param(FeelitError("bad_alloc.mp4 does not exist"), False, id="a-name"),
    ],
)
def test_want_of_memory_is_known_by_whatever_name(error: Exception, short: bool) -> None:
    assert errors.is_out_of_memory(error) is short
    over = FeelitError("the model does not load")
    over.__cause__ = error
    assert errors.is_out_of_memory(over) is short
    assert isinstance(errors.as_failure("a.mp4", error), errors.OutOfMemoryError) is short
