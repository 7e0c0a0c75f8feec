"""Models by name: their files, cards, catalogue, and checks."""
