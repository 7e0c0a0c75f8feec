"""The identity model: dlib's weights, folded and quantised."""
