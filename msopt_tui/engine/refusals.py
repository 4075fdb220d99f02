"""Why a command is refused while no round is under way."""

from __future__ import annotations

from typing import Literal

from msopt_tui.steps.context import Situation

Asked = Literal["steps", "evaluation", "answer", "save", "rollback", "refine"]
_BEHIND_A_ROUND: dict[Asked, str] = {
    "steps": "the round is over: the next one begins after the decision",
    "evaluation": "the round's end has just been evaluated",
    "answer": "the weights in memory are a race's: ask again when the next round has begun",
    "save": "the round's end is saved already",
    "rollback": "the round is over: the next one begins from the best checkpoint",
    "refine": "refining already",
}
_BEFORE_THE_FIRST: dict[Situation, str] = {
    "probing": "the range test before the first round is under way",
    "deciding": "the first round has not begun: it waits for a decision",
}


def between_rounds(asked: Asked, situation: Situation, step: int) -> str:
    """The reason in words; at step 0 no round is over yet. `situation` is `probing` or `deciding`."""
    return _BEHIND_A_ROUND[asked] if step else _BEFORE_THE_FIRST[situation]
