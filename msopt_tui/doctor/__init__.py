"""`msopt-tui doctor`: whether the installation is sound, and what of a run that went wrong can be sent to others."""
