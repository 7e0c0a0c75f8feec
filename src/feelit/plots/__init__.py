"""A timeline as a figure for a paper. The only matplotlib imports besides training."""
