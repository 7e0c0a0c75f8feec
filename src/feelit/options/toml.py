"""Options out of a TOML file: read whole, of known names, and of the kinds that the options have."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from feelit.encodings import text_of
from feelit.errors import UsageError
from feelit.options.kinds import PATH, Kind

MOST_TOML_BYTES = 1 << 20


def read_toml(path: Path, known: set[str]) -> dict[str, Any]:
    """The options of a TOML file, underscores in names read as dashes.

    Raises
    ------
    UsageError
        if the file is missing, is not TOML, or names an option that is not `known`.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MOST_TOML_BYTES + 1)
        if len(text) > MOST_TOML_BYTES:
            raise UsageError(
                f"--config {path} is larger than {MOST_TOML_BYTES >> 20} MiB", "lists of inputs go to standard input"
            )
        content = tomllib.loads(text_of(text))
    except FileNotFoundError:
        raise UsageError(f"--config {path} does not exist", "check the spelling") from None
    except (OSError, ValueError, RecursionError) as error:  # TOML's own errors are ValueErrors
        raise UsageError(f"--config {path} cannot be read: {error}", "it is a TOML file of `option = value` lines") from error
    options = {key.replace("_", "-"): value for key, value in content.items()}
    if unknown := sorted(set(options) - known):
        hint = f"known: {', '.join(sorted(known))}"
        raise UsageError(f"--config {path} names unknown options: {', '.join(unknown)}", hint)
    return options


def checked(path: Path, name: str, value: object, kind: Kind, several: bool) -> object:
    """An option's value out of a TOML file, as the command line takes it.

    Parameters
    ----------
    kind : of the option
    several : whether a list of values is taken

    Raises
    ------
    UsageError
        if it is not of its kind: where the command line would refuse a word, a file must not slip through as a number.
    """
    if several:
        return [checked(path, name, item, PATH, False) for item in (value if isinstance(value, list) else [value])]
    if not isinstance(value, kind.toml) or (isinstance(value, bool) and bool not in kind.toml):
        raise UsageError(f"--config {path}: {name} is {value!r}, not {kind.name}", "docs/cli.md shows an example")
    return value if kind.native in (bool, int, float) else str(value)
