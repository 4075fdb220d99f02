"""The five steps of multi-step optimisation, each a module with `run`; they know the control point, not the engine."""
