"""The recipes of the expression classifiers."""
