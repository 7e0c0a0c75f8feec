"""Output that is whole or not there at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from feelit.errors import OutputError


@contextmanager
def whole_file(path: Path, *, force: bool) -> Iterator[Path]:
    """A temporary name beside `path` for a `with` block to write to; it takes the place of `path` if the block ends well,
    and is removed if it does not.

    Raises
    ------
    OutputError
        if `path` exists and `force` is not set, its folder is missing, or the disk refuses.
    """
    _refuse_to_replace(path, force=force)
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist", "create it first")
    temporary = path.with_name(f".{path.stem[:80]}.tmp-{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        _refuse_to_replace(path, force=force)  # it may have appeared in the meantime
        try:
            _flush_to_disk(temporary)
            temporary.replace(path)
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _refuse_to_replace(path: Path, *, force: bool) -> None:
    if path.is_dir():
        raise OutputError(f"{path} is a folder")
    if path.exists() and not force:
        raise OutputError(f"{path} exists already", "overwrite it with --force, or choose another name")


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
