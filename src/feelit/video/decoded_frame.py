"""One decoded frame, its shape, and its place in time. Its pixels are made out when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av

from feelit.types import Sample, UInt8, VideoInfo, View
from feelit.video.luma import displayed_colour, displayed_luma, small_view
from feelit.video.shape import Shape, fit


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """A frame as the decoder gave it."""

    frame: av.VideoFrame
    shape: Shape
    index: int  # position among the decoded frames of its segment or source, from 0
    pts: int  # in units of the time base that its source has
    time_s: float
    tick: int

    def sample(self, info: VideoInfo, view: View, reset: bool = True, classified: bool = True) -> Sample:
        """What is looked at: its luma, and the detector's small picture."""
        placed = fit(self.shape, info.width_px, info.height_px)
        luma, levels = self.luma(info)
        small = small_view(self.frame, luma, levels, view, placed)
        return Sample(self.index, self.pts, self.time_s, self.tick, reset, luma, levels, small, classified)

    def luma(self, info: VideoInfo) -> tuple[UInt8, UInt8]:
        """The displayed picture in stored luma, (H, W) uint8, and the (256,) levels that expand it to the full range."""
        return displayed_luma(self.frame, fit(self.shape, info.width_px, info.height_px), info.width_px, info.height_px)

    def picture(self, info: VideoInfo, most_width_px: int | None = None, pixels: str = "bgr24") -> UInt8:
        """(H, W, 3) uint8 as displayed, no wider than `most_width_px`; for `pixels` see `displayed_colour`."""
        scale = min(Fraction(1), Fraction(most_width_px or info.width_px, info.width_px))
        width, height = max(1, round(info.width_px * scale)), max(1, round(info.height_px * scale))
        placed = fit(self.shape, info.width_px, info.height_px).scaled(scale, scale)
        return displayed_colour(self.frame, placed, width, height, pixels)
