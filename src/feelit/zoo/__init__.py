"""Models by name: those that come with feelit, those in the user's cache, and those that can be fetched."""
