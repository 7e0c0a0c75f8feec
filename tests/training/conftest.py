"""A network that has been trained, for every test that only reads what a run leaves."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Trained:
    """A run of `SMALL` of `test_expression` on the data of `write_data`."""

    data: Path
    out: Path
    model: Path
    messages: list[str]  # what it logged


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Trained once for all tests of this process, which leave the folders as they are."""
    from feelit.training.expression.train import train
    from tests.training.test_expression import SMALL
    from tests.training.test_expression_data import write_data

    data, out = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("trained")
    write_data(data)
    messages: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]  # as short as it goes
    logger = logging.getLogger("feelit.training")
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        model = train("mine", SMALL, data, out)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    return Trained(data, out, model, messages)
