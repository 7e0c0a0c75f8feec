"""What is installed, what loads, and what to do about the rest.

Nothing heavy is imported before it is examined, as broken packages are what this module reports.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.metadata
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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


def _found(area: Area, level: Level, message: str, remedy: str = "") -> Finding:
    return Finding(area=area, level=level, message=message, remedy=remedy)


def check(area: Area, otherwise: str) -> Callable[[Callable[[], Iterator[Finding]]], Callable[[], list[Finding]]]:
    """A check that lists its findings; `otherwise` is what a warning says where its modules do not import."""

    def decorate(function: Callable[[], Iterator[Finding]]) -> Callable[[], list[Finding]]:
        @functools.wraps(function)
        def call() -> list[Finding]:
            try:
                return list(function())
            except ImportError as error:
                return [_found(area, "warning", f"{otherwise}: {error}", "fix the packages first")]

        return call

    return decorate


def packages() -> list[Finding]:
    """The versions of the packages that feelit needs; each is imported."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    found = [_found("package", "ok", f"feelit {__version__}, Python {platform.python_version()} on {system}")]
    with contextlib.suppress(ImportError):
        importlib.import_module("feelit.vision.session")  # sets what must be set before ONNX Runtime is first imported
    for module, distribution in MODULES.items():
        try:
            version = getattr(importlib.import_module(module), "__version__", None)
            # a folder without a package in it imports, too
            wrong = f"{module} is damaged: it has no version" if version is None else ""
        except (ImportError, OSError, AttributeError) as error:  # what half-installed packages raise
            wrong = f"{module} cannot be imported: {error}"
        if wrong:
            found.append(_found("package", "error", wrong, f"pip install --force-reinstall {distribution}"))
        else:
            found.append(_found("package", "ok", f"{module} {version}"))
    return found


def doubles() -> list[Finding]:
    """Distributions that must not be installed together."""
    found = []
    for group, keep in ((RUNTIMES, "onnxruntime-gpu"), (OPENCVS, "opencv-python-headless")):
        installed = [name for name in group if _is_installed(name)]
        if len(installed) > 1:
            remedy = f"pip uninstall {' '.join(installed)}, then pip install {keep}"
            found.append(_found("package", "warning", f"{' and '.join(installed)} overwrite each other's files", remedy))
    return found


def models() -> list[Finding]:
    """Whether the built-in models are as their cards describe them."""
    from feelit.models.verify import AGAIN, compare

    found = []
    for name, file in BUILT_IN.items():
        try:
            found.append(_found("model", "ok", f"model {name}: {compare(name, models_folder() / file)}"))
        except FeelitError as error:
            found.append(_found("model", "error", f"model {name}: {error}", AGAIN))
    return found


@check("provider", "execution providers cannot be examined")
def providers() -> Iterator[Finding]:
    """The execution providers that models run on. Models are loaded for it, as a provider that is compiled in may not load."""
    from feelit.vision.session import CUDA, has_nvidia_driver, open_session, provider_of

    used = set()
    for name, path in ((name, models_folder() / file) for name, file in BUILT_IN.items()):
        try:
            if path.is_file():  # else it is reported by models()
                used.add(provider_of(open_session(path, "auto")))
        except ModelError as error:
            yield _found("model", "error", f"model {name} does not load: {error}", error.hint)
    where = "models run on " + " and ".join(sorted(used))
    if not used:
        yield _found("provider", "warning", "execution providers cannot be examined: no model loads", "fix the models first")
    elif CUDA in used:
        yield _found("provider", "ok", where)
    elif has_nvidia_driver():
        message = f"{where}: there is an NVIDIA driver, but ONNX Runtime's CUDA provider does not load"
        yield _found("provider", "warning", message, "pip install 'feelit[cuda]', which brings CUDA's libraries")
    elif shutil.which("nvidia-smi"):
        message = f"{where}: there is an NVIDIA driver, but this ONNX Runtime was built without CUDA"
        remedy = "pip uninstall onnxruntime, then pip install onnxruntime-gpu, if there is one for this system"
        yield _found("provider", "warning", message, remedy)
    else:
        yield _found("provider", "ok", f"{where}; no NVIDIA driver was found")


@check("machine", "cores cannot be counted")
def machine() -> Iterator[Finding]:
    """How many processes a run uses by default."""
    from feelit.run.cores import usable_cores

    cores = usable_cores()
    yield _found("machine", "ok", f"{cores} usable core{'' if cores == 1 else 's'}")


@check("encoder", "encoders cannot be examined")
def encoders() -> Iterator[Finding]:
    """Whether annotated video can be written."""
    from feelit.video.writer import can_encode, ffmpeg_version

    if can_encode(H264):
        yield _found("encoder", "ok", f"FFmpeg {ffmpeg_version()} with the H.264 encoder {H264}")
        return
    others = [f", or annotate with --codec {name}" for name in OTHER_ENCODERS if can_encode(name)]
    remedy = "".join(["pip install --force-reinstall --only-binary av av", *others[:1]])
    yield _found("encoder", "warning", f"FFmpeg {ffmpeg_version()} has no H.264 encoder {H264}", remedy)


def temporary_folder() -> list[Finding]:
    """Whether temporary files can be written; the Python functions need them."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(bytes(1 << 16))
    except OSError as error:
        remedy = "free space, or set TMPDIR to a folder that can be written"
        return [_found("output", "error", f"temporary files cannot be written: {error}", remedy)]
    return [_found("output", "ok", f"temporary files go to {tempfile.gettempdir()}")]


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
