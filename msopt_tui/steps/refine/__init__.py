"""Step 5: diagnose → propose → probe → decide → apply. The decisions are `refinement`'s, the running is done here."""

from msopt_tui.steps.refine.rounds import announce, begin, start_round
from msopt_tui.steps.refine.step import run

__all__ = ["announce", "begin", "run", "start_round"]
