"""Pictures for people: what the timeline says, drawn on the video. Drawing is pure: a frame and rows in, a frame out."""
