"""About the run: data, model, device, versions, checkpoints and folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msopt_tui.protocol.events import DataPrepared, ModelReady, RunStarted
from msopt_tui.state.numbers import compact, duration, size
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.widgets.lines import Words, wrap

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState


class AboutPane(TextPane):
    """What changes rarely."""

    PANE = "about"
    TITLE = "about"

    def __init__(self, run_dir: Path) -> None:
        super().__init__()
        self._run_dir = run_dir

    def looks_at(self, state: RunState) -> object:
        """What was prepared, and the checkpoints."""
        return state.started, state.data, state.model, tuple(state.checkpoints), len(state.evaluations)

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """A fact a line."""
        facts: list[tuple[str, str]] = []
        if state.started is not None:
            facts += _run_facts(state.started)
        facts.append(("folder", str(self._run_dir)))
        if state.data is not None:
            facts += _data_facts(state.data)
        if state.model is not None:
            facts += _model_facts(state.model)
        facts += [("trained", f"{compact(state.tokens)} tokens in {duration(state.train_seconds)}")]
        gpus = state.resources[-1].gpus if state.resources else []
        facts += [(f"gpu {index}", gpu.name) for index, gpu in enumerate(gpus)]
        for step, saved in sorted(state.checkpoints.items(), reverse=True):
            facts.append(("checkpoint", f"{step:,} · {size(saved.bytes)} · {saved.reason}"))
        lines: list[Words] = []
        for label, text in facts:
            first, *rest = wrap(text, max(width - 12, 8))
            lines.append([(f"{label:<11} ", "muted"), (first, "")])
            lines += [[(" " * 12, ""), (line, "")] for line in rest]
        return lines


def _run_facts(started: RunStarted) -> list[tuple[str, str]]:
    facts = [("run", started.run), ("project", started.project)]
    if started.description:
        facts.append(("", started.description))
    if started.versions:
        facts.append(("versions", ", ".join(f"{name} {version}" for name, version in started.versions.items())))
    return facts


def _data_facts(data: DataPrepared) -> list[tuple[str, str]]:
    splits = ", ".join(f"{name} {compact(count)}" for name, count in data.tokens.items())
    documents = ", ".join(f"{name} {count:,}" for name, count in data.documents.items())
    facts = [("tokens", splits), ("documents", documents), ("vocabulary", f"{data.vocab_size:,}")]
    if data.removed:
        facts.append(("dropped", ", ".join(f"{reason} {count:,}" for reason, count in data.removed.items())))
    return facts


def _model_facts(model: ModelReady) -> list[tuple[str, str]]:
    frozen = f", {compact(model.trainable)} trainable" if model.trainable != model.parameters else ""
    return [
        ("model", f"{model.architecture}, {compact(model.parameters)} parameters{frozen}"),
        ("device", f"{model.device}, {model.dtype}"),
        ("memory", f"{size(model.bytes)} for weights, gradients and optimiser"),
        ("compute", f"{compact(model.flops_per_token)} FLOPs a token"),
    ]
