"""Live: a camera, a stream or a file, analysed while it plays and shown on a page of this computer."""
