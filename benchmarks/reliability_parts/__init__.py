"""What `benchmarks/reliability.py` counts, a module a fault: each offers `measure(tries)`."""
