"""How a round becomes a better next one: diagnose → propose → probe → decide. Pure: figures in, decisions out."""
