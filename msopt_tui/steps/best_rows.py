"""The loss of every validation row at the best step, kept beside the evaluations: races and the held-out loss need it.

A resumed run has them again without measuring. They are no part of a checkpoint: what is lost is measured anew.
"""

from __future__ import annotations

import msgspec

from msopt_tui.protocol.events import Noted
from msopt_tui.runs.directory import RunDirectory, write_text_atomic
from msopt_tui.runs.sealed import is_doubtful, seal
from msopt_tui.steps.context import RunContext
from msopt_tui.steps.session import Session


class _Rows(msgspec.Struct):
    step: int
    losses: list[float]
    """Mean loss of each row; not finite where JSON has none for it."""


KEPT = 2
"""The best and the one before: a checkpoint may be older than the latest best."""


def keep(context: RunContext, session: Session, losses: list[float]) -> None:
    """Put the rows of the current step, the best so far, aside."""
    session.row_losses = {session.step: losses}
    folder = context.directory.evaluations
    try:
        content = seal(msgspec.json.encode(_Rows(session.step, losses))) + b"\n"
        write_text_atomic(folder / f"{_PREFIX}{session.step}.json", content, durable=False)
        for old in sorted(folder.glob(f"{_PREFIX}*.json"), key=lambda path: path.stat().st_mtime_ns)[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError as error:
        text = f"the best step's row losses could not be kept: {error.strerror}; a resume measures them anew"
        context.emit(Noted(level="warning", text=text))


_PREFIX = "rows-of-best-"


def recall(context: RunContext, session: Session) -> None:
    """Have them again after a resume; nothing where they are gone, damaged or of a step that is not the best."""
    if session.best_step is None:
        return
    losses = read(context.directory, session.best_step)
    if losses is not None:
        session.row_losses = {session.best_step: losses}


def read(directory: RunDirectory, step: int) -> list[float] | None:
    """The rows of a step that was the best; `None` where they are gone or damaged."""
    try:
        content = (directory.evaluations / f"{_PREFIX}{step}.json").read_bytes()
        rows = msgspec.json.decode(content, type=_Rows)
    except (OSError, ValueError):
        return None
    return rows.losses if not is_doubtful(content.rstrip(b"\n")) and rows.step == step else None
