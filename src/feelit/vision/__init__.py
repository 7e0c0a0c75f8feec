"""Models on pixels: detection, alignment, expression, quality. The only room that imports onnxruntime."""
