"""Locks among processes. One is held until its descriptor is closed or its process ends, however that ends."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def taken(path: Path, alone: bool) -> int | None:
    """A descriptor of a lock that is ours until it is closed or this process ends; None if it is another's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError:  # who used the folder has just removed it
        return None
    ours = False
    try:
        ours = locked(descriptor, alone) is not False and is_at(descriptor, path)
    finally:  # an interruption may come here, too
        if not ours:
            os.close(descriptor)
    return descriptor if ours else None


def locked(descriptor: int, alone: bool) -> bool | None:
    """Lock a file against all others, or against those that want it alone. None where there are no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems know no locks
        return None
    return True


def is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file is still the one at a path, and not one that was removed while we waited for it."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def held(path: Path) -> Iterator[bool]:
    """Whether the lock at a path is ours for the block; it is another's if not. Its file goes when the block ends."""
    descriptor = taken(path, alone=True)
    if descriptor is None:
        yield False
        return
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):  # Windows removes no open files
            path.unlink()
        os.close(descriptor)
