"""Copying of subtitles and metadata (languages, titles, date) from one container to another."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from feelit.video.probe import video_stream
from feelit.video.sound import sound_streams

TEXTS = frozenset({"ass", "mov_text", "srt", "ssa", "subrip", "text", "webvtt"})
"""Subtitles that are text, by FFmpeg's name of their codec; the others are pictures."""

OF_FILES = ("title", "date", "creation_time", "artist", "comment", "description")
"""Metadata of a file that are copied; location and entries of programs are not."""

OF_STREAMS = ("language", "title", "name", "handler_name")


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """The streams besides the video that a file of another format can hold, and descriptions of those that it cannot."""

    sounds: tuple[AudioStream, ...]
    subtitles: tuple[SubtitleStream, ...]
    lost: tuple[str, ...]


def beside(container: InputContainer, path: object, suffix: str) -> Beside:
    """Find what can be kept in a file whose name ends in `suffix`."""
    sounds = sound_streams(container)
    readable = [s for s in container.streams.subtitles if s.codec_context is not None]
    subtitles = [s for s in readable if suffix == ".mkv" or s.codec_context.name in TEXTS]
    kept = {video_stream(container, str(path)).index, *(s.index for s in (*sounds, *subtitles))}
    lost = tuple(_described(s) for s in container.streams if s.index not in kept)
    return Beside(tuple(sounds), tuple(subtitles), lost)


def _described(stream: Stream) -> str:
    codec = stream.codec_context.name if stream.codec_context is not None else "unknown"
    language = stream.metadata.get("language", "und")
    return f"stream {stream.index}: {stream.type}, {codec}" + (f", {language}" if language != "und" else "")


def copy_file_metadata(source: InputContainer, container: OutputContainer) -> None:
    """Title, date and the like of a recording."""
    container.metadata.update({key: value for key, value in source.metadata.items() if key.lower() in OF_FILES})


def copy_stream_metadata(source: Stream, target: Stream) -> None:
    """Language and title of a stream, and whether players choose it by themselves."""
    known = {key.lower(): value for key, value in source.metadata.items()}
    said = {key: known[key] for key in OF_STREAMS if known.get(key)}
    if title := said.get("title") or said.pop("name", None):  # .mp4 calls it a name, and programs read either
        said |= {"title": title, "handler_name": title}
    target.metadata.update(said)
    target.disposition = source.disposition


class Subtitles:
    """Subtitles of `source` for `container`, on the player's clock: `begins_s` is where the source's clock begins.

    They are copied where the container holds their codec, and otherwise written as the text that it does hold.
    """

    def __init__(self, source: SubtitleStream, container: OutputContainer, begins_s: Fraction) -> None:
        self.source, self._container = source, container
        self._begin = round(begins_s / (source.time_base or 1))
        matroska = "matroska" in container.format.name
        self._copy = (source.codec_context.name == "mov_text") != matroska
        if self._copy:
            self._stream = container.add_stream_from_template(source)
        else:
            source.codec_context.open(strict=False)
            self._stream = container.add_stream("subrip" if matroska else "mov_text")
            self._stream.codec_context.time_base = Fraction(1, 1000)
            self._stream.codec_context.subtitle_header = source.codec_context.subtitle_header
        copy_stream_metadata(source, self._stream)

    def put(self, packet: av.Packet[SubtitleStream]) -> None:
        """Hand over the next packet of the source; damaged ones are left out."""
        if not packet.size or packet.pts is None:
            return
        units, length, base = packet.pts - self._begin, packet.duration or 0, self.source.time_base
        with suppress(av.error.InvalidDataError, ValueError):
            if not self._copy:
                found = self.source.codec_context.decode2(packet)
                if found is None or not len(found):
                    return
                packet = cast("av.Packet[SubtitleStream]", self._stream.codec_context.encode_subtitle(found))
            packet.pts = packet.dts = max(units, 0)
            packet.duration, packet.stream = length + min(units, 0), self._stream
            if base is not None:
                packet.time_base = base
            if packet.duration > 0:
                self._container.mux(packet)
