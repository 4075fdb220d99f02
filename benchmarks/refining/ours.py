"""The program itself: the same steps as the engine runs, in `auto`, with the budget that everybody has."""

from __future__ import annotations

import math

from benchmarks.refining.lab import Scenario, bench, project
from msopt_tui.config.change import with_changes
from msopt_tui.protocol import events as ev
from msopt_tui.state.describe import describe
from msopt_tui.steps import finish, refine, train

GUARDED = {"train.spike_sigmas": 6.0, "train.max_broken_steps": 3}
"""The program's defaults; the comparators run without."""


def run(scenario: Scenario, corpus: str, seed: int, steps: int, *, verbose: bool = False) -> float:
    """Rounds until the budget is used up, then the test split once."""
    config = with_changes(
        project(scenario, corpus, seed, steps),
        {**GUARDED, "refine.mode": "auto", "refine.budget_steps": steps, "refine.max_rounds": 6},
    )
    with bench(config, scenario.corrupted, steps) as one:
        context, session = one.context, one.session
        refine.begin(context, session)
        while refine.run(context, session, train.run(context, session)):
            pass
        assert sum(session.spent.values()) <= one.budget, f"{session.spent} of {one.budget}"
        finish.run(context, session)
        if verbose:
            for event in one.events:
                line = describe(event)
                if line is not None and not isinstance(
                    event, ev.PhaseChanged | ev.CheckpointSaved | ev.CheckpointRemoved
                ):
                    print(f"  {line.step} {line.text[:230]}")
            print("  spent", session.spent, "of", one.budget)
        test = context.state.test
        bits = test.metrics.get("bits_per_byte") if test else None
        return math.inf if bits is None else bits
