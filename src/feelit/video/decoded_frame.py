"""One decoded frame and its place in time. Its pixels are made out when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np

from feelit.types import Sample, UInt8, VideoInfo, View
from feelit.video.luma import luma_plane, small_view, upright


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """A frame as the decoder gave it."""

    frame: av.VideoFrame
    index: int  # position among the decoded frames of its segment or source, from 0
    pts: int  # in units of the time base that its source has
    time_s: float
    tick: int

    def sample(self, info: VideoInfo, view: View, reset: bool = True) -> Sample:
        """What is looked at: its luma, and the detector's small picture."""
        frame = _fitted(self.frame, info)
        stored, levels = luma_plane(frame)
        luma = upright(stored, info.rotation_deg)
        small = small_view(frame, luma, levels, view, info.rotation_deg)
        return Sample(self.index, self.pts, self.time_s, self.tick, reset, luma, levels, small)

    def picture(self, info: VideoInfo, most_width_px: int) -> UInt8:
        """What people look at: (H, W, 3) BGR uint8, upright, no wider than `most_width_px`."""
        scale = min(1.0, most_width_px / info.width_px)
        width, height = max(1, round(info.width_px * scale)), max(1, round(info.height_px * scale))
        stored = (height, width) if info.rotation_deg % 180 else (width, height)
        scaled = self.frame.reformat(*stored, format="bgr24", interpolation="AREA")
        return upright(np.asarray(scaled.to_ndarray(), np.uint8), info.rotation_deg)


def _fitted(frame: av.VideoFrame, info: VideoInfo) -> av.VideoFrame:
    """A frame at the size that was probed: recorded calls change theirs on the way, and players scale them alike."""
    width, height = info.width_px, info.height_px
    if info.rotation_deg % 180:
        width, height = height, width
    if (frame.width, frame.height) == (width, height):
        return frame
    return frame.reformat(width, height, src_color_range=frame.color_range, dst_color_range=frame.color_range)
