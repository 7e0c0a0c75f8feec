"""Tests of all rooms. Workers that tests start import this package: it loads nothing."""
