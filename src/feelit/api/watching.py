"""Watching a camera, a stream or a file on a local page."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from feelit.live.session import leaves_a_thread, watch_source
from feelit.options.expand import keywords
from feelit.options.kinds import expanded
from feelit.options.videos import LiveOptions, ServerOptions
from feelit.run.job import VideoReport

__all__ = ["leaves_a_thread", "watch"]


@keywords()
def watch(
    source: str | os.PathLike[str] | None = None,
    *,
    options: LiveOptions,
    serving: ServerOptions,
    stop: threading.Event | None = None,
    ready: Callable[[str, str], None] | None = None,
) -> VideoReport | None:
    """Watch a camera, a stream or a file on a local page, with the expression that each face shows.

    Returns when the source ends, after `duration_s`, or when another thread or a signal handler sets `stop`.

    Parameters
    ----------
    source : a camera (its path or its number), an address or a file; None stands for the first camera
    stop : ends watching within a quarter of a second after it is set
    ready : called once, with the address of the page and the name of the source, as soon as the page can be opened

    Returns
    -------
    The counts of what was analysed, and the path of the recording; None if `stop` was set before the source was open.

    Raises
    ------
    VideoReadError
        if the source cannot be opened, or breaks off for good. In the second case the recording is written all the same.
    FeelitError
        of the other kinds that docs/python.md lists.
    """
    given = None if source is None else expanded(source)
    return watch_source(given, options, serving, stop or threading.Event(), ready or (lambda url, name: None))
