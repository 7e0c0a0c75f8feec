"""Writing of videos: upright frames in the colour planes of the encoder, which can be drawn on, and sound.

Timestamps pass through as whole numbers in the source's own time base.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
import av.codec
import av.error
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from feelit.errors import OutputError, UsageError
from feelit.types import UInt8, VideoInfo
from feelit.video.luma import pixels_of, upright
from feelit.video.shape import SQUARE, Fit, Shape, fit

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
RGB, BT709 = 0, 1  # ITU-T H.273, matrix coefficients
MATRICES = {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020", 10: "bt2020"}


@dataclass(frozen=True, slots=True)
class Codec:
    """How an encoder is run: fast settings, `in_order` those by which it never reorders pictures, and its scale of quality (0
    best)."""

    options: dict[str, str]
    in_order: dict[str, str]
    usual_crf: int
    worst_crf: int


CODECS = {
    "libx264": Codec({"preset": "veryfast", "threads": "auto"}, {"bf": "0"}, 20, 51),
    "libx265": Codec(
        {"preset": "ultrafast", "x265-params": "log-level=none"}, {"x265-params": "log-level=none:bframes=0"}, 24, 51
    ),
    "libvpx-vp9": Codec({"deadline": "realtime", "cpu-used": "7", "row-mt": "1", "b": "0"}, {}, 32, 63),
}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the pictures are encoded; `crf` None takes the codec's usual quality. Raises UsageError for a codec or a quality that
    there is not."""

    codec: str = "libx264"
    crf: int | None = None

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise UsageError(f"cannot encode with {self.codec}", f"choose one of {', '.join(CODECS)}")
        if self.crf is not None and not 0 <= self.crf <= CODECS[self.codec].worst_crf:
            raise UsageError(f"crf {self.crf} is out of range", f"{self.codec} takes 0 to {CODECS[self.codec].worst_crf}")

    def options(self, steady: bool) -> dict[str, str]:
        """As FFmpeg wants them, for pictures at even times or at any.

        An encoder that reorders pictures dates all of them back by the length of the first ones. Where a recorder held one for
        half a minute, players would show the video as longer by that.
        """
        codec = CODECS[self.codec]
        crf = codec.usual_crf if self.crf is None else self.crf
        return codec.options | ({} if steady else codec.in_order) | {"crf": str(crf)}


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One upright frame to draw on in place: limited-range planes of even size, black below the picture itself."""

    y: UInt8  # (H, W)
    u: UInt8  # (H/2, W/2)
    v: UInt8  # (H/2, W/2)
    matrix: str  # "bt601", "bt709" or "bt2020"
    time_s: float


class Sink:
    """A video file being written: complete, with its index in front, when the block ends, and removed if the block fails.
    All methods raise OutputError if the encoder or the container refuses the video; OSError if the disk refuses `out`.

    Parameters
    ----------
    out : its suffix, one of FORMATS, chooses the container
    info : the video that the pictures come from, as probed
    encoding : codec and quality
    below_px : room to draw in below the picture, even
    """

    def __init__(self, out: Path, info: VideoInfo, encoding: Encoding, below_px: int) -> None:
        self._out, self._info, self._encoding = out, info, encoding
        self._picture_px = info.width_px + info.width_px % 2, info.height_px + info.height_px % 2
        self._below_px = below_px
        self.matrix = "bt709" if info.height_px >= 720 else "bt601"  # what players assume where a video does not say
        self._begin, self._end = 1 << 62, 0  # of the pictures, in units of the time base
        self._start_dts = 0
        self._held: av.Packet[VideoStream] | None = None
        with _encoding(encoding.codec):
            kind = FORMATS[out.suffix.lower()]
            muxing = {} if kind == "matroska" else _muxing(info.time_base)
            self._container: OutputContainer = av.open(str(out), "w", format=kind, options=muxing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with ExitStack() as failed:
            failed.callback(self._discard)
            if kind is None:
                self._finish()
                failed.pop_all()

    def _finish(self) -> None:
        with _encoding(self._encoding.codec):
            self._mux(self._video.encode())
            if self._held is not None:
                # A track ends where its last frame does, and is as long as durations add up to in the order of decoding.
                self._held.duration = max(1, self._end - self._begin - ((self._held.dts or 0) - self._start_dts))
                self._container.mux(self._held)
            self._container.close()

    def _mux(self, packets: list[av.Packet[VideoStream]]) -> None:
        """Write pictures, all but the last one so far."""
        for packet in packets:
            if self._held is None:
                self._start_dts = packet.dts or 0
            else:
                self._container.mux(self._held)
            self._held = packet

    def _discard(self) -> None:
        # The file goes first: closing would otherwise move all of it to make room for the index.
        with suppress(OSError):
            self._out.unlink(missing_ok=True)
        with suppress(Exception):
            self._container.close()
        with suppress(OSError):
            self._out.unlink(missing_ok=True)  # Windows removes closed files only

    def add_video(self, source: VideoStream) -> None:
        """Make the video stream like its source in all that is not pixels."""
        rate = self._info.average_rate if 0 < self._info.average_rate <= 1000 else Fraction(25)
        with _encoding(self._encoding.codec):
            options = self._encoding.options(self._info.steady)
            stream = self._container.add_stream(self._encoding.codec, rate=rate, options=options)
        self._video = cast(VideoStream, stream)
        width, height = self._picture_px
        context = self._video.codec_context
        context.width, context.height = width, height + self._below_px
        context.pix_fmt, context.time_base = "yuv420p", self._info.time_base
        context.flags |= Flags.frame_duration  # given to the container by the packets, see `_finish`
        if self._encoding.codec == "libx265":
            context.codec_tag = "hvc1"  # Apple's players take HEVC under no other name
        context.sample_aspect_ratio = SQUARE
        self._tag_colours(source, context)

    def _tag_colours(self, source: VideoStream, context: VideoCodecContext) -> None:
        said = source.codec_context
        context.color_range = ColorRange.MPEG
        context.color_primaries, context.color_trc = said.color_primaries, said.color_trc
        if said.colorspace == RGB:
            self.matrix, context.colorspace = "bt709", BT709
        else:
            self.matrix, context.colorspace = MATRICES.get(said.colorspace, self.matrix), said.colorspace

    @contextmanager
    def writing(self) -> Iterator[OutputContainer]:
        """The container, for the sound to be written into."""
        with _encoding(self._encoding.codec):
            yield self._container

    def planar(self, frame: av.VideoFrame, shape: Shape) -> av.VideoFrame:
        """A frame as the encoder wants it: displayed pixels, even sides, 8-bit 4:2:0 of limited range, with room below."""
        width, height = self._picture_px
        placed = fit(shape, self._info.width_px, self._info.height_px)
        new = av.VideoFrame(width, height + self._below_px, "yuv420p")
        limited = self._limited(frame, placed)
        for plane, stored, k, black in zip(new.planes, limited.planes, (1, 2, 2), (16, 128, 128), strict=True):
            target, image = pixels_of(plane), upright(pixels_of(stored), placed.orientation)
            rows, columns = image.shape
            if placed.whole:
                target[:rows, :columns] = image
                target[:rows, columns:] = image[:, -1:]
                target[rows : height // k] = target[rows - 1]
                target[height // k :] = black
            else:
                target[:] = black
                x, y = placed.x // k, placed.y // k
                target[y : y + rows, x : x + columns] = image
        return new

    def _limited(self, frame: av.VideoFrame, placed: Fit) -> av.VideoFrame:
        width, height = placed.stored
        name = frame.format.name
        full = name.startswith("yuvj") or frame.color_range == ColorRange.JPEG
        if name == "yuv420p" and not full and (frame.width, frame.height) == (width, height):
            return frame
        rgb = frame.colorspace == RGB
        ranges = {"src_color_range": ColorRange.JPEG if full or rgb else ColorRange.MPEG, "dst_color_range": ColorRange.MPEG}
        return frame.reformat(width, height, "yuv420p", dst_colorspace=Colorspace.ITU709 if rgb else None, **ranges)

    def picture(self, frame: av.VideoFrame, time_s: float) -> Picture:
        """What `planar` gave, to be drawn on."""
        y, u, v = map(pixels_of, frame.planes)
        return Picture(y, u, v, self.matrix, time_s)

    def put(self, frame: av.VideoFrame, pts: int, duration: int) -> None:
        """Encode a frame that is shown from `pts` on for `duration`; `pts` rises."""
        frame.pts, frame.time_base, frame.duration = pts, self._info.time_base, duration
        self._begin, self._end = min(self._begin, pts), pts + duration
        with _encoding(self._encoding.codec):
            self._mux(self._video.encode(frame))


def _muxing(time_base: Fraction) -> dict[str, str]:
    """The index goes in front, so that browsers start at once. A stream that begins late is delayed by an edit list, whose
    unit would be a millisecond; in multiples of the video's own unit it is exact."""
    scale = time_base.denominator
    while scale < 10_000:
        scale *= 2
    return {"movflags": "+faststart"} | ({"movie_timescale": str(scale)} if scale < 1 << 31 else {})


@contextmanager
def _encoding(codec: str) -> Iterator[None]:
    """What an encoder or a muxer refuses is reported as a failure of the output; what the disk refuses stays an OSError."""
    try:
        yield
    except OSError:
        raise
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"{codec} cannot encode this video: {reason}", "try --codec libx264") from error


def ffmpeg_version() -> str:
    """The version of FFmpeg that PyAV was built with."""
    return str(av.ffmpeg_version_info)


def can_encode(codec: str) -> bool:
    """Whether there is an encoder of that name, by FFmpeg's spelling: libx264, libx265, libvpx-vp9 ..."""
    try:
        return bool(av.codec.Codec(codec, "w").is_encoder)
    except ValueError:  # PyAV's UnknownCodecError is one
        return False
