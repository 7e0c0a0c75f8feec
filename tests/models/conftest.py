from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.small import Small, small_model


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    """A catalogue of one small classifier, and an empty cache."""
    with small_model(tmp_path, monkeypatch) as found:
        yield found
