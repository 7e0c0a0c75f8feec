"""Identity: embeddings of faces, tracks grouped into persons, and corrections by hand."""
