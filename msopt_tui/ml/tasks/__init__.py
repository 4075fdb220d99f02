"""One file a task: its loss, its metrics, its prediction."""
