"""Who is who: a few embeddings a face, and tracks grouped into persons."""
