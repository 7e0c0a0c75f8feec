"""Timelines: built from face tables, smoothed, written to Parquet files and read from them."""
