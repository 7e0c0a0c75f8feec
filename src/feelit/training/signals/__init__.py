"""Training of the signals model, a branch of the expression classifier."""
