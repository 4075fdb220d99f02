"""Whatever the worker raises: the run is *failed* with a reason, the traceback in the log, the process goes on."""

from __future__ import annotations

import pytest

from msopt_tui.engine.worker import GpuWorker
from msopt_tui.protocol.events import RunEnded


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("out\nof luck"), "RuntimeError: out of luck"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (MemoryError(), "MemoryError"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (ValueError("data.path: no such file"), "data.path: no such file"),
    ],
)
def test_every_exception_is_a_failed_run_with_its_traceback(
    error: BaseException, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> RunEnded:
        raise error

    ends: list[RunEnded] = []
    worker = GpuWorker(work, ends.append, lambda: 7)
    worker.start()
    worker.join(10)
    assert [(end.status, end.step, end.reason, end.exit_code) for end in ends] == [("failed", 7, reason, 1)]
    assert "Traceback" in capsys.readouterr().err
