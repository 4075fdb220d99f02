"""What goes between an engine and whoever watches it: events one way, commands the other, as JSON lines."""
