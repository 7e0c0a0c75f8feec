"""The option of the prior: the shares of labels that probabilities assume."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feelit.encodings import read_text
from feelit.errors import UsageError
from feelit.labels import EMOTIONS, spelled
from feelit.options.kinds import Kind, expanded

NAMES = ("auto", "as-trained", "tempered", "balanced")
"""The card's recommendation, the shares of the training data, their square roots, and equal shares."""

MOST_BYTES = 1 << 20
HINT = f"give {', '.join(NAMES)}, a .json or .toml file of shares by label, or such as neutral=0.6,happiness=0.2"


def shares_of(prior: str) -> dict[str, float]:
    """The shares by label of a value of the option that names none of `NAMES`."""
    return {label: float(share) for label, share in (part.split("=") for part in prior.split(","))}


def _prior(value: object) -> str:
    """A name as it is; shares as one text, whatever they were given as, so that the record of a run holds them."""
    if isinstance(value, Mapping):
        return _canonical(value)
    if isinstance(value, bytes) or not isinstance(value, str | os.PathLike):
        raise TypeError
    text = os.fspath(value)
    if text in NAMES:
        return text
    if "=" in text:
        parts = [part.partition("=") for part in text.split(",")]
        if len({spelled(label.strip()) for label, _, _ in parts}) < len(parts):
            raise UsageError(f"{text} names a label twice", HINT)
        return _canonical({label.strip(): share for label, _, share in parts})
    return _canonical(_read(Path(expanded(text))))


def _read(path: Path) -> Mapping[str, Any]:
    if path.suffix not in (".json", ".toml"):
        raise UsageError(f"{path} is not known", HINT)
    try:
        content = read_text(path, MOST_BYTES, HINT)
        found = json.loads(content) if path.suffix == ".json" else tomllib.loads(content)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}", "check the path") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no {path.suffix[1:].upper()}: {error}", HINT) from error
    if not isinstance(found, Mapping):
        raise UsageError(f"{path} holds no shares by label", HINT)
    return found


def _canonical(shares: Mapping[str, Any]) -> str:
    """Shares in the order of EMOTIONS, which add up to one."""
    named = {spelled(str(label)): share for label, share in shares.items()}
    if unknown := [label for label in named if label not in EMOTIONS]:
        raise UsageError(f"{unknown[0]} is no label", f"labels are {', '.join(EMOTIONS)}")
    values: dict[str, float] = {}
    for label in EMOTIONS:
        if label in named:
            share = named[label]
            if isinstance(share, bool):
                raise TypeError
            values[label] = float(share)
            if not 0 < values[label] < float("inf"):
                raise UsageError(f"has a share of {share} for {label}", "shares are above 0")
    if not values:
        raise UsageError("names no label", HINT)
    total = sum(values.values())
    return ",".join(f"{label}={share / total:.6g}" for label, share in values.items())


PRIOR = Kind(
    name="a prior",
    metavar="PRIOR",
    convert=_prior,
    toml=(str, dict),
    hint=HINT,
    python="str | PathLike[str] | Mapping[str, float]",
)
