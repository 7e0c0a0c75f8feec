"""Every option of the program, declared once: the command line, TOML files, Python functions and the reference pages follow.

A command has one record of options, a frozen dataclass whose fields are declared with `option`. It checks and converts its
values itself, so that an option means the same wherever it is given. The records hold what rooms need and travel to workers.
"""

from __future__ import annotations

from feelit.options.analyze import AnalyzeOptions, Device, EngineName, FaceOptions, LogOptions, RunOptions, Shard
from feelit.options.declare import Option, Options, options_of

__all__ = [
    "AnalyzeOptions",
    "Device",
    "EngineName",
    "FaceOptions",
    "LogOptions",
    "Option",
    "Options",
    "RunOptions",
    "Shard",
    "options_of",
]
