"""From face tables to timelines: identities, smoothing, the Parquet file, and what can be summed up from it."""
