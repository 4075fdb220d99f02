"""What two live charts cost: processor time and bytes to the terminal, above an empty app.

Both apps run on a pseudo-terminal of 160×45, take in the same stream of steps four times a second,
and are measured in turns; only one of them draws. Prints the medians. Also times the series itself.

    python benchmarks/chart_cost.py [--pairs 3] [--seconds 10] [--steps-per-second 100] [--over 0] [--stock]

With --over N finished runs are drawn over the loss. With --stock Textual's own compositor sends the
partial updates, which are larger.
"""

import argparse
import fcntl
import math
import os
import pty
import random
import statistics
import struct
import subprocess
import sys
import termios
import threading
import time
import timeit
from collections.abc import Callable
from typing import NamedTuple

import psutil
from textual.app import App, ComposeResult
from textual.screen import Screen

from msopt_tui.state.series import Series
from msopt_tui.state.smoothing import Smoothed
from msopt_tui.ui.widgets.chart import Chart
from msopt_tui.ui.widgets.chart_model import CURVE_STYLES, MARK_GLYPHS, Curve, MarkedSteps
from msopt_tui.ui.widgets.partial_update import SendsChanges

COLUMNS, LINES = 160, 45
FRAMES_A_SECOND = 4
STEPS_BEFORE = 3_000
WARM_UP_SECONDS = 3.0


class Feed:
    """A made-up run: a noisy falling loss, its smoothing, a validation, a gradient norm."""

    def __init__(self) -> None:
        self._random = random.Random(1)
        self.loss, self.norm, self.validation = Series(), Series(), Series()
        self.smooth_loss, self.smooth_norm = Smoothed(self.loss, 0.97), Smoothed(self.norm, 0.97)
        self.evaluated: list[int] = []
        self.marks = [MarkedSteps(MARK_GLYPHS["eval"], "eval", self.evaluated)]
        self.step = 0

    def advance(self, steps: int) -> None:
        """Take `steps` more steps."""
        for _ in range(steps):
            self.step += 1
            level = 2.6 + 7.6 * math.exp(-self.step / 150) + 1.2 * math.exp(-self.step / 1800)
            self.loss.append(self.step, level + self._random.gauss(0.0, 0.15))
            self.norm.append(self.step, math.exp(self._random.gauss(0.0, 0.35)))
            if self.step % 250 == 0:
                self.validation.append(self.step, level + 0.12)
                self.evaluated.append(self.step)
        self.smooth_loss.update()
        self.smooth_norm.update()


class TrimmedScreen(SendsChanges, Screen[None]):
    """A screen that sends just the cells that changed."""


class FeedApp(App[None]):
    """Takes in the stream and, unless it is to be empty, draws it."""

    CSS = "#loss { height: 2fr; }"

    def __init__(self, draws: bool, stock: bool, steps_a_frame: int, over: int) -> None:
        super().__init__()
        self._stock = stock
        self._draws, self._steps_a_frame = draws, steps_a_frame
        self._feed = Feed()
        self._over = over

    def get_default_screen(self) -> Screen[None]:
        """A screen with either compositor."""
        return Screen() if self._stock else TrimmedScreen()

    def compose(self) -> ComposeResult:
        """Two charts, or nothing."""
        if self._draws:
            yield Chart("loss", id="loss")
            yield Chart("grad norm", id="norm")

    def on_mount(self) -> None:
        """Start in the middle of a run."""
        feed = self._feed
        feed.advance(STEPS_BEFORE)
        self._loss_curves = [
            Curve("train", feed.loss, "curve-1", 0, faint=True, glyph="┄"),
            Curve("validation", feed.validation, "curve-2", 1, glyph="◆", points=True),
            Curve("smoothed", feed.smooth_loss.series, "curve-1", 2),
        ]
        for letter, style in zip("ABCDE"[: self._over], CURVE_STYLES[2:], strict=False):
            other = Feed()
            other.advance(2 * STEPS_BEFORE)
            self._loss_curves.append(Curve("", other.smooth_loss.series, style, 2, glyph=letter, run=letter))
            small = Curve("", other.validation, style, 1, glyph=letter.lower(), points=True, run=letter)
            self._loss_curves.append(small)
        self._norm_curves = [
            Curve("grad norm", feed.norm, "curve-3", 0, faint=True, glyph="┄"),
            Curve("smoothed", feed.smooth_norm.series, "curve-3", 1),
        ]
        self.set_interval(1 / FRAMES_A_SECOND, self._frame)

    def _frame(self) -> None:
        feed = self._feed
        feed.advance(self._steps_a_frame)
        if self._draws:
            self.query_one("#loss", Chart).show(self._loss_curves, feed.marks, feed.step)
            self.query_one("#norm", Chart).show(self._norm_curves, (), feed.step)


class Cost(NamedTuple):
    """What a second of watching costs."""

    cpu_percent: float
    bytes_a_second: float


class Drain(threading.Thread):
    """Reads what the app writes, as a terminal would, and counts it."""

    def __init__(self, fd: int) -> None:
        super().__init__(daemon=True)
        self._fd = fd
        self.count = 0

    def run(self) -> None:
        """Until the other side closes."""
        while True:
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return
            if not data:
                return
            self.count += len(data)


def measure(draws: bool, stock: bool, seconds: float, steps_a_frame: int, over: int) -> Cost:
    """Run one app on a pseudo-terminal of its own."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    flags = [flag for flag, wanted in (("--draw", draws), ("--stock", stock)) if wanted]
    command = [sys.executable, __file__, "--child", str(steps_a_frame), "--over", str(over), *flags]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    drain = Drain(ours)
    drain.start()
    process = psutil.Process(child.pid)
    time.sleep(WARM_UP_SECONDS)
    before, bytes_before, began = process.cpu_times(), drain.count, time.perf_counter()
    time.sleep(seconds)
    after, bytes_after, elapsed = process.cpu_times(), drain.count, time.perf_counter() - began
    child.terminate()
    child.wait()
    os.close(ours)
    spent = after.user + after.system - before.user - before.system
    return Cost(100.0 * spent / elapsed, (bytes_after - bytes_before) / elapsed)


def best_ms(function: Callable[[], object]) -> float:
    """The shortest of eleven runs, in milliseconds."""
    return min(timeit.repeat(function, number=1, repeat=11)) * 1e3


def series_times() -> None:
    """Print what the series' own work costs."""
    values = [random.random() for _ in range(50_000)]
    print(f"Series.extend, 50,000 points                  {best_ms(lambda: Series().extend(1, values)):8.2f} ms")
    long = Series()
    for block in range(20):
        long.extend(1 + block * 50_000, values)
    columns = best_ms(lambda: long.columns(0, 1_000_000, 300))
    print(f"Series.columns, 1,000,000 points → 300        {columns:8.2f} ms")
    short = Series()
    short.extend(1, values)
    print(f"Smoothed, 50,000 points anew                  {best_ms(lambda: Smoothed(short, 0.97)):8.2f} ms")


def main() -> None:
    """Measure in turns, print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--steps-per-second", type=int, default=100)
    parser.add_argument("--over", type=int, default=0, choices=range(6))
    parser.add_argument("--stock", action="store_true")
    parser.add_argument("--child", type=int, metavar="STEPS_A_FRAME", help=argparse.SUPPRESS)
    parser.add_argument("--draw", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child is not None:
        FeedApp(args.draw, args.stock, args.child, args.over).run()
        return
    steps_a_frame = max(args.steps_per_second // FRAMES_A_SECOND, 1)
    pairs = [
        (
            measure(False, args.stock, args.seconds, steps_a_frame, args.over),
            measure(True, args.stock, args.seconds, steps_a_frame, args.over),
        )
        for _ in range(args.pairs)
    ]
    for name, costs in (("empty app", [pair[0] for pair in pairs]), ("two charts", [pair[1] for pair in pairs])):
        cpu = statistics.median(cost.cpu_percent for cost in costs)
        rate = statistics.median(cost.bytes_a_second for cost in costs)
        print(f"{name:<12} {cpu:6.2f} % of a core {rate / 1000:8.2f} kB/s")
    above = statistics.median(drawn.cpu_percent - empty.cpu_percent for empty, drawn in pairs)
    print(f"{'above it':<12} {above:6.2f} % of a core, {args.steps_per_second} steps/s, {FRAMES_A_SECOND} frames/s")
    series_times()


if __name__ == "__main__":
    main()
