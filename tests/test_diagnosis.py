from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest

from feelit.api import diagnosis
from feelit.api.diagnosis import Area, Finding, Level
from feelit.models import paths as models
from feelit.models.card import card_path, read_card, write_card
from feelit.vision import session

EXPRESSION = models.models_folder() / models.BUILT_IN["expression"]


def only(findings: list[Finding], level: Level) -> Finding:
    (found,) = [f for f in findings if f.level == level]
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models that are all in order."""
    for file in models.BUILT_IN.values():
        shutil.copy(EXPRESSION, tmp_path / file)
        write_card(read_card(EXPRESSION), tmp_path / file)
    monkeypatch.setattr(diagnosis, "models_folder", lambda: tmp_path)
    return tmp_path


def test_packages_that_import_are_reported_with_their_versions() -> None:
    findings = diagnosis.packages()
    assert {f.level for f in findings} == {"ok"}
    reported = {f.message.split()[0]: f.message.split()[1].rstrip(",") for f in findings}
    assert set(reported) == {"feelit", *diagnosis.MODULES}
    assert reported["numpy"] == importlib.metadata.version("numpy")


def test_a_package_that_does_not_import_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    found = only(diagnosis.packages(), "error")
    assert found.message.startswith("cv2 cannot be imported")
    assert found.remedy == "pip install --force-reinstall opencv-python-headless"


def test_an_empty_folder_is_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", ModuleType("pandas"))
    assert only(diagnosis.packages(), "error").message == "pandas is damaged: it has no version"


@pytest.mark.parametrize(
    ("installed", "warned"),
    [
        pytest.param({"onnxruntime-gpu", "opencv-python-headless"}, [], id="as it should be"),
        pytest.param({"onnxruntime", "opencv-python"}, [], id="one of each"),
        pytest.param({"onnxruntime", "onnxruntime-gpu"}, ["onnxruntime and onnxruntime-gpu"], id="two runtimes"),
        pytest.param(
            {"opencv-python", "opencv-python-headless"}, ["opencv-python and opencv-python-headless"], id="two OpenCVs"
        ),
    ],
)
def test_doubles(installed: set[str], warned: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(importlib.metadata, "version", version)
    findings = diagnosis.doubles()
    assert [f.message for f in findings] == [f"{names} overwrite each other's files" for names in warned]
    assert all(f.level == "warning" and f.remedy.startswith("pip uninstall") for f in findings)


def test_models_that_their_cards_describe_are_ok(folder: Path) -> None:
    assert [f.level for f in diagnosis.models()] == ["ok"] * len(models.BUILT_IN)


def remove_model(model: Path) -> None:
    model.unlink()


def remove_card(model: Path) -> None:
    card_path(model).unlink()


def damage_card(model: Path) -> None:
    card_path(model).write_text("{")


def alter_model(model: Path) -> None:
    model.write_bytes(model.read_bytes() + b"\0")


def forget_checksum(model: Path) -> None:
    text = card_path(model).read_text(encoding="utf-8")
    card_path(model).write_text(text.replace(read_card(model).sha256, ""), encoding="utf-8")


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (remove_model, "is missing"),
        (remove_card, "has no card"),
        (damage_card, "cannot be read"),
        (alter_model, "its card says"),
        (forget_checksum, "its card says none"),
    ],
    ids=["removed", "no card", "damaged card", "altered", "no checksum"],
)
def test_a_model_that_is_wrong_is_an_error(harm: Callable[[Path], None], reason: str, folder: Path) -> None:
    harm(folder / models.BUILT_IN["face"])
    findings = diagnosis.models()
    found = only(findings, "error")
    assert found.message.startswith("model face: ")
    assert reason in found.message
    assert diagnosis.exit_code(findings) == 4


def test_providers_are_asked_of_real_sessions(folder: Path) -> None:
    (found,) = diagnosis.providers()
    assert session.provider_of(session.open_session(EXPRESSION)) in found.message


def test_a_model_that_does_not_load_is_an_error(folder: Path) -> None:
    (folder / models.BUILT_IN["face"]).write_bytes(b"no model")
    findings = diagnosis.providers()
    assert "model face does not load" in only(findings, "error").message
    assert any("models run on" in f.message for f in findings)
    assert diagnosis.exit_code(findings) == 4


def test_without_any_model_providers_stay_unknown(folder: Path) -> None:
    for file in models.BUILT_IN.values():
        (folder / file).unlink()
    assert only(diagnosis.providers(), "warning").message.endswith("no model loads")


class FakeSession:
    def __init__(self, provider: str) -> None:
        self._provider = provider

    def get_providers(self) -> list[str]:
        return [self._provider]


@pytest.mark.parametrize(
    ("provider", "driver", "tool", "level", "reason"),
    [
        pytest.param(session.CUDA, True, True, "ok", "models run on CUDAExecutionProvider", id="CUDA runs"),
        pytest.param(session.CPU, False, False, "ok", "no NVIDIA driver", id="no GPU"),
        pytest.param(session.CPU, True, True, "warning", "CUDA provider does not load", id="libraries missing"),
        pytest.param(session.CPU, False, True, "warning", "built without CUDA", id="the wrong distribution"),
    ],
)
def test_what_is_wrong_with_cuda(
    provider: str, driver: bool, tool: bool, level: Level, reason: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "open_session", lambda *_: FakeSession(provider))
    monkeypatch.setattr(session, "has_nvidia_driver", lambda: driver)
    monkeypatch.setattr(shutil, "which", lambda _: "nvidia-smi" if tool else None)
    (found,) = diagnosis.providers()
    assert found.level == level
    assert reason in found.message
    assert bool(found.remedy) is (level == "warning")


@pytest.mark.parametrize(
    ("present", "level", "remedy"),
    [
        pytest.param({"libx264"}, "ok", "", id="there"),
        pytest.param({"libvpx-vp9"}, "warning", "--codec libvpx-vp9", id="another is"),
        pytest.param(set(), "warning", "pip install", id="none is"),
    ],
)
def test_encoders(present: set[str], level: Level, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.video.writer.can_encode", lambda name: name in present)
    (found,) = diagnosis.encoders()
    assert found.level == level
    assert remedy in found.remedy


def test_cores_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.run.cores.usable_cores", lambda: 1)
    assert [f.message for f in diagnosis.machine()] == ["1 usable core"]


def test_a_temporary_folder_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [f.level for f in diagnosis.temporary_folder()] == ["ok"]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    findings = diagnosis.temporary_folder()
    assert "temporary files cannot be written" in only(findings, "error").message
    assert diagnosis.exit_code(findings) == 5


@pytest.mark.parametrize("module", [pytest.param("onnxruntime", marks=pytest.mark.slow), "av"])
def test_a_broken_package_does_not_stop_the_examination(module: str) -> None:
    program = f"import sys; sys.modules[{module!r}] = None; from feelit.cli import main; main()"
    run = subprocess.run([sys.executable, "-c", program, "doctor", "--json"], capture_output=True, text=True, check=False)
    findings = [Finding(**content) for content in json.loads(run.stdout)]
    assert any(f.level == "error" and f.message.startswith(f"{module} cannot be imported") for f in findings)
    assert {f.area for f in findings} == set(get_args(Area))
    assert all(f.remedy for f in findings if f.level != "ok")
    assert run.returncode == diagnosis.exit_code(findings) != 0


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param(["package"], 1, id="a package"),
        pytest.param(["output"], 5, id="the temporary folder"),
        pytest.param(["package", "output"], 1, id="more than the temporary folder"),
        pytest.param(["package", "model", "output"], 4, id="a model outweighs the rest"),
    ],
)
def test_exit_codes(wrong: list[Area], code: int) -> None:
    fine = [Finding(area="machine", level="ok", message=""), Finding(area="encoder", level="warning", message="", remedy="x")]
    errors = [replace(fine[0], area=area, level="error") for area in wrong]
    assert diagnosis.exit_code(fine + errors) == code
