"""Outputs that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from feelit.errors import OutputError


@contextlib.contextmanager
def whole_file(target: Path, scratch: Path | None = None) -> Iterator[Path]:
    """A temporary file to write, which becomes `target` if the block ends well and vanishes if it does not.

    Parameters
    ----------
    target : replaced in one step, after the content has reached the disk
    scratch : the folder for the temporary file, best on the file system of the target; its own folder if None

    Raises
    ------
    OutputError
        if the folder cannot be written or the disk is full.
    """
    folder = scratch or target.parent
    temporary = _temporary(folder, target)
    with output_errors(target):
        folder.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            _sync(temporary)
            _move(temporary, target)
            _sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)


def _temporary(folder: Path, target: Path) -> Path:
    """A new name of the target's kind; a short one, for the target's own may be as long as names can be."""
    return folder / f".{secrets.token_hex(8)}.tmp{target.suffix}"


def _move(file: Path, target: Path) -> None:
    """Rename in one step, also where `file` lies on another file system."""
    try:
        file.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with whole_file(target) as beside:
            shutil.copyfile(file, beside)


@contextlib.contextmanager
def output_errors(target: Path) -> Iterator[None]:
    """Failures of the operating system, told as failures to write `target`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError(f"{target} cannot be written: no space left on the disk", "free some, then run again") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            message = f"{target} cannot be written: permission denied"
            raise OutputError(message, "choose another --out, or mend the folder's permissions") from error
        reason = error.strerror or str(error)
        raise OutputError(f"{target} cannot be written: {reason}", "choose another --out") from error


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
