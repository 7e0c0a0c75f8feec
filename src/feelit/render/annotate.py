"""Annotated videos: the timeline drawn on the video."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import numpy as np

from feelit.errors import UsageError
from feelit.options.videos import AnnotateOptions
from feelit.render.canvas import Canvas, Rect
from feelit.render.cards import Placer, draw_box, draw_card, most_detail
from feelit.render.hiding import Choice, Hiding, choose, in_doubt
from feelit.render.marks import draw_marks
from feelit.render.motion import Motion
from feelit.render.rows import TimelineView
from feelit.render.strip import Lanes, Strip
from feelit.render.theme import Style
from feelit.storage.atomic import refuse_to_overwrite, whole_file
from feelit.storage.location import Location
from feelit.storage.stat import InputFiles
from feelit.video.probe import probe
from feelit.video.transcoding import left_out, transcode
from feelit.video.writer import FORMATS, Encoding


class Scene:
    """Draws the annotations of one video on its frames, in order; the only state is where the last cards were.

    Parameters
    ----------
    view : the timeline
    size_px : width and height of the upright picture
    duration_s : of the video
    choice : which faces to draw, and which to hide
    signals : whether to draw marks of signals as well
    """

    def __init__(
        self, view: TimelineView, size_px: tuple[int, int], duration_s: float, choice: Choice, *, signals: bool = False
    ) -> None:
        self._signals = signals
        self._style = Style.of(*size_px)
        self._drawn = Motion(view.only(choice.drawn))
        self._hiding = Hiding(view, choice)
        rows = view.rows.rows(choice.drawn)
        # By the median size of a track, so that cards do not change with every step.
        height_px = {
            t: float(np.median(np.diff(rows.box[rows.track_id == t, 1::2]))) for t in np.unique(rows.track_id).tolist()
        }
        self._detail = {track: most_detail(px, self._style) for track, px in height_px.items()}
        self._even_px = size_px[0] + size_px[0] % 2, size_px[1] + size_px[1] % 2
        self._strip = Strip(Lanes(self._drawn, max(duration_s, 1e-3)), self._even_px, self._style)
        self.jump()

    @property
    def strip_px(self) -> int:
        """Height of the strip below the picture."""
        return self._strip.height_px

    def jump(self) -> None:
        """Reset: the next frame does not follow the last one."""
        self._placer = Placer(Rect(0, 0, *self._even_px), self._style)

    def draw(self, canvas: Canvas, time_s: float) -> None:
        """Draw one moment, in place, on a canvas that is `strip_px` higher than the picture."""
        height = canvas.bounds.y1 - self.strip_px
        picture = canvas.band(0, height)
        self._hiding.draw(picture, time_s)
        faces = self._drawn.faces_at(time_s)
        for face in faces:
            draw_box(picture, face, self._style)
            if self._signals:
                draw_marks(picture, face.box, face.marks, self._style)
        if self._style.legible:
            cards = dict(self._placer.place([(face, self._detail[face.track_id]) for face in faces]))
            for face in faces:
                if card := cards.pop(face.who, None):
                    draw_card(picture, card.rect, face, card.detail, self._style)
        self._strip.draw(canvas.band(height, canvas.bounds.y1), time_s)


def annotate_video(
    video: Location,
    view: TimelineView,
    options: AnnotateOptions,
    progress: Callable[[float], None] | None = None,
    timeline: Location | None = None,
) -> tuple[str, ...]:
    """Write `options.out`: the video with boxes, cards and a strip. Timestamps, audio tracks, text subtitles, languages, titles
    and the recording date are kept.

    Parameters
    ----------
    video : the video that was analysed
    view : the timeline
    options : see `AnnotateOptions`
    progress : called with the share of the video that is done, 0..1
    timeline : the file of the rows, which must not be overwritten

    Returns
    -------
    a line for every person who is partly hidden because the identity is uncertain, and for every stream of the video that the
    container of `options.out` cannot hold

    Raises
    ------
    VideoReadError
        if the video is missing or not a video. A damaged stretch of it is left out.
    UsageError
        if the options make no sense together.
    OutputError
        if the output exists already and `options.force` is not set, or cannot be written. Nothing is left behind then.
    """
    encoding = Encoding(options.codec, options.crf)
    choice = choose(view, options.blur, options.people, options.tracks)
    if options.signals and not np.isfinite(view.rows.marks).all(axis=1).any():
        hint = "leave --signals out, or analyse the video again without --signals none"
        raise UsageError("--signals of a timeline without signals", hint)
    if options.out.suffix.lower() not in FORMATS:
        raise UsageError(f"--out {options.out} is not a name for a video", f"it has to end in {', '.join(FORMATS)}")
    refuse_to_overwrite(options.out, options.force, InputFiles([video] if timeline is None else [video, timeline]))
    info = probe(video).info
    scene = Scene(view, (info.width_px, info.height_px), info.duration_s, choice, signals=options.signals)
    with (
        whole_file(options.out) as unfinished,
        closing(transcode(info, unfinished, encoding, below_px=scene.strip_px)) as pictures,
    ):
        for picture in pictures:
            scene.draw(Canvas(picture.y, picture.u, picture.v, picture.matrix), picture.time_s)
            if progress is not None:
                progress(min(1.0, picture.time_s / max(info.duration_s, 1e-3)))
    lost = (f"{options.out.name} cannot hold {stream}; it is left out" for stream in left_out(info, options.out))
    return (*in_doubt(view, choice), *lost)
