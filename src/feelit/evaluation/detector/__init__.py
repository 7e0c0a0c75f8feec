"""Scores of face detectors on photographs."""
