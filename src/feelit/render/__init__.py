"""Annotation of videos: the timeline drawn on frames. Drawing is pure: a frame and rows in, a frame out."""
