"""Where the seconds of a step go: by the host's clock, and by marks in a device's queue that are read later."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from msopt_tui.ml.stopwatch import MOST_STEPS, DeviceStopwatch, HostStopwatch, NoStopwatch, Stopwatch, stopwatch_for


class Queue:
    """A device that passes marks only when it is told to."""

    def __init__(self) -> None:
        self.made = 0
        self.now = 0.0
        self.passed = False

    def make(self) -> Mark:
        self.made += 1
        return Mark(self)


class Mark:
    def __init__(self, queue: Queue) -> None:
        self._queue, self._at = queue, 0.0

    def record(self) -> None:
        self._at = self._queue.now

    def elapsed_time(self, end_event: Mark) -> float:
        assert self._queue.passed, "read before the device was there"
        return 1000 * (end_event._at - self._at)


def take_step(watch: Stopwatch, queue: Queue, parts: Sequence[tuple[str, float]], *, ends: bool = True) -> None:
    watch.start()
    for part, seconds in parts:
        queue.now += seconds
        watch.lap(part)
    if ends:
        watch.keep()


STEP = (("data", 1.0), ("backward", 6.0), ("optimiser", 1.0))


def test_a_device_is_read_only_once_it_is_through_and_its_marks_are_used_again() -> None:
    queue = Queue()
    watch = DeviceStopwatch(queue.make)
    for _ in range(3):
        take_step(watch, queue, STEP)
        queue.now += 5.0  # between steps
    first = watch.take()
    take_step(watch, queue, STEP)
    queue.passed = True
    assert first(48.0) == pytest.approx({"data": 6.0, "backward": 36.0, "optimiser": 6.0})
    assert watch.take()(8.0)["backward"] == pytest.approx(6.0)
    made = queue.made
    for _ in range(4):
        take_step(watch, queue, STEP)
    assert queue.made == made


def test_a_step_that_did_not_fit_into_memory_does_not_count() -> None:
    queue = Queue()
    queue.passed = True
    watch = DeviceStopwatch(queue.make)
    take_step(watch, queue, (("data", 50.0),), ends=False)
    take_step(watch, queue, STEP)
    assert watch.take()(8.0) == pytest.approx({"data": 1.0, "backward": 6.0, "optimiser": 1.0})
    host = HostStopwatch(lambda: queue.now)
    take_step(host, queue, (("data", 50.0),), ends=False)
    take_step(host, queue, STEP)
    assert host.take()(99.0) == pytest.approx({"data": 1.0, "backward": 6.0, "optimiser": 1.0})
    assert host.take()(99.0) == {}


def test_of_many_short_steps_the_first_are_measured() -> None:
    queue = Queue()
    queue.passed = True
    watch = DeviceStopwatch(queue.make)
    for _ in range(10 * MOST_STEPS):
        take_step(watch, queue, STEP)
    assert queue.made == 4 * MOST_STEPS
    assert sum(watch.take()(80.0).values()) == pytest.approx(80.0)


def test_which_device_has_which() -> None:
    assert isinstance(stopwatch_for(torch.device("cpu")), HostStopwatch)
    assert isinstance(stopwatch_for(torch.device("cuda", 0)), DeviceStopwatch)
    assert isinstance(stopwatch_for(torch.device("mps")), NoStopwatch)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_real_marks_tell_what_the_device_did() -> None:
    device = torch.device("cuda", 0)
    watch = stopwatch_for(device)
    one = torch.randn(2048, 2048, device=device)
    for _ in range(5):
        watch.start()
        watch.lap("data")
        for _ in range(20):
            one = (one @ one).clamp(-1, 1)
        watch.lap("backward")
        watch.keep()
    read = watch.take()
    torch.cuda.synchronize()
    laps = read(1.0)
    assert laps["backward"] > 0.9
