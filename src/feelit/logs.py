"""What a run does besides its results, as lines of a log: with the `logging` of the standard library, under the name `feelit`.

Nothing is shown unless somebody asks for it: `--verbose` and `--log-file`, or the logging configuration of a program.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from feelit.errors import OutputError

ROOT = "feelit"
PLAIN = re.compile(r"[^\s\"=]+")
"""What can stand without quotes in `name=value`."""

logging.getLogger(ROOT).addHandler(logging.NullHandler())  # else warnings would go to standard error by themselves


def facts(**values: object) -> dict[str, Any]:
    """Named values of a line, for the argument `extra` of a logger's methods; those that are None are left out."""
    return {"facts": {name: value for name, value in values.items() if value is not None}}


class LineFormatter(logging.Formatter):
    """One line a record: the time in UTC, the level, the module, the message, and `name=value` pairs.

    Values with spaces in them are JSON strings, and nothing in a line breaks it or commands a terminal.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        module = record.name.removeprefix(f"{ROOT}.")
        head = f"{moment}.{int(record.msecs):03d}Z {record.levelname.lower():<7} {module}: {record.getMessage()}"
        named: dict[str, object] = getattr(record, "facts", {})
        return "".join(map(_printable, " ".join([head, *(f"{name}={_value(value)}" for name, value in named.items())])))


def _value(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _printable(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


@contextmanager
def logged(verbose: bool, file: Path | None) -> Iterator[None]:
    """Write what is logged meanwhile to standard error, append it to a file, or both.

    Raises
    ------
    OutputError
        if the file cannot be written.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)] if verbose else []
    if file is not None:
        try:
            handlers.append(logging.FileHandler(file, encoding="utf-8", errors="backslashreplace"))
        except OSError as error:
            raise OutputError(f"--log-file {file} cannot be written: {error.strerror}", "give another file") from error
    logger = logging.getLogger(ROOT)
    level = logger.level
    with ExitStack() as stack:
        for handler in handlers:
            handler.setFormatter(LineFormatter())
            logger.addHandler(handler)
            stack.callback(handler.close)
            stack.callback(logger.removeHandler, handler)
        if handlers:
            logger.setLevel(logging.INFO)
            stack.callback(logger.setLevel, level)
        yield
