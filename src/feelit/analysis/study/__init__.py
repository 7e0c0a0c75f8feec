"""Studies: recordings with participants, conditions and windows of time, and what their faces show in each."""
