"""Outputs that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from feelit.errors import OutputError


@contextlib.contextmanager
def whole_file(target: Path, scratch: Path | None = None) -> Iterator[Path]:
    """A temporary file to write, which becomes `target` if the block ends well and vanishes if it does not.

    Parameters
    ----------
    target : replaced in one step, after the content has reached the disk
    scratch : the folder for the temporary file, on the file system of the target; its own folder if None

    Raises
    ------
    OutputError
        if the folder cannot be written or the disk is full.
    """
    folder = scratch or target.parent
    temporary = folder / f".{target.name}.{secrets.token_hex(4)}.tmp{target.suffix}"
    with output_errors(target):
        folder.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            _sync(temporary)
            temporary.replace(target)
            _sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def output_errors(target: Path) -> Iterator[None]:
    """Failures of the operating system, told as failures to write `target`."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OutputError(f"{target} cannot be written: no space left on the disk", "free some, then run again") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            message = f"{target} cannot be written: permission denied"
            raise OutputError(message, "choose another --out, or mend the folder's permissions") from error
        raise OutputError(f"{target} cannot be written: {error}") from error


def refuse_to_overwrite(target: Path, force: bool) -> None:
    """Existing files stay as they are unless the user says otherwise.

    Raises
    ------
    OutputError
        if `target` exists and `force` is not set.
    """
    if target.exists() and not force:
        raise OutputError(f"{target} exists already", "give another --out, or --force to replace it")


def _sync(path: Path) -> None:
    """Wait until a file or folder has reached the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
