"""The numbers: models, optimisers, checkpoints. Only the worker thread imports this."""
