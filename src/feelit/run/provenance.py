"""The provenance of rows: what they depend on besides the video, and whether those of another version may stay.

A release of feelit does not make work void by itself. Rows are the same as long as the version of the results, the models and
the settings are.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from feelit import __version__
from feelit.models.card import sha256_of
from feelit.models.paths import BUILT_IN, model_path
from feelit.options import AnalyzeOptions
from feelit.options.analyze import rate_hz

RESULTS_VERSION = 5
"""Raised by a change of the program after which the same video, models and settings give other rows, and by nothing else."""

CHOSEN = ("detector", "classifier")
"""Models that options name; the others are built in."""

Record = dict[str, Any]

Age = Literal["same", "older", "newer", "other"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """The version of the results and the models that rows were made with.

    `models` holds, by role, the name that the options gave and the SHA-256 of the file.
    """

    version: int
    models: Mapping[str, tuple[str, str]]

    def __str__(self) -> str:
        return json.dumps([self.version, self.models], sort_keys=True, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Provenance:
        """The inverse of `str`. Raises ValueError if the text is none."""
        try:
            version, models = json.loads(text)
            return cls(int(version), {str(role): (str(name), str(digest)) for role, (name, digest) in models.items()})
        except (TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{text!r} names no version and no models") from error

    @classmethod
    def of(cls, record: Record) -> Provenance:
        """The provenance in the metadata of a timeline; version 0 where there is none. Raises KeyError, TypeError or
        ValueError if they are not those of a timeline.
        """
        names = record["config"]
        names = {role: names[role] for role in CHOSEN if role in names}
        models = {role: (str(names.get(role, role)), str(model["sha256"])) for role, model in record["models"].items()}
        return cls(int(record.get("results_version", 0)), models)

    def age(self, now: Provenance) -> Age:
        """How rows of this provenance relate to those that a run would make `now`, with the same settings.

        "older" are rows of an earlier version of the results, or of other files under the same names of models; "other" are
        those of models that were asked for by other names.
        """
        if self.version > now.version:
            return "newer"
        files, files_now = ({role: digest for role, (_, digest) in one.models.items()} for one in (self, now))
        if files == files_now:
            return "same" if self.version == now.version else "older"
        names, names_now = ({role: name for role, (name, _) in one.models.items()} for one in (self, now))
        return "older" if names == names_now else "other"

    def is_outdated(self) -> bool:
        """Whether this feelit would make other rows, as far as can be seen without the options of a run."""
        return self.version < RESULTS_VERSION or any(
            name in BUILT_IN and digest != _built_in(name) for name, digest in self.models.values()
        )


def record_of(options: AnalyzeOptions, models: Record) -> Record:
    """The record in a timeline of how it was made."""
    versions = {"feelit_version": __version__, "results_version": RESULTS_VERSION}
    return {**versions, "config": _config(options), "models": models}


def settings_of(record: Record) -> str:
    """A digest of the settings that change rows, models aside. Options that an earlier feelit did not have count as not given.
    Raises KeyError, TypeError or UsageError if the metadata are not those of a timeline.
    """
    given = _config(AnalyzeOptions(signals="none")) | record["config"]
    given["rate"] = str(rate_hz(str(given["rate"])))
    given["classify_rate"] = str(rate_hz(str(given["classify_rate"] or "native")))
    content = {name: value for name, value in given.items() if name not in CHOSEN}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _config(options: AnalyzeOptions) -> Record:
    # Without signals nothing is said of them: so it is in timelines from before there were any.
    unsaid = {"device"} if options.signals != "none" else {"device", "signals", "blendshapes"}
    return {name: value for name, value in asdict(options).items() if name not in unsaid and value != float("inf")}


@functools.cache
def _built_in(name: str) -> str:
    return sha256_of(model_path(name))
