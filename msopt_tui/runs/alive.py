"""Whether an engine is at work on a run, from what the kernel says and what the run's record says."""

from __future__ import annotations

import os
import signal
import socket
import time
from functools import cache
from pathlib import Path
from typing import Protocol

from msopt_tui.runs.lock import held_by_other
from msopt_tui.runs.record import OVER, RunStatus

HEARTBEAT_LIMIT = 30.0
"""Seconds after which a run on another machine is given up, where locks say nothing across machines."""


class Vital(Protocol):
    """What a record, or a row made of one, says about its engine: see `RunRecord`."""

    @property
    def status(self) -> RunStatus: ...  # noqa: D102

    @property
    def pid(self) -> int: ...  # noqa: D102

    @property
    def boot_id(self) -> str: ...  # noqa: D102

    @property
    def heartbeat(self) -> float: ...  # noqa: D102


def is_alive(record: Vital | None, lock: Path, now: float | None = None) -> bool:
    """Whether an engine is at work on the run.

    The kernel's lock decides. Where the file system has none, and for an engine on another machine (another boot
    id), whose locks may not be seen here: process id and heartbeat.
    """
    held = held_by_other(lock)
    if held:
        return True
    if record is None or record.status in OVER or not record.boot_id:
        return False
    if record.boot_id != boot_id():
        now = time.time() if now is None else now
        return abs(now - record.heartbeat) < HEARTBEAT_LIMIT
    return held is None and _process_exists(record.pid)


def _process_exists(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@cache
def boot_id() -> str:
    """Names this machine since its last start; empty where the system has no such thing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


@cache
def host_name() -> str:
    """This machine's name."""
    return socket.gethostname()


def signal_name(number: int) -> str:
    """`SIGSEGV` of 11: what an engine was ended by, for a person."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
