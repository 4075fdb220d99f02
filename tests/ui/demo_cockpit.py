"""The cockpit on a scripted run that grows: `python -m tests.ui.demo_cockpit [--speed 5] [--gpus 1] [--until 700]`."""

from __future__ import annotations

import argparse
import os
import time
from collections import deque

from msopt_tui.config.schema import UiTable
from msopt_tui.protocol import events as ev
from msopt_tui.protocol.commands import Command, Continue, Pause, Stop
from msopt_tui.ui.app import CockpitApp
from msopt_tui.ui.terminal import SafeLinuxDriver
from msopt_tui.ui.ways import Ways
from tests.ui.fake_link import FakeLink
from tests.ui.stories import STORIES


class GrowingLink(FakeLink):
    """Plays a script in its own time, from a step on, and serves pause, continue and stop."""

    def __init__(self, script: list[ev.Event], *, start_at: int, speed: float) -> None:
        super().__init__()
        self._script = deque(script)
        self._speed = speed
        self._is_paused = False
        while self._script and not (isinstance(self._script[0], ev.StepsDone) and self._script[0].first > start_at):
            self.feed(self._script.popleft())
        self._from = self._script[0].time if self._script else 0.0
        self._since = time.monotonic()

    def poll(self, seconds: float = 0.05) -> list[ev.Event]:
        now = self._from + (time.monotonic() - self._since) * self._speed
        while not self._is_paused and self._script and self._script[0].time <= now:
            self.feed(self._script.popleft())
        return super().poll(seconds)

    def send(self, command: Command) -> None:
        super().send(command)
        if isinstance(command, Pause):
            self._is_paused = True
            self.apply_last(0, ev.Paused(step=0, reason="asked by person"))
        elif isinstance(command, Continue):
            self._is_paused = False
            self.apply_last(0, ev.Continued(step=0))
        elif isinstance(command, Stop):
            self.apply_last(0, ev.RunEnded(status="stopped", step=0))
        else:
            self.apply_last(0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--from", dest="start_at", type=int, default=600)
    parser.add_argument("--story", choices=list(STORIES), default="language")
    parser.add_argument("--gpus", type=int, default=0)
    parser.add_argument("--batch", type=int, default=2, help="steps an event; a step takes 50 ms")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--fps", type=int, default=4)
    parser.add_argument("--safe", action="store_true", help="with the driver of the real program")
    parser.add_argument("--wait", action="store_true", help="end with a proposal that waits")
    parser.add_argument("--end", choices=["completed", "failed", "stopped"])
    args = parser.parse_args()
    script = STORIES[args.story](gpus=args.gpus, batch_size=args.batch)
    events = list(script.events(rounds=args.rounds))
    if args.wait:
        events += script.proposal()
    if args.end:
        reason = "RuntimeError: CUDA error: device-side assert triggered" if args.end == "failed" else ""
        model = "model" if args.end == "completed" else ""
        events.append(ev.RunEnded(time=script.now, status=args.end, step=script.step, reason=reason, model=model))
    link = GrowingLink(events, start_at=args.start_at, speed=args.speed)
    ui = UiTable(theme=args.theme, fps=args.fps)
    driver = SafeLinuxDriver if args.safe else None
    app = CockpitApp(link, config_ui=ui, driver_class=driver, ways=Ways(resume_run=lambda _: link))
    print(f"left: {app.run()}", os.getpid())


if __name__ == "__main__":
    main()
