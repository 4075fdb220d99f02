"""What is shown, as a pure function of the journal: `RunState.apply(event)`."""
