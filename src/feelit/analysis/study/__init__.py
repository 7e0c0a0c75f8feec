"""Studies: recordings with participants, conditions and windows of time, and the measures of each window."""
