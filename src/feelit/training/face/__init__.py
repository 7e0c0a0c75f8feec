"""The recipe of the face detector."""
