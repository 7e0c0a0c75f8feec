"""Recipes for the models that feelit ships, and their export to ONNX. The only room that imports torch."""
