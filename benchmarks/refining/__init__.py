"""What `benchmarks/refinement.py` is made of: corpora, scenarios, contestants."""
