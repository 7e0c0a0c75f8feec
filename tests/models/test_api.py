"""Models as Python functions: the same records as the command line prints."""

from __future__ import annotations

import pytest

import feelit


def test_models_are_listed_and_described() -> None:
    listed = {model.name: model for model in feelit.list_models()}
    assert (listed["face"].task, listed["face"].origin, listed["face"].present) == ("face", "built-in", True)
    described = feelit.describe_model("face")
    assert described.path == listed["face"].path
    assert described.card.sha256 == listed["face"].sha256
    with pytest.raises(feelit.ModelError, match="nobody"):
        feelit.describe_model("nobody")


def test_models_are_verified() -> None:
    face, nobody = feelit.verify_models(["face", "nobody"])
    assert (face.name, face.ok) == ("face", True)
    assert (nobody.ok, bool(nobody.remedy)) == (False, True)
