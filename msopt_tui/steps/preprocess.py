"""Step 1: text becomes token ids, once; a second run finds them in the cache."""

from __future__ import annotations

import time

from msopt_tui.data.inspect_prepared import inspect_prepared, prepared_event
from msopt_tui.data.prepare import PreparedData, prepare
from msopt_tui.protocol.events import Noted, Progressed
from msopt_tui.state.numbers import compact
from msopt_tui.steps.context import RunContext

PROGRESS_SECONDS = 0.5


def run(context: RunContext) -> PreparedData:
    """Prepare the data or take it from the cache. Raises DataError with one clear message."""
    last = 0.0

    def progress(done: int, total: int, unit: str, detail: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_SECONDS:
            last = now
            context.emit(Progressed(phase="preprocess", done=done, total=total, unit=unit, detail=detail))

    def check() -> None:
        context.control.poll(0)

    with context.control.during("preparing"), context.phase("preprocess") as phase:
        prepared = prepare(context.config, context.base_dir, context.cache_root, progress, check)
        if prepared.note:
            context.emit(Noted(level="warning", text=prepared.note))
        phase.detail = f"{compact(sum(prepared.tokens.values()))} tokens" + (" (cached)" if prepared.cached else "")
        context.emit(prepared_event(context.config, prepared))
        context.emit(inspect_prepared(context.config, prepared))
    return prepared
