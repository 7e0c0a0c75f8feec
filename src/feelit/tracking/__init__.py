"""Tracking of faces over time: a motion model, association, and the detection of cuts."""
