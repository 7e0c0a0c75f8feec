"""Scores of expression classifiers on labelled images."""
