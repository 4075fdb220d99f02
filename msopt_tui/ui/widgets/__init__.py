"""Building blocks that know nothing of runs."""
