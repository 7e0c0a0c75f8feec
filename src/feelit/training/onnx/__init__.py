"""From PyTorch networks to quantised ONNX files."""
