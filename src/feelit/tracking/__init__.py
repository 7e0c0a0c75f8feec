"""Who is who over time: a motion model, association, and the cuts that end both."""
