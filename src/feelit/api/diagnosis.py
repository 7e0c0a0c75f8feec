"""What is installed, what loads, and what to do about the rest.

Nothing heavy is imported before it is examined, as broken packages are what this module reports.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import platform
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from feelit import __version__
from feelit.errors import FeelitError, ModelError, OutputError
from feelit.models.paths import BUILT_IN, models_folder

Level = Literal["ok", "warning", "error"]
Area = Literal["package", "model", "provider", "machine", "encoder", "output"]

MODULES = {
    "numpy": "numpy",
    "av": "av",
    "onnxruntime": "onnxruntime-gpu",
    "cv2": "opencv-python-headless",
    "pyarrow": "pyarrow",
    "pandas": "pandas",
}
"""Modules that must be importable -> the distributions that install them."""

RUNTIMES = ("onnxruntime", "onnxruntime-gpu")
OPENCVS = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
"""Distributions that write into each other's folders: only one of each group may be installed."""

H264 = "libx264"
OTHER_ENCODERS = ("libx265", "libvpx-vp9")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The result of one check of the installation.

    Attributes
    ----------
    area : "package", "model", "provider", "machine", "encoder" or "output"
    level : "ok", "warning" or "error"
    message : what was found
    remedy : what to do about it; empty where nothing is wrong
    """

    area: Area
    level: Level
    message: str
    remedy: str = ""


def doctor() -> list[Finding]:
    """Check what is installed and what loads: packages, models, execution providers, encoders, temporary files.

    Loads the built-in models, and changes nothing.

    Returns
    -------
    One finding per check, each with a remedy where something is wrong.
    """
    return [*packages(), *doubles(), *models(), *providers(), *machine(), *encoders(), *temporary_folder()]


def exit_code(findings: Sequence[Finding]) -> int:
    """The exit code of `feelit doctor`: 0 without an error, 4 if a model is wrong, 5 if only temporary files are, else 1."""
    areas = {f.area for f in findings if f.level == "error"}
    if not areas:
        return 0
    if "model" in areas:
        return ModelError.exit_code
    return OutputError.exit_code if areas == {"output"} else FeelitError.exit_code


def packages() -> list[Finding]:
    """The versions of the packages that feelit needs; each is imported."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    found = [
        Finding(area="package", level="ok", message=f"feelit {__version__}, Python {platform.python_version()} on {system}")
    ]
    with contextlib.suppress(ImportError):
        importlib.import_module("feelit.vision.session")  # sets what must be set before ONNX Runtime is first imported
    for module, distribution in MODULES.items():
        remedy = f"pip install --force-reinstall {distribution}"
        try:
            version = getattr(importlib.import_module(module), "__version__", None)
        except (ImportError, OSError, AttributeError) as error:  # what half-installed packages raise
            found.append(Finding(area="package", level="error", message=f"{module} cannot be imported: {error}", remedy=remedy))
            continue
        if version is None:  # a folder without a package in it imports, too
            found.append(
                Finding(area="package", level="error", message=f"{module} is damaged: it has no version", remedy=remedy)
            )
            continue
        found.append(Finding(area="package", level="ok", message=f"{module} {version}"))
    return found


def doubles() -> list[Finding]:
    """Distributions that must not be installed together."""
    found = []
    for group, keep in ((RUNTIMES, "onnxruntime-gpu"), (OPENCVS, "opencv-python-headless")):
        installed = [name for name in group if _is_installed(name)]
        if len(installed) > 1:
            names = " ".join(installed)
            message = f"{' and '.join(installed)} overwrite each other's files"
            remedy = f"pip uninstall {names}, then pip install {keep}"
            found.append(Finding(area="package", level="warning", message=message, remedy=remedy))
    return found


def models() -> list[Finding]:
    """Whether the built-in models are as their cards describe them."""
    return [_model(name, models_folder() / file) for name, file in BUILT_IN.items()]


def _model(name: str, path: Path) -> Finding:
    from feelit.models.verify import AGAIN, compare

    try:
        return Finding(area="model", level="ok", message=f"model {name}: {compare(name, path)}")
    except FeelitError as error:
        return Finding(area="model", level="error", message=f"model {name}: {error}", remedy=AGAIN)


def providers() -> list[Finding]:
    """The execution providers that models run on. Models are loaded for it, as a provider that is compiled in may not load."""
    try:
        from feelit.vision.session import CUDA, has_nvidia_driver, open_session, provider_of
    except ImportError as error:
        return [
            Finding(
                area="provider",
                level="warning",
                message=f"execution providers cannot be examined: {error}",
                remedy="fix the packages first",
            )
        ]
    used, found = set(), []
    for name, path in ((name, models_folder() / file) for name, file in BUILT_IN.items()):
        if not path.is_file():
            continue  # reported by models()
        try:
            used.add(provider_of(open_session(path, "auto")))
        except ModelError as error:
            found.append(
                Finding(area="model", level="error", message=f"model {name} does not load: {error}", remedy=error.hint)
            )
    if not used:
        message = "execution providers cannot be examined: no model loads"
        return [*found, Finding(area="provider", level="warning", message=message, remedy="fix the models first")]
    where = "models run on " + " and ".join(sorted(used))
    if CUDA in used:
        return [*found, Finding(area="provider", level="ok", message=where)]
    if has_nvidia_driver():
        message = f"{where}: there is an NVIDIA driver, but ONNX Runtime's CUDA provider does not load"
        return [
            *found,
            Finding(
                area="provider",
                level="warning",
                message=message,
                remedy="pip install 'feelit[cuda]', which brings CUDA's libraries",
            ),
        ]
    if shutil.which("nvidia-smi"):
        message = f"{where}: there is an NVIDIA driver, but this ONNX Runtime was built without CUDA"
        remedy = "pip uninstall onnxruntime, then pip install onnxruntime-gpu, if there is one for this system"
        return [*found, Finding(area="provider", level="warning", message=message, remedy=remedy)]
    return [*found, Finding(area="provider", level="ok", message=f"{where}; no NVIDIA driver was found")]


def machine() -> list[Finding]:
    """How many processes a run uses by default."""
    try:
        from feelit.run.cores import usable_cores
    except ImportError as error:
        return [
            Finding(
                area="machine", level="warning", message=f"cores cannot be counted: {error}", remedy="fix the packages first"
            )
        ]
    cores = usable_cores()
    return [Finding(area="machine", level="ok", message=f"{cores} usable core{'' if cores == 1 else 's'}")]


def encoders() -> list[Finding]:
    """Whether annotated video can be written."""
    try:
        from feelit.video.writer import can_encode, ffmpeg_version
    except ImportError as error:
        return [
            Finding(
                area="encoder",
                level="warning",
                message=f"encoders cannot be examined: {error}",
                remedy="fix the packages first",
            )
        ]
    if can_encode(H264):
        return [Finding(area="encoder", level="ok", message=f"FFmpeg {ffmpeg_version()} with the H.264 encoder {H264}")]
    others = [name for name in OTHER_ENCODERS if can_encode(name)]
    remedy = "pip install --force-reinstall --only-binary av av"
    if others:
        remedy += f", or annotate with --codec {others[0]}"
    return [
        Finding(
            area="encoder", level="warning", message=f"FFmpeg {ffmpeg_version()} has no H.264 encoder {H264}", remedy=remedy
        )
    ]


def temporary_folder() -> list[Finding]:
    """Whether temporary files can be written; the Python functions need them."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(bytes(1 << 16))
    except OSError as error:
        message = f"temporary files cannot be written: {error}"
        return [
            Finding(
                area="output",
                level="error",
                message=message,
                remedy="free space, or set TMPDIR to a folder that can be written",
            )
        ]
    return [Finding(area="output", level="ok", message=f"temporary files go to {tempfile.gettempdir()}")]


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
