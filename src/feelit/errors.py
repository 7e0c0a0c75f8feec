"""Every failure a user can meet, with its exit code and a way out.

    FeelitError            1
    ├── UsageError         2   the command was asked for something impossible
    ├── VideoReadError     3   a file is missing, or holds no decodable video
    ├── TimelineReadError  3   a Parquet file is missing, or is not a feelit timeline
    ├── ModelError         4   a model or its card is missing, damaged or of the wrong shape
    ├── OutputError        5   an output cannot be written, or exists already
    ├── MissingExtraError  6   an optional package is not installed
    ├── OutOfMemoryError   7   memory ran out
    ├── SomeFailedError   10   the run went on, but some of its videos failed
    └── UnfinishedError   11   some videos of a folder are still to be analysed

Exit code 0 means success and 130 an interruption. Anything that leaves the program as another exception is a bug.
"""

from __future__ import annotations

import errno
from typing import Any


class FeelitError(Exception):
    """An expected failure: what went wrong, then what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)  # positional, so that it survives pickling between processes
        self.message, self.hint = message, hint

    def __str__(self) -> str:
        return self.message


class UsageError(FeelitError):
    """The command was asked for something impossible."""

    exit_code = 2


class VideoReadError(FeelitError):
    """A file is missing, or holds no decodable video."""

    exit_code = 3


class TimelineReadError(FeelitError):
    """A Parquet file is missing, damaged, or not a feelit timeline."""

    exit_code = 3

    @classmethod
    def damaged(cls, file: object, detail: str, hint: str = "analyse the video again") -> TimelineReadError:
        """The error for a file that is what it should be, but damaged; `detail` follows, as in ": no footer"."""
        return cls(f"{file} is damaged{detail}", hint)


class ModelError(FeelitError):
    """A model or its card is missing, damaged or of the wrong shape."""

    exit_code = 4


class OutputError(FeelitError):
    """An output cannot be written, or exists already."""

    exit_code = 5


class MissingExtraError(FeelitError):
    """An optional package is not installed."""

    exit_code = 6


class OutOfMemoryError(FeelitError):
    """Memory ran out."""

    exit_code = 7


class SomeFailedError(FeelitError):
    """The run went on to its end, but some of its videos failed. `dataset` holds the others, if `feelit.analyze` raises it."""

    exit_code = 10
    dataset: Any = None


class UnfinishedError(FeelitError):
    """Some videos of a folder are still to be analysed."""

    exit_code = 11


MEMORY_HINT = "try fewer --workers or a smaller --batch, or give it more memory"

_NO_MEMORY = (
    "bad allocation", "bad_alloc", "cannot allocate memory", "can't start new thread", "failed to allocate memory",
    "failed to map segment", "insufficient memory",
)  # fmt: skip
"""How the libraries say so that do not raise MemoryError: the dynamic linker, ONNX Runtime, OpenCV, C++, Python's threads."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether what was raised comes of a lack of memory, whatever it is called by whom."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, MemoryError) or (isinstance(link, OSError) and link.errno == errno.ENOMEM):
            return True
        if not isinstance(link, FeelitError) and any(words in str(link).lower() for words in _NO_MEMORY):
            return True
        link = link.__cause__ or link.__context__
    return False


def as_failure(subject: object, error: Exception) -> FeelitError:
    """An exception as the failure of a video: a bug costs one video, not the run.

    An unexpected one is passed on as text, because not every exception can be pickled.
    """
    if isinstance(error, FeelitError):
        return error
    if is_out_of_memory(error):
        return OutOfMemoryError(f"{subject}: memory ran out", MEMORY_HINT)
    message = f"{subject}: internal error: {type(error).__name__}: {error}"
    return FeelitError(message, "please report it, with the video if you may")
