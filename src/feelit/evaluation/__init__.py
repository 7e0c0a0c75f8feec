"""Scores of models and timelines on labelled data."""
