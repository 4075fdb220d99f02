"""The engine: the GPU worker thread, the control point, and the host process that outlives its terminal."""
