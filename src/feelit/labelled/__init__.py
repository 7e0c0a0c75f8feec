"""Images of faces that people have labelled, in the formats in which they are passed on."""
