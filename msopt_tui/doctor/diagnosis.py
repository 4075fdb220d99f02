"""How a run stands and what to do next, in a few lines."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

from msopt_tui.doctor.vocabulary import exception_in
from msopt_tui.runs.record import OVER, RunRecord


def diagnose(record: RunRecord, status: str, run: Path | None) -> list[str]:
    """Status, step, cause, way on. Without `run`, for a bundle, no name and no word that an exception said."""
    of = f" of {record.last_step:,}" if record.last_step else ""
    lines = [f"status      {status}", f"last step   {record.step:,}{of}"]
    cause = _cause(record, status, told=run is not None)
    if cause:
        lines.append(f"reason      {cause}")
    lines.append(f"next        {_next(record, status, _name(run))}")
    return lines


def _cause(record: RunRecord, status: str, *, told: bool) -> str:
    code = record.exit_code
    if code > 128 and code - 128 in set(signal.Signals):
        return f"signal {signal.Signals(code - 128).name}"
    if record.reason and told:
        return record.reason
    if record.reason and exception_in(record.reason):
        return exception_in(record.reason)
    if status == "died":
        return "its engine went without a word: a signal, the memory killer or a power cut"
    return ""


def _next(record: RunRecord, status: str, name: str) -> str:
    if status == "completed":
        return f"nothing to do; msopt-tui show {name}"
    if status not in OVER:
        return f"it is under way: msopt-tui attach {name}"
    if record.checkpoint is None:
        return f"no checkpoint is known: msopt-tui resume {name} begins where it can, or start the project again"
    return f"msopt-tui resume {name}  goes on from step {record.checkpoint:,}"


def _name(run: Path | None) -> str:
    return shlex.quote(run.name) if run else "RUN"
