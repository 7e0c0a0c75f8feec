"""Objects in buckets, and files from web servers. The only room that talks to a network, and only where asked to."""
