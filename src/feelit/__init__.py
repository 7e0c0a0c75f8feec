"""feelit: batch video analytics of faces and the expressions they show.

    import feelit

    recording = feelit.analyze("meeting.mp4")  # docs/schema.md describes the columns of recording.to_pandas()
    print(recording.summary())                 # one row per person

Functions are imported when they are first used, so that the command line starts at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feelit.api.analysis import analyze as analyze
    from feelit.api.analyzer import Analyzer as Analyzer
    from feelit.api.analyzer import Face as Face
    from feelit.api.dataset import Dataset as Dataset
    from feelit.api.dataset import Failure as Failure
    from feelit.api.dataset import open_timelines as open_timelines
    from feelit.api.diagnosis import Finding as Finding
    from feelit.api.diagnosis import doctor as doctor
    from feelit.api.evaluation import evaluate as evaluate
    from feelit.api.evaluation import evaluate_faces as evaluate_faces
    from feelit.api.evaluation import explain as explain
    from feelit.api.recording import Recording as Recording
    from feelit.api.runs import PlannedVideo as PlannedVideo
    from feelit.api.runs import RunPlan as RunPlan
    from feelit.api.runs import plan as plan
    from feelit.api.studies import Study as Study
    from feelit.api.studies import study as study
    from feelit.api.timelines import agree as agree
    from feelit.api.timelines import events as events
    from feelit.api.timelines import export as export
    from feelit.api.timelines import merge as merge
    from feelit.api.timelines import people as people
    from feelit.api.timelines import plot as plot
    from feelit.api.timelines import read_manifest as read_manifest
    from feelit.api.timelines import read_timeline as read_timeline
    from feelit.api.timelines import report as report
    from feelit.api.timelines import summarize as summarize
    from feelit.api.timelines import summarize_signals as summarize_signals
    from feelit.api.timelines import utterances as utterances
    from feelit.api.videos import annotate as annotate
    from feelit.api.videos import clips as clips
    from feelit.errors import FeelitError as FeelitError
    from feelit.errors import MissingExtraError as MissingExtraError
    from feelit.errors import ModelError as ModelError
    from feelit.errors import OutOfMemoryError as OutOfMemoryError
    from feelit.errors import OutputError as OutputError
    from feelit.errors import SomeFailedError as SomeFailedError
    from feelit.errors import TimelineReadError as TimelineReadError
    from feelit.errors import UnfinishedError as UnfinishedError
    from feelit.errors import UsageError as UsageError
    from feelit.errors import VideoReadError as VideoReadError
    from feelit.live.session import watch as watch
    from feelit.models.describe import describe_model as describe_model
    from feelit.models.list import list_models as list_models
    from feelit.models.pull import pull_model as pull_model
    from feelit.models.verify import verify_models as verify_models
    from feelit.run.job import VideoReport as VideoReport
    from feelit.run.status import RunStatus as RunStatus
    from feelit.run.status import status as status
    from feelit.training.run import train as train

__version__ = "0.1.0"

_NAMES = {
    "api.analysis": "analyze",
    "api.analyzer": "Analyzer Face",
    "api.dataset": "Dataset Failure open_timelines",
    "api.diagnosis": "Finding doctor",
    "api.evaluation": "evaluate evaluate_faces explain",
    "api.recording": "Recording",
    "api.runs": "PlannedVideo RunPlan plan",
    "api.studies": "Study study",
    "api.timelines": (
        "agree events export merge people plot read_manifest read_timeline report summarize summarize_signals utterances"
    ),
    "api.videos": "annotate clips",
    "errors": (
        "FeelitError MissingExtraError ModelError OutOfMemoryError OutputError "
        "SomeFailedError TimelineReadError UnfinishedError UsageError VideoReadError"
    ),
    "live.session": "watch",
    "models.describe": "describe_model",
    "models.list": "list_models",
    "models.pull": "pull_model",
    "models.verify": "verify_models",
    "run.job": "VideoReport",
    "run.status": "RunStatus status",
    "training.run": "train",
}
"""The public names by the module that each lies in."""

_HOMES = {name: f"feelit.{module}" for module, names in _NAMES.items() for name in names.split()}
__all__ = sorted(["__version__", *_HOMES])


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})  # not what this module imports


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
