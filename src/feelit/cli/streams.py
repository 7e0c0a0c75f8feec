"""Standard streams that may be closed, or whose reader may leave, without harm to the run."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from feelit.errors import OutputError

ESCAPED = "feelit.escaped"
"""How characters are written that the encoding of a stream does not have: as JSON escapes them, so that JSON stays JSON."""


def repair_streams() -> None:
    """Make the standard streams of this process such that a command can use them whatever the shell did with them."""
    codecs.register_error(ESCAPED, _escaped)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed, as in `feelit ... >&-`
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  # for the rest of the process
    if os.name != "nt":
        sys.stdout = _tolerant(sys.stdout, sys.__stdout__)
        sys.stderr = _tolerant(sys.stderr, sys.__stderr__)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


class _Downstream(io.FileIO):
    """Output whose reader may leave, as `head` does: what comes later is dropped, for the run has other purposes too.

    A full disk is reported once; Python would try to write the rest when it ends, and complain again.
    """

    _lost = False

    def write(self, data: Any) -> int:
        if self._lost:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError:
            self._lost = True
            return memoryview(data).nbytes
        except OSError as error:
            self._lost = True
            raise OutputError(f"standard output cannot be written: {error.strerror}", "send it elsewhere") from error


def _tolerant(stream: TextIO, original: TextIO | None) -> TextIO:
    if stream is not original or not isinstance(stream, io.TextIOWrapper):
        return stream  # somebody else took it over, a test for instance
    stream.flush()
    raw = io.BufferedWriter(_Downstream(stream.fileno(), "w", closefd=False))
    # "surrogateescape" is what Python chooses in the C locale: it knows what to do with bytes, and not with letters.
    errors = ESCAPED if stream.errors in ("strict", "surrogateescape") else stream.errors
    return io.TextIOWrapper(raw, stream.encoding, errors, line_buffering=stream.line_buffering)
