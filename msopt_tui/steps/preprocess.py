"""Step 1: text becomes token ids, once; a second run finds them in the cache."""

from __future__ import annotations

from msopt_tui.data.inspect_prepared import inspect_prepared, prepared_event
from msopt_tui.data.prepare import PreparedData, prepare
from msopt_tui.protocol.events import Noted
from msopt_tui.state.numbers import compact
from msopt_tui.steps.context import RunContext


def run(context: RunContext) -> PreparedData:
    """Prepare the data or take it from the cache. Raises DataError with one clear message."""

    def progress(done: int, total: int, unit: str, detail: str) -> None:
        context.doing.show("preprocess", detail, done, total, unit)

    def check() -> None:
        context.control.poll(0)

    with context.control.during("preparing"), context.phase("preprocess") as phase:
        prepared = prepare(context.config, context.base_dir, context.cache_root, progress, check)
        if prepared.note:
            context.emit(Noted(level="warning", text=prepared.note))
        phase.detail = f"{compact(sum(prepared.tokens.values()))} tokens" + (" (cached)" if prepared.cached else "")
        context.emit(prepared_event(context.config, prepared))
        context.doing.show("preprocess", "looking at the rows")
        context.emit(inspect_prepared(context.config, prepared))
    return prepared
