"""FAULTS 3: the signals of a batch system or an impatient person reach an engine that does not come to serve them."""

import signal
import subprocess
import sys

import pytest

STUCK = """
import time
from msopt_tui.engine import host

class Stuck:
    def submit(self, command):
        print("asked", type(command).__name__, command.exit_code, flush=True)

host._install_signals(Stuck())
print("ready", flush=True)
while True:
    time.sleep(60)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGUSR1, 75)])
def test_the_first_asks_to_save_and_the_second_ends_at_once(number: signal.Signals, code: int) -> None:
    with subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for ignored in (signal.SIGHUP, signal.SIGINT):
            process.send_signal(ignored)
        process.send_signal(number)
        assert process.stdout.readline() == f"asked Stop {code}\n"
        assert process.poll() is None, "the first one only asks"
        process.send_signal(number)
        assert process.wait(10) == code
