"""What the machine and the engine use, with a short history; what is not there is said, not left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msopt_tui.protocol.events import Gpu, ResourcesSampled
from msopt_tui.state.numbers import size
from msopt_tui.ui.panes.base import TextPane
from msopt_tui.ui.theme import Role
from msopt_tui.ui.widgets.lines import Words
from msopt_tui.ui.widgets.sparkline import spark

if TYPE_CHECKING:
    from msopt_tui.state.run_state import RunState

_LEAST_HISTORY = 6
_FIGURES = 16
"""Cells of name and share."""


class ResourcesPane(TextPane):
    """CPU, memory, disk, then every GPU."""

    PANE = "resources"
    TITLE = "resources"

    def looks_at(self, state: RunState) -> object:
        """The latest sample."""
        return state.resources[-1] if state.resources else None

    def lines_of(self, state: RunState, width: int) -> Sequence[Words]:
        """A line each, with a history where there is a share to draw."""
        if not state.resources:
            return [[("nothing measured yet", "muted")]]
        history = list(state.resources)
        now = history[-1]
        memory = [_share(one.memory_used, one.memory_total) for one in history]
        lines: list[Words] = [
            _line("cpu", [one.cpu for one in history], "", width),
            _line("memory", memory, f"{size(now.memory_used)} of {size(now.memory_total)}", width),
            [
                ("engine   ", "muted"),
                (f"{now.process_cpu:3.0f} %", ""),
                (f"  of a core · {size(now.process_memory)}", "muted"),
            ],
            _disk(now),
        ]
        if not now.gpus:
            return [*lines, [("gpu      ", "muted"), ("none", "")], *_work(state)]
        for index, gpu in enumerate(now.gpus):
            lines += _gpu(index, gpu, [one.gpus[index] for one in history if index < len(one.gpus)], width)
        return [*lines, *_work(state)]


def _line(name: str, history: Sequence[float | None], detail: str, width: int) -> Words:
    """Name, latest share, its history as wide as there is room, detail at the right."""
    now = history[-1]
    room = width - _FIGURES - len(detail) - 2 * bool(detail)
    figure = f"{now:3.0f} %" if now is not None else "  ? %"
    words: Words = [(f"{name:<8} ", "muted"), (f"{figure}  ", "")]
    if room >= _LEAST_HISTORY:
        words += [(spark(history, room, low=0.0, high=100.0), "first"), ("  " if detail else "", "")]
    return [*words, (detail, "muted")]


_PARTS = {"data": "data", "backward": "fwd+bwd", "optimiser": "optim"}


def _work(state: RunState) -> list[Words]:
    """What the steps take and what they do with the hardware, where that is known."""
    from msopt_tui.state.compute import compute, compute_words, room_words

    lines: list[Words] = []
    if state.step_seconds:
        whole = sum(state.split.values()) or 1.0
        parts = " · ".join(f"{_PARTS.get(name, name)} {100 * part / whole:.0f}" for name, part in state.split.items())
        step = f"{1000 * state.step_seconds:.3g} ms" if state.step_seconds < 1 else f"{state.step_seconds:.3g} s"
        lines.append([("step     ", "muted"), (step, ""), (f"  {parts} %" if parts else "", "muted")])
    speed, model = state.rate.tokens_per_second, state.model
    # A run that is on several GPUs is not measured against one.
    gpus = state.resources[-1].gpus
    if speed and model is not None:
        name = gpus[0].name if len(gpus) == 1 else ""
        lines.append([("compute  ", "muted"), (compute_words(compute(model, speed, name)), "")])
    room = room_words(model, gpus[0]) if model is not None and len(gpus) == 1 else ""
    return [*lines, [("room     ", "muted"), (room, "")]] if room else lines


def _disk(now: ResourcesSampled) -> Words:
    used = _share(now.disk_total - now.disk_free, now.disk_total)
    # Checkpoints fail on a full disk, so what is left matters more than what is used.
    role: Role = "bad" if now.disk_free < 2**30 else "warn" if used > 95 else ""
    return [("disk     ", "muted"), (f"{used:3.0f} %", role), (f"  {size(now.disk_free)} free", role or "muted")]


def _gpu(index: int, gpu: Gpu, history: Sequence[Gpu], width: int) -> list[Words]:
    """Use with heat and power, then memory; the name is among the facts of the run."""
    facts = []
    if gpu.temperature is not None:
        facts.append(f"{gpu.temperature:.0f} °C")
    if gpu.power is not None:
        facts.append(f"{gpu.power:.0f} W")
    lines = [_line(f"gpu {index}", [one.utilisation for one in history], " · ".join(facts), width)]
    if gpu.memory_used is not None and gpu.memory_total:
        memory = [_share(one.memory_used or 0, one.memory_total or 0) for one in history]
        lines.append(_line("  memory", memory, f"{size(gpu.memory_used)} of {size(gpu.memory_total)}", width))
    return lines


def rows_needed(gpus: int) -> int:
    """Lines of the pane, its frame not counted; of many GPUs the first four."""
    return 4 + (2 * min(gpus, 4) or 1) + (3 if gpus == 1 else 2)


def _share(part: float, whole: float) -> float:
    """Per cent."""
    return 100.0 * part / whole if whole else 0.0
