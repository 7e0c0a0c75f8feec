"""Objects in buckets: read in ranges, listed, written whole. The only room that talks to a network, and only where asked to."""
