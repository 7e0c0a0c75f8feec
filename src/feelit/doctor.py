"""What is installed, what really loads, and what to do about the rest.

Nothing heavy is imported before it is examined: a broken package is what this module reports.
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
"""What must be importable, and the distribution that brings it."""

RUNTIMES = ("onnxruntime", "onnxruntime-gpu")
OPENCVS = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
"""Distributions that write into one another's folders: of each group one alone may be installed."""

H264 = "libx264"
OTHER_ENCODERS = ("libx265", "libvpx-vp9")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined; `remedy` is empty where nothing is wrong."""

    area: Area
    level: Level
    message: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Everything that feelit needs of this machine. Loads the models, changes nothing."""
    return [*packages(), *doubles(), *models(), *providers(), *machine(), *encoders(), *temporary_folder()]


def exit_code(findings: Sequence[Finding]) -> int:
    """0 without an error; else 4 if a model is wrong, 5 if the temporary folder is, 1 for anything else."""
    areas = {f.area for f in findings if f.level == "error"}
    if not areas:
        return 0
    if "model" in areas:
        return ModelError.exit_code
    return OutputError.exit_code if areas == {"output"} else FeelitError.exit_code


def packages() -> list[Finding]:
    """The versions of what feelit stands on, each of which is imported."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    found = [Finding("package", "ok", f"feelit {__version__}, Python {platform.python_version()} on {system}")]
    with contextlib.suppress(ImportError):
        importlib.import_module("feelit.vision.session")  # sets what must be set before ONNX Runtime is first imported
    for module, distribution in MODULES.items():
        remedy = f"pip install --force-reinstall {distribution}"
        try:
            version = getattr(importlib.import_module(module), "__version__", None)
        except (ImportError, OSError, AttributeError) as error:  # what half-installed packages raise
            found.append(Finding("package", "error", f"{module} cannot be imported: {error}", remedy))
            continue
        if version is None:  # a folder without a package in it imports, too
            found.append(Finding("package", "error", f"{module} is damaged: it has no version", remedy))
            continue
        found.append(Finding("package", "ok", f"{module} {version}"))
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
            found.append(Finding("package", "warning", message, remedy))
    return found


def models() -> list[Finding]:
    """Whether the built-in models are those that their cards describe."""
    return [_model(name, models_folder() / file) for name, file in BUILT_IN.items()]


def _model(name: str, path: Path) -> Finding:
    from feelit.models.verify import AGAIN, compare

    try:
        return Finding("model", "ok", f"model {name}: {compare(name, path)}")
    except FeelitError as error:
        return Finding("model", "error", f"model {name}: {error}", AGAIN)


def providers() -> list[Finding]:
    """Where models really run: the built-in ones are loaded and asked, for what is compiled in may not load."""
    try:
        from feelit.vision.session import CUDA, has_nvidia_driver, open_session, provider_of
    except ImportError as error:
        return [Finding("provider", "warning", f"execution providers cannot be examined: {error}", "fix the packages first")]
    used, found = set(), []
    for name, path in ((name, models_folder() / file) for name, file in BUILT_IN.items()):
        if not path.is_file():
            continue  # reported by models()
        try:
            used.add(provider_of(open_session(path, "auto")))
        except ModelError as error:
            found.append(Finding("model", "error", f"model {name} does not load: {error}", error.hint))
    if not used:
        message = "execution providers cannot be examined: no model loads"
        return [*found, Finding("provider", "warning", message, "fix the models first")]
    where = "models run on " + " and ".join(sorted(used))
    if CUDA in used:
        return [*found, Finding("provider", "ok", where)]
    if has_nvidia_driver():
        message = f"{where}: there is an NVIDIA driver, but ONNX Runtime's CUDA provider does not load"
        return [*found, Finding("provider", "warning", message, "pip install 'feelit[cuda]', which brings CUDA's libraries")]
    if shutil.which("nvidia-smi"):
        message = f"{where}: there is an NVIDIA driver, but this ONNX Runtime was built without CUDA"
        remedy = "pip uninstall onnxruntime, then pip install onnxruntime-gpu, if there is one for this system"
        return [*found, Finding("provider", "warning", message, remedy)]
    return [*found, Finding("provider", "ok", f"{where}; no NVIDIA driver was found")]


def machine() -> list[Finding]:
    """How many processes a run uses by default."""
    try:
        from feelit.run.cores import usable_cores
    except ImportError as error:
        return [Finding("machine", "warning", f"cores cannot be counted: {error}", "fix the packages first")]
    cores = usable_cores()
    return [Finding("machine", "ok", f"{cores} usable core{'' if cores == 1 else 's'}")]


def encoders() -> list[Finding]:
    """Whether annotated video can be written."""
    try:
        from feelit.video.codecs import can_encode, ffmpeg_version
    except ImportError as error:
        return [Finding("encoder", "warning", f"encoders cannot be examined: {error}", "fix the packages first")]
    if can_encode(H264):
        return [Finding("encoder", "ok", f"FFmpeg {ffmpeg_version()} with the H.264 encoder {H264}")]
    others = [name for name in OTHER_ENCODERS if can_encode(name)]
    remedy = "pip install --force-reinstall --only-binary av av"
    if others:
        remedy += f", or annotate with --codec {others[0]}"
    return [Finding("encoder", "warning", f"FFmpeg {ffmpeg_version()} has no H.264 encoder {H264}", remedy)]


def temporary_folder() -> list[Finding]:
    """Whether temporary files can be written; the Python functions need them."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(bytes(1 << 16))
    except OSError as error:
        message = f"temporary files cannot be written: {error}"
        return [Finding("output", "error", message, "free space, or set TMPDIR to a folder that can be written")]
    return [Finding("output", "ok", f"temporary files go to {tempfile.gettempdir()}")]


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
