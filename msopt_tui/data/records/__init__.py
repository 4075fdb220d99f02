"""Records: rows in the one form that a task understands, recognised, cleaned and stored as JSON text."""
