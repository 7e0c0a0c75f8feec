from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from feelit.api import diagnosis
from feelit.api.diagnosis import Finding
from feelit.cli import application

FINDINGS = [
    Finding(area="package", level="ok", message="numpy 1.0"),
    Finding(area="model", level="error", message="model face: is missing", remedy="install feelit again"),
]


@pytest.mark.parametrize(("findings", "code"), [(FINDINGS, 4), (FINDINGS[:1], 0)], ids=["wrong", "fine"])
def test_findings_are_lines_and_decide_the_exit_code(
    findings: list[Finding], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "doctor", lambda: findings)
    result = CliRunner().invoke(application(), ["doctor"])
    assert result.exit_code == code
    lines = ["ok       numpy 1.0", "error    model face: is missing", "         -> install feelit again"]
    assert result.stdout.splitlines() == lines[: 3 if code else 1]


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "doctor", lambda: FINDINGS)
    result = CliRunner().invoke(application(), ["doctor", "--json"])
    assert result.exit_code == 4
    assert json.loads(result.stdout) == [
        {"area": "package", "level": "ok", "message": "numpy 1.0", "remedy": ""},
        {"area": "model", "level": "error", "message": "model face: is missing", "remedy": "install feelit again"},
    ]
