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
_NAME = 9
"""Cells of the name alone."""


class ResourcesPane(TextPane):
    """CPU, memory and GPUs, what steps and time go to, disk, network, energy."""

    PANE = "resources"
    TITLE = "resources"

    def looks_at(self, state: RunState) -> object:
        """The latest sample: everything else here is shown with it."""
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
        ]
        for index, gpu in enumerate(now.gpus):
            lines += _gpu(index, gpu, [one.gpus[index] for one in history if index < len(one.gpus)], width)
        lines += _work(state, width)
        if state.energy.words:
            lines.append([("energy   ", "muted"), (state.energy.words, "")])
        is_full, disk = _disk(now)
        # What is nearly full must not be out of view.
        lines.insert(2 if is_full else len(lines), disk)
        lines += _flow("  io", [(one.disk_read, one.disk_written) for one in history], ("read", "write"), width)
        lines += _flow("network", [(one.net_received, one.net_sent) for one in history], ("in", "out"), width)
        cpu = f"{now.process_cpu:3.0f} %"
        lines.append([("engine   ", "muted"), (cpu, ""), (f"  of a core · {size(now.process_memory)}", "muted")])
        return lines if now.gpus else [*lines, [("gpu      ", "muted"), ("none", "")]]


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


def _work(state: RunState, width: int) -> list[Words]:
    """What the steps take and what they do with the hardware, where that is known."""
    from msopt_tui.state.compute import compute, compute_words, room_words
    from msopt_tui.state.spent import share_words

    lines: list[Words] = []
    seconds = state.rate.step_seconds
    if seconds:
        step = f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
        shares = {_PARTS.get(name, name): share for name, share in state.rate.split.items()}
        parts = share_words(shares, width - _NAME - len(step) - 2)
        lines.append([("step     ", "muted"), (step, ""), (f"  {parts}" if parts else "", "muted")])
    spent = state.spent.words(state.last_time, width - _NAME)
    if spent:
        lines.append([("time     ", "muted"), (spent, "")])
    speed, model = state.rate.tokens_per_second, state.model
    # A run that is on several GPUs is not measured against one.
    gpus = state.resources[-1].gpus
    if speed and model is not None:
        name = gpus[0].name if len(gpus) == 1 else ""
        lines.append([("compute  ", "muted"), (compute_words(compute(model, speed, name)), "")])
    room = room_words(model, gpus[0]) if model is not None and len(gpus) == 1 else ""
    return [*lines, [("room     ", "muted"), (room, "")]] if room else lines


def _disk(now: ResourcesSampled) -> tuple[bool, Words]:
    """Whether it is nearly full, and its line."""
    used = _share(now.disk_total - now.disk_free, now.disk_total)
    # Checkpoints fail on a full disk, so what is left matters more than what is used.
    role: Role = "bad" if now.disk_free < 2**30 else "warn" if used > 95 else ""
    words: Words = [
        ("disk     ", "muted"),
        (f"{used:3.0f} %", role),
        (f"  {size(now.disk_free)} free", role or "muted"),
    ]
    return bool(role), words


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


def _flow(
    name: str, history: Sequence[tuple[float | None, float | None]], ways: tuple[str, str], width: int
) -> list[Words]:
    """Both ways of a traffic a second, and their sum as it was; no line where the system does not count."""
    now = history[-1]
    if now[0] is None or now[1] is None:
        return []
    each = zip(ways, (now[0], now[1]), strict=True)
    figures = " · ".join(
        f"{way} {size(rate).removesuffix('B').removesuffix('i').replace(' ', '')}" for way, rate in each
    )
    figures += " B/s"
    sums = [None if one is None or other is None else one + other for one, other in history]
    room = width - _NAME - len(figures) - 2
    words: Words = [(f"{name:<8} ", "muted")]
    if room >= _LEAST_HISTORY:
        most = max((one for one in sums if one is not None), default=0.0)
        words.append((f"{spark(sums, room, low=0.0, high=max(most, 1.0))}  ", "first"))
    return [[*words, (figures, "")]]


def rows_needed(gpus: int) -> int:
    """Lines that the pane has room for in any case, its frame not counted; of many GPUs the first four."""
    return 4 + (2 * min(gpus, 4) or 1) + (3 if gpus == 1 else 2)


ROWS_MORE = 4
"""Lines that it has beside those, which are seen where there is room and else by scrolling."""


def _share(part: float, whole: float) -> float:
    """Per cent."""
    return 100.0 * part / whole if whole else 0.0
