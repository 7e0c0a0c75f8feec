"""The command line as a program: `feelit`, or `python -m feelit` where its script is not on the path."""

from __future__ import annotations

import gc
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

WITHOUT = ("--help", "--dry-run", "--config", "--engine", "--workers")
"""Options of `feelit analyze` with which a worker may not be wanted."""


def main() -> None:
    """Run the command line; where it will analyse, a first worker loads what it needs at the same time."""
    with _worker_at_once(sys.argv[1:]):
        from feelit.cli import main as run

        try:
            run()
        finally:
            gc.freeze()  # what is left goes with the process: to look for cycles in it takes 50 ms


def _worker_at_once(arguments: list[str]) -> AbstractContextManager[None]:
    if arguments[:1] != ["analyze"] or any(text.split("=")[0] in WITHOUT for text in arguments):
        return nullcontext()
    if not any("://" in text or Path(text).exists() for text in arguments[1:]):  # nor is it where all that is left is a mistake
        return nullcontext()
    if any(Path(text, "_manifest.parquet").exists() for text in arguments[1:]):  # often there is little left to do
        return nullcontext()
    from feelit.run.engines.local import early_worker

    return early_worker()


if __name__ == "__main__":
    main()
