"""Runs: videos cut into segments, analysed by workers, and written as timelines."""
