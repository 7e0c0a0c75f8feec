"""Models by name: files, cards, catalogue, download and verification."""
