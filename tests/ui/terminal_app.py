"""The small app behind the tests of the terminal: started on a real pseudo-terminal, never imported by a test.

``terminal_app.py [--guard LOG] [--stats FILE] [--busy FPS] [--hook FILE]``: `--busy` repaints everything.

Keys: ``m`` starts the measurements, ``b`` ends them and the repainting, ``n`` makes noise on descriptors 1 and 2,
``d`` opens a dialog, ``x`` crashes, ``q`` quits with code 7.
"""

import argparse
import ctypes
import json
import os
import sys
import threading
import time
from pathlib import Path

import psutil
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.events import Resize
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from msopt_tui.ui.fd_guard import FdGuard
from msopt_tui.ui.terminal import SafeLinuxDriver, safe_driver

LAG_PERIOD = 0.01
PALETTE = [Style(color=f"#{(n * 2654435761) % 0x1000000:06x}") for n in range(61)]


class Confetti(Widget):
    """A new colour every three cells: about 60 kB a frame at 160×45."""

    DEFAULT_CSS = "Confetti { height: 1fr; }"
    generation = 0

    def render_line(self, y: int) -> Strip:
        first = (self.generation * 7 + y * 13) % len(PALETTE)
        text = f"generation {self.generation} line {y} ".ljust(self.size.width, "·")
        pieces = [text[start : start + 3] for start in range(0, len(text), 3)]
        return Strip([Segment(piece, PALETTE[(first + n) % len(PALETTE)]) for n, piece in enumerate(pieces)])

    def advance(self) -> None:
        self.generation += 1
        self.refresh()


class Dialog(ModalScreen[None]):
    CSS = "Dialog { align: center middle; } Dialog Static { width: auto; }"

    def compose(self) -> ComposeResult:
        yield Static("DIALOG")


class TerminalApp(App[None]):
    CSS = "#header { height: 1; } #size { height: 1; }"
    BINDINGS = [
        ("q", "leave", ""),
        ("m", "measure", ""),
        ("b", "be_quiet", ""),
        ("n", "noise", ""),
        ("d", "dialog", ""),
        ("x", "crash", ""),
    ]

    def __init__(self, arguments: argparse.Namespace, driver_class: type[SafeLinuxDriver]) -> None:
        super().__init__(driver_class=driver_class)
        self.arguments = arguments
        self.lag = self.last = 0.0
        self.memory = self.growth = 0

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static("HEADER", id="header")
            yield Static("", id="size")
            yield Confetti()

    def on_mount(self) -> None:
        self.sampling = self.set_interval(LAG_PERIOD, self.sample)
        if self.arguments.busy:
            self.repainting = self.set_interval(1 / self.arguments.busy, self.query_one(Confetti).advance)

    def on_resize(self, event: Resize) -> None:
        for label in self.query("#size").results(Static):
            label.update(f"size {event.size.width}x{event.size.height}")

    def sample(self) -> None:
        now = time.monotonic()
        self.lag = max(self.lag, now - self.last - LAG_PERIOD if self.last else 0.0)
        self.last = now
        self.growth = max(self.growth, psutil.Process().memory_info().rss - self.memory)

    def action_measure(self) -> None:
        self.lag = self.last = 0.0
        self.memory, self.growth = psutil.Process().memory_info().rss, 0
        self.query_one("#header", Static).update("MEASURING")

    def action_be_quiet(self) -> None:
        self.sampling.pause()
        self.repainting.pause()
        self.query_one("#header", Static).update(f"MEASURED {self.query_one(Confetti).generation}")

    def action_noise(self) -> None:
        thread = threading.Thread(target=make_noise)
        thread.start()
        thread.join()
        self.query_one("#header", Static).update("NOISE DONE")

    def action_dialog(self) -> None:
        self.push_screen(Dialog())

    def action_crash(self) -> None:
        raise RuntimeError("crash \x1b]0;OWNED\x07 [/] \x1b[2J end")

    def action_leave(self) -> None:
        self.exit(return_code=7)


class SurvivingApp(TerminalApp):
    def on_terminal_lost(self) -> None:
        self.exit(return_code=55)


def make_noise() -> None:
    libc = ctypes.CDLL(None)
    libc.puts(b"NOISE by libc puts")
    libc.printf(b"NOISE by libc printf\n")
    libc.fflush(None)
    os.write(1, b"NOISE by os.write to 1\n")
    os.write(2, b"NOISE by os.write to 2\n")
    os.system("echo NOISE by a child process")
    print("NOISE by print")
    print("NOISE by print to stderr", file=sys.stderr)
    libc.puts(b"NOISE left in the buffer of libc")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--guard", type=Path)
    parser.add_argument("--stats", type=Path)
    parser.add_argument("--busy", type=float, default=0.0)
    parser.add_argument("--hook", type=Path)
    arguments = parser.parse_args()
    guard = FdGuard(arguments.guard) if arguments.guard else None
    driver = safe_driver(guard) if guard else SafeLinuxDriver
    app = (SurvivingApp if arguments.hook else TerminalApp)(arguments, driver)
    app.run()
    if arguments.hook:
        print("printed without a terminal", flush=True)
        arguments.hook.touch()
        time.sleep(0.3)  # What goes on in the same process without a screen.
    elif app.return_code == 7:
        print("the app has ended")
    if guard is not None:
        guard.close()
    if arguments.stats:
        stats = {"lag": app.lag, "growth": app.growth, "cpu": time.process_time()}
        arguments.stats.write_text(json.dumps(stats))
    sys.exit(app.return_code)


if __name__ == "__main__":
    main()
