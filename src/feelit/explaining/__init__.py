"""Why a classifier says what it says: saliency of the pixels of a face, by the classifier's answers or by its gradients."""
