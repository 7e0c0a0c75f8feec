"""Signals of faces: head pose, gaze, eyes, mouth, brows, action units; and voice activity."""
