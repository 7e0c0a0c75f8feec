"""What timelines show: summaries, bouts, peaks, synchrony, events, audits."""
