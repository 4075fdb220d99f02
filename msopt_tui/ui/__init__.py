"""The cockpit: what a person sees and presses."""
