"""Runs on disk: their directories, journals, records and locks, and the list of them all. No torch, no Textual."""
