"""Parts of `benchmarks/reliability.py`, each runnable by itself."""
