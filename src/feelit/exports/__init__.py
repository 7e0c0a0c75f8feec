"""Timelines in the formats of other programs: one small module a format, `formats` lists them."""
