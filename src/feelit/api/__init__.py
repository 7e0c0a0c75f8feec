"""The program as Python functions and objects."""

from __future__ import annotations

from feelit.api.analysis import analyze
from feelit.api.analyzer import Analyzer, Face
from feelit.api.dataset import Dataset, Failure, open_timelines
from feelit.api.evaluation import evaluate, evaluate_faces
from feelit.api.explanation import explain
from feelit.api.models import pull_model
from feelit.api.recording import Recording
from feelit.api.timelines import events, export, merge, people, plot, read_manifest, read_timeline, report, summarize
from feelit.api.videos import annotate, clips

__all__ = [
    "Analyzer",
    "Dataset",
    "Face",
    "Failure",
    "Recording",
    "analyze",
    "annotate",
    "clips",
    "evaluate",
    "evaluate_faces",
    "events",
    "explain",
    "export",
    "merge",
    "open_timelines",
    "people",
    "plot",
    "pull_model",
    "read_manifest",
    "read_timeline",
    "report",
    "summarize",
]
