"""The strongest moments of a video as files of their own: what is worth a clip, and how clips are cut and listed."""
