"""What a task says of the networks that it needs."""

from __future__ import annotations

from pathlib import Path

from feelit.run.task import Models


def test_every_network_is_moved_and_none_that_is_not_there() -> None:
    there = Path("there")
    models = Models(Path("detector"), Path("expression"), Path("identity"), "cpu", signals=Path("signals"))
    moved = models.moved(lambda path: there / path)
    assert (moved.detector, moved.expression) == (there / "detector", there / "expression")
    assert (moved.identity, moved.signals) == (there / "identity", there / "signals")
    lacking = Models(Path("detector"), Path("expression"), None, "cpu").moved(lambda path: there / path)
    assert (lacking.identity, lacking.signals) == (None, None)
