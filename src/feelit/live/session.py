"""The session of `feelit live`: one thread captures, this one analyses, and each page has a thread that sends.

A message to a page is a JSON object and a JPEG picture, each after its length in four bytes, big-endian. The first message of a
connection holds what does not change, without a picture, and so does one that reports a fault.

Between two threads there is room for one frame, the newest, so that none waits for a slower one.
"""

from __future__ import annotations

import json
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from feelit.errors import FeelitError
from feelit.labels import LEAST_CLAIMED, STARRED, starred
from feelit.live.analyst import Analyst, Recording
from feelit.live.latest import Broadcast, Latest
from feelit.live.server import PageServer
from feelit.options.expand import keywords
from feelit.options.kinds import expanded
from feelit.options.videos import LiveOptions, ServerOptions
from feelit.render import theme
from feelit.render.marks import AHEAD, GAZE, RIGHT, UP
from feelit.run.job import VideoReport
from feelit.run.pipeline import resolve
from feelit.run.segment import open_networks
from feelit.signals.columns import BASIC, POSE
from feelit.types import EMOTIONS, Float32, Timeline, UInt8, VideoInfo
from feelit.video.capture import Capture, Captured
from feelit.video.stream import open_capture

IDLE_S = 0.25  # the longest time without a frame before pages are informed and `stop` is polled again

LEAVING_S = 1.0
"""The longest wait for a thread that itself waits for its source; after it the thread is left, and ends with the program."""

FAREWELL_S = 0.5  # the time that pages have to take the last message
THREADS = ("open", "capture")  # the names of threads that may be left running
RATE_OVER_S = 2.0  # the time over which the rate of frames is measured


@keywords()
def watch(
    source: str | PathLike[str] | None = None,
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
    stop : ends watching within a quarter of a second after it is set; it is polled, so that a signal handler may set it
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
    given, stop = None if source is None else expanded(source), stop or threading.Event()
    settings = resolve(options.analyze)
    with ExitStack() as exits:
        inputs = [Path(given)] if given else []
        recording = exits.enter_context(Recording(options.out, options.force, inputs)) if options.out else None
        broadcast = Broadcast()
        server = exits.enter_context(PageServer(serving, broadcast))
        networks = open_networks(resolve(replace(options.analyze, signals=None)).models if options.signals else settings.models)
        capture = _opened(lambda: open_capture(given, settings.options.sampling, options.loop), stop)
        if capture is None:
            return None
        session = _Session(capture, Analyst(capture, settings, networks, recording), broadcast, options)
        server.begin(greeting(capture.name, capture.info))
        if ready is not None:
            ready(server.url, capture.name)
        return session.run(stop)


def leaves_a_thread() -> bool:
    """Whether a thread still waits for a source although the session has ended."""
    return any(thread.name in THREADS for thread in threading.enumerate())


def _opened(open_it: Callable[[], Capture], stop: threading.Event) -> Capture | None:
    """Open a source in a thread of its own, as waiting for a network cannot be interrupted."""
    result: Future[Capture] = Future()

    def call() -> None:
        try:
            result.set_result(open_it())
        except BaseException as error:  # carried over and raised where somebody waits for it
            result.set_exception(error)

    threading.Thread(target=call, name=THREADS[0], daemon=True).start()
    while not stop.is_set():
        if wait([result], IDLE_S).done:
            return result.result()
    return None


class _Session:
    """One source and the pages that show it."""

    def __init__(self, capture: Capture, analyst: Analyst, broadcast: Broadcast, options: LiveOptions) -> None:
        self._capture, self._analyst, self._broadcast, self._options = capture, analyst, broadcast, options
        self._newest: Latest[Captured] = Latest()
        self._failure: BaseException | None = None
        self._looked_s: deque[float] = deque(maxlen=1000)
        self._painter = ThreadPoolExecutor(1, "jpeg")

    def run(self, stop: threading.Event) -> VideoReport:
        """Analyse frames until the end."""
        thread = threading.Thread(target=self._capture_all, name=THREADS[1], daemon=True)
        thread.start()
        try:
            end_s = time.monotonic() + self._options.duration_s
            while not stop.is_set():
                captured = self._newest.take(IDLE_S)
                if captured is not None:
                    self._look(captured)
                elif self._newest.over or time.monotonic() > end_s:
                    break
                else:
                    self._broadcast.show(pack({"kind": "waiting", "trouble": self._capture.trouble}))
        finally:
            self._capture.stop()
            thread.join(LEAVING_S)
            self._painter.shutdown()
        self._analyst.finish()
        trouble = str(self._failure) if isinstance(self._failure, FeelitError) else ""
        self._broadcast.show(pack({"kind": "end", "trouble": trouble}))
        self._broadcast.close(FAREWELL_S)
        if self._failure is None or isinstance(self._failure, FeelitError):
            self._analyst.commit(self._newest.dropped)
        if self._failure is not None:
            raise self._failure
        return self._analyst.report()

    def _capture_all(self) -> None:
        try:
            for captured in self._capture:
                self._newest.put(captured)
        except BaseException as error:  # carried over and raised where the frames are looked at
            self._failure = error
        finally:
            self._newest.close()

    def _look(self, captured: Captured) -> None:
        jpeg: Future[bytes] | None = None
        # One thread at a time may ask a frame for its pixels: they are out before the other begins.
        if self._broadcast.watching:
            picture = captured.decoded.picture(self._capture.info, self._options.max_width_px)
            jpeg = self._painter.submit(jpeg_of, picture)
        rows = self._analyst.look(captured)
        self._looked_s.append(time.monotonic())
        if jpeg is None:
            return
        since_s = time.monotonic() - RATE_OVER_S
        facts = {
            "kind": "frame",
            "time_s": round(captured.decoded.time_s, 3),
            "captured_ms": round(1000 * captured.at_s, 1),
            "faces": faces_of(rows, self._analyst.signals_of(rows)),
            "rate_hz": sum(at_s > since_s for at_s in self._looked_s) / RATE_OVER_S,
            "dropped": self._newest.dropped,
        }
        self._broadcast.show(pack(facts, jpeg.result()))


JPEG_QUALITY = 80

SIGNALS_SHOWN = (*POSE, *BASIC)  # signals that are sent to pages, by these names


def pack(content: dict[str, Any], jpeg: bytes = b"") -> bytes:
    """One message."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return b"".join((struct.pack(">I", len(text)), text, struct.pack(">I", len(jpeg)), jpeg))


def greeting(name: str, info: VideoInfo) -> bytes:
    """The first message: the source, and the colours that the other outputs use."""
    return pack(
        {
            "kind": "hello",
            "source": name,
            "width_px": info.width_px,
            "height_px": info.height_px,
            "emotions": [
                {"name": name, "starred": starred(name), "least": LEAST_CLAIMED[name], "colour": theme.EMOTION_COLOUR[name].hex}
                for name in EMOTIONS
            ],
            "note": STARRED,
            "marks": {"right": RIGHT.hex, "up": UP.hex, "ahead": AHEAD.hex, "gaze": GAZE.hex},
            "tracks": [colour.hex for colour in theme.TRACK_COLOURS],
            "inks": {"dim": theme.DIM_INK.hex}
            | {name: getattr(theme, name.upper()).hex for name in ("ink", "plate", "groove", "halo", "unreadable")},
        }
    )


def faces_of(rows: Timeline, signals: Float32) -> list[dict[str, Any]]:
    """The faces of one frame, by person; an emotion is its place in EMOTIONS, -1 where none is claimed.

    Parameters
    ----------
    rows : the faces, R of them
    signals : (R, K) float32, beginning with SIGNALS_SHOWN; NaN where a face has none, (R, 0) where none are asked for
    """
    shares = np.nan_to_num(rows.probability)
    return [
        {
            "track": int(rows.person_id[i]),
            "box": [round(float(v), 1) for v in rows.box[i]],
            "emotion": int(rows.emotion[i]),
            "confidence": round(float(np.nan_to_num(rows.confidence[i])), 3),
            "probability": [round(float(p), 3) for p in shares[i]],
            "landmarks": [[round(float(v), 1) for v in point] for point in rows.landmarks[i]],
            "signals": {name: round(value, 3) for name, value in zip(SIGNALS_SHOWN, signals[i].tolist(), strict=False)}
            if signals.size and np.isfinite(signals[i]).all()
            else None,
        }
        for i in range(len(rows))
    ]


def jpeg_of(picture: UInt8) -> bytes:
    """(H, W, 3) BGR uint8 as a JPEG file."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return data.tobytes()
