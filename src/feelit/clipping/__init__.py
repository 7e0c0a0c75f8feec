"""Clips: the strongest moments of a video, cut out as files of their own, with an index."""
