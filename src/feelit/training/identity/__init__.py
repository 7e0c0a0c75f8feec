"""Conversion of the identity model: dlib's weights, folded and quantised."""
