"""msopt-tui: a terminal training cockpit for language models."""

__version__ = "0.1.0"
