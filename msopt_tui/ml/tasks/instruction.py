"""Instruction tuning: answers are shown beside the reference; nobody has defined a figure for a good one."""

from __future__ import annotations

from collections.abc import Sequence

from msopt_tui.ml.tasks.base import Predictions


class Unscored:
    """Loss on the answers is the only figure."""

    def score(self, answers: Sequence[str], references: Sequence[Sequence[str]]) -> Predictions:
        """No metric beside the loss."""
        return Predictions()

    def note(self, answer: str, references: Sequence[str]) -> tuple[str, bool | None]:
        """Nothing to say."""
        return "", None
