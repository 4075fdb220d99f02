"""What may change live changes in a real run and stays changed over a resume, to the last bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from msopt_tui.protocol import commands as cmd
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.adjustable import ACCUMULATION, MICRO
from tests.ml.live import create, serve
from tests.projects import events_of, losses_of

torch.set_num_threads(1)

SHORT = ("train.max_steps=24", "train.save_steps=6", "train.eval_steps=24")


@pytest.mark.parametrize(
    "changes",
    [{MICRO: 2}, {MICRO: 3, ACCUMULATION: 2}, {"train.warmup_steps": 16, "model.dropout": 0.3}],
    ids=["micro-batch", "global batch", "schedule and dropout"],
)
def test_an_adjusted_run_resumed_before_and_after_it_is_the_same(tmp_path: Path, changes: dict[str, int]) -> None:
    adjust = cmd.Adjust(changes=dict(changes))
    whole = losses_of(serve(create(tmp_path, *SHORT), {9: [adjust]}))
    plain = losses_of(serve(create(tmp_path, *SHORT)))
    assert [whole[step] for step in range(1, 10)] == [plain[step] for step in range(1, 10)]
    assert whole[12] != plain[12]
    cut = create(tmp_path, *SHORT)
    # Killed at 11, behind the adjustment and before the next checkpoint; then at 14, behind both.
    serve(cut, {9: [adjust], 11: [cmd.Stop(save=False)]})
    serve(cut, {14: [cmd.Stop(save=False)]})
    serve(cut)
    assert losses_of(cut) == whole


def test_a_change_of_the_global_batch_is_seen_in_the_tokens(tmp_path: Path) -> None:
    run = serve(create(tmp_path, *SHORT), {9: [cmd.Adjust(changes={MICRO: 8, ACCUMULATION: 2})]})
    tokens = sum(event.tokens for event in events_of(run) if isinstance(event, ev.StepsDone))
    assert tokens == 32 * (9 * 4 + 15 * 16)
