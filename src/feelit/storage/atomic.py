"""Outputs that appear whole or not at all, and the cache folder."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from feelit.errors import OutputError, UsageError
from feelit.storage import objects
from feelit.storage.location import Location, Url, refuse_url
from feelit.storage.stat import InputFiles, exists


@contextlib.contextmanager
def whole_file(target: Location, scratch: Path | None = None, replace: bool = True) -> Iterator[Path]:
    """A temporary file to write, which becomes `target` if the block ends well and vanishes if it does not. Raises OutputError
    if the folder or the bucket cannot be written, or the disk is full.

    Parameters
    ----------
    target : replaced in one step, after the content has reached the disk, or the bucket
    scratch : the folder for the temporary file, best on the file system of the target; if None its own, or that of the system
    replace : whether an object may be replaced that has appeared since; for files somebody asked before
    """
    if isinstance(target, Path):
        refuse_url(target)
    folder = scratch or (target.parent if isinstance(target, Path) else Path(tempfile.gettempdir()))
    # A short name, for the target's own may be as long as names can be.
    temporary = folder / f".{secrets.token_hex(8)}.tmp{target.suffix}"
    with output_errors(target):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            if isinstance(target, Url):
                yield temporary
                objects.write(temporary, target, replace)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                yield temporary
                settle(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def no_empty_folders(folder: Location) -> Iterator[None]:
    """Folders that appear on the way to `folder` go again if the block fails, unless somebody put anything in.

    In a bucket there are none.
    """
    new = [path for path in (folder, *folder.parents) if not path.exists()] if isinstance(folder, Path) else []
    try:
        yield
    except BaseException:
        for path in new:
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def settle(file: Path, target: Path) -> None:
    """Give a finished file its name, in one step, once its content has reached the disk; also on another file system."""
    _sync(file)
    try:
        file.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with whole_file(target) as beside:
            shutil.copyfile(file, beside)
    _sync(target.parent)


@contextlib.contextmanager
def output_errors(target: Location, instead: str = "choose another --out") -> Iterator[None]:
    """Failures of the operating system, reported as failures to write `target`; `instead` is what a user can do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OutputError(f"{target} cannot be written: no space left on the disk", "free some, then run again") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            message = f"{target} cannot be written: permission denied"
            raise OutputError(message, f"{instead}, or fix the folder's permissions") from error
        reason = error.strerror or str(error)
        raise OutputError(f"{target} cannot be written: {reason}", instead) from error


def cache_folder() -> Path:
    """The cache folder of feelit: FEELIT_CACHE, or a folder below that of the system's programs.

    That is XDG_CACHE_HOME or ~/.cache after the XDG Base Directory Specification, ~/Library/Caches on macOS, LOCALAPPDATA on
    Windows. Raises UsageError if none of them is known.
    """
    if named := os.environ.get("FEELIT_CACHE"):
        return Path(os.path.abspath(named))  # noqa: PTH100  # resolve() would follow links
    if (shared := os.environ.get("XDG_CACHE_HOME")) and Path(shared).is_absolute():  # others are to be ignored
        return Path(shared) / "feelit"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "feelit" / "Cache"
    try:
        home = Path.home()
    except RuntimeError as error:  # a user without an entry, as in some containers
        raise UsageError("there is no home folder to keep a cache in", "set FEELIT_CACHE to a folder") from error
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "feelit"


def refuse_to_overwrite(target: Location, force: bool, inputs: InputFiles) -> None:
    """Existing files and objects stay as they are unless `force` is set; inputs, all files that the command reads, stay in any
    case. Raises OutputError if `target` exists and may not be replaced, or if its bucket does not answer; UsageError if it is
    one of the inputs, or a path that was meant as an address."""
    with output_errors(target):
        if not exists(target):
            return
    if (given := inputs.find(target)) is not None:
        name = "" if given == target else f" under the name {given}"
        raise UsageError(f"{target} is read{name}, and would be replaced", "choose another name for the output")
    if not force:
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
