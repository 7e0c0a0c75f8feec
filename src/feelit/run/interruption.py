"""Interruption of a run by a signal, which must not get lost.

Python raises what a signal handler raises wherever the main thread happens to be. Within a compiled library that is sometimes
an exception handler of the library itself, which discards it: Cython's, for instance, while it adds its line to a traceback. So
the signal is also noted, and a run asks for the note after each segment. Python itself discards it within a finaliser or the
callback of a weak reference, and would print a traceback.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

ENDING = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
"""Ctrl-C, a request to end, and a closed terminal. `nohup` has the last one ignored, and that stays so."""


class Interruption(BaseException):
    """One of `ENDING`. Not a KeyboardInterrupt, which Typer would catch and end in silence."""


_noted = False
_report_unraisable = sys.unraisablehook  # the hook before `handle_signals`


def handle_signals() -> None:
    """Let `ENDING` raise `Interruption`, but for signals that are ignored, as they are for a background job of a script."""
    global _noted, _report_unraisable
    _noted = False
    if sys.unraisablehook is not _pass_over:
        _report_unraisable, sys.unraisablehook = sys.unraisablehook, _pass_over
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def leave_signals() -> None:
    """Give `ENDING` back to the system: an interpreter that ends could only print a traceback."""
    global _noted
    _noted = False
    if sys.unraisablehook is _pass_over:
        sys.unraisablehook = _report_unraisable
    for number in ENDING:
        if signal.getsignal(number) is _interrupt:
            signal.signal(number, signal.SIG_DFL)


def raise_interruption() -> None:
    """Raise `Interruption` if there was a signal."""
    if _noted:
        raise Interruption


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _noted
    _noted = True
    raise Interruption


def _pass_over(unraisable: sys.UnraisableHookArgs) -> None:
    """Report what Python cannot raise, but for an interruption, which is noted."""
    if unraisable.exc_type is not Interruption:
        _report_unraisable(unraisable)
