"""What a face does: head pose, gaze, eyes, mouth, brows, action units."""
