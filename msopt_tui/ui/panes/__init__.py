"""The parts of the cockpit, a file each."""
