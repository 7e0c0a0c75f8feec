"""The program as Python functions and objects, each imported when it is first used: `feelit export` needs no networks."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feelit.api.analysis import analyze
    from feelit.api.analyzer import Analyzer, Face
    from feelit.api.dataset import Dataset, Failure, open_timelines
    from feelit.api.diagnosis import Finding, doctor
    from feelit.api.evaluation import evaluate, evaluate_faces, explain
    from feelit.api.models import describe_model, list_models, pull_model, train, verify_models
    from feelit.api.recording import Recording
    from feelit.api.runs import PlannedVideo, RunPlan, plan, status
    from feelit.api.studies import Study, study
    from feelit.api.timelines import (
        agree,
        events,
        export,
        merge,
        people,
        plot,
        read_manifest,
        read_timeline,
        report,
        summarize,
        summarize_signals,
        utterances,
    )
    from feelit.api.videos import annotate, clips
    from feelit.api.watching import watch
    from feelit.run.job import VideoReport
    from feelit.run.status import RunStatus

__all__ = [
    "Analyzer",
    "Dataset",
    "Face",
    "Failure",
    "Finding",
    "PlannedVideo",
    "Recording",
    "RunPlan",
    "RunStatus",
    "Study",
    "VideoReport",
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

_HOMES = {
    "agree": "timelines",
    "analyze": "analysis",
    "Analyzer": "analyzer",
    "Face": "analyzer",
    "Dataset": "dataset",
    "Failure": "dataset",
    "open_timelines": "dataset",
    "evaluate": "evaluation",
    "evaluate_faces": "evaluation",
    "explain": "evaluation",
    "describe_model": "models",
    "list_models": "models",
    "pull_model": "models",
    "verify_models": "models",
    "train": "models",
    "Recording": "recording",
    "Study": "studies",
    "study": "studies",
    "events": "timelines",
    "export": "timelines",
    "merge": "timelines",
    "people": "timelines",
    "plot": "timelines",
    "read_manifest": "timelines",
    "read_timeline": "timelines",
    "report": "timelines",
    "summarize": "timelines",
    "summarize_signals": "timelines",
    "utterances": "timelines",
    "doctor": "diagnosis",
    "Finding": "diagnosis",
    "PlannedVideo": "runs",
    "RunPlan": "runs",
    "RunStatus": "runs",
    "plan": "runs",
    "status": "runs",
    "VideoReport": "watching",
    "watch": "watching",
    "annotate": "videos",
    "clips": "videos",
}
"""The module that each lies in."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
