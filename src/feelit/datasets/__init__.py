"""Labelled images of faces, in the formats in which data sets are published."""
