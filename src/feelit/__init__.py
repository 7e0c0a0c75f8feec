"""feelit: batch video analytics of faces and the expressions they show.

    import feelit

    recording = feelit.analyze("meeting.mp4")  # docs/schema.md describes the columns of recording.to_pandas()
    print(recording.summary())                 # one row per person

Functions are imported when they are first used, so that the command line starts at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from feelit.errors import (
    FeelitError,
    MissingExtraError,
    ModelError,
    OutOfMemoryError,
    OutputError,
    SomeFailedError,
    TimelineReadError,
    UnfinishedError,
    UsageError,
    VideoReadError,
)

if TYPE_CHECKING:
    from feelit.api import (
        Analyzer,
        Dataset,
        Face,
        Failure,
        Finding,
        PlannedVideo,
        Recording,
        RunPlan,
        RunStatus,
        Study,
        VideoReport,
        agree,
        analyze,
        annotate,
        clips,
        describe_model,
        doctor,
        evaluate,
        evaluate_faces,
        events,
        explain,
        export,
        list_models,
        merge,
        open_timelines,
        people,
        plan,
        plot,
        pull_model,
        read_manifest,
        read_timeline,
        report,
        status,
        study,
        summarize,
        summarize_signals,
        train,
        utterances,
        verify_models,
        watch,
    )

__version__ = "0.1.0"

__all__ = [
    "Analyzer",
    "Dataset",
    "Face",
    "Failure",
    "FeelitError",
    "Finding",
    "MissingExtraError",
    "ModelError",
    "OutOfMemoryError",
    "OutputError",
    "PlannedVideo",
    "Recording",
    "RunPlan",
    "RunStatus",
    "SomeFailedError",
    "Study",
    "TimelineReadError",
    "UnfinishedError",
    "UsageError",
    "VideoReadError",
    "VideoReport",
    "__version__",
    "agree",
    "analyze",
    "annotate",
    "clips",
    "describe_model",
    "doctor",
    "evaluate",
    "evaluate_faces",
    "events",
    "explain",
    "export",
    "list_models",
    "merge",
    "open_timelines",
    "people",
    "plan",
    "plot",
    "pull_model",
    "read_manifest",
    "read_timeline",
    "report",
    "status",
    "study",
    "summarize",
    "summarize_signals",
    "train",
    "utterances",
    "verify_models",
    "watch",
]


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})  # not what this module imports


def __getattr__(name: str) -> Any:
    if name in __all__:  # of the API: whatever else is public is here already, and never asked for
        return getattr(importlib.import_module("feelit.api"), name)
    raise AttributeError(f"module 'feelit' has no attribute {name!r}")
