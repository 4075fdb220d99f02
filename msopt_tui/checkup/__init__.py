"""`msopt-tui check`: what can be known of a project before a minute of training is spent on it."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from msopt_tui.checkup.data import data_lines
from msopt_tui.checkup.paint import Painter
from msopt_tui.checkup.plan import Plan, plan_lines, warnings
from msopt_tui.config.dump import flatten
from msopt_tui.config.fields import Scalar
from msopt_tui.config.schema import Config
from msopt_tui.protocol.data_events import DataInspected, DataPrepared
from msopt_tui.state.inspection import advice

MAX_WIDTH = 120
WIDTH_IN_A_PIPE = 100


class Checked(msgspec.Struct, frozen=True):
    """All that `check` found out, as `--json` prints it."""

    plan: Plan
    data: DataPrepared
    inspection: DataInspected
    advice: list[str]
    """What to think about before training."""
    warnings: list[str]
    """What will probably go wrong."""


def print_check(config: Config, base_dir: Path, cache_root: Path, *, as_json: bool = False) -> int:
    """Prepare the data, look at it, size the model and print the plan. Trains nothing; returns the exit code."""
    # Torch and the tokenizers come with these: nothing else on the command line needs them.
    from msopt_tui.data.errors import DataError

    try:
        checked = _check(config, base_dir, cache_root)
    except (DataError, ValueError) as error:
        print(f"msopt-tui: {error}", file=sys.stderr)
        return 1
    try:
        print(_json(checked) if as_json else _text(checked, flatten(config)), flush=True)
    except BrokenPipeError:
        # Whoever read it has seen enough; what Python still holds back must not raise once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    for warning in checked.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def _json(checked: Checked) -> str:
    return msgspec.json.format(msgspec.json.encode(checked)).decode()


def _text(checked: Checked, settings: Mapping[str, Scalar]) -> str:
    in_colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    width = min(shutil.get_terminal_size((WIDTH_IN_A_PIPE, 24)).columns, MAX_WIDTH)
    painter = Painter(in_colour=in_colour, width=width)
    return "\n".join([*plan_lines(checked.plan), *data_lines(checked.data, checked.inspection, settings, painter)])


def _check(config: Config, base_dir: Path, cache_root: Path) -> Checked:
    """Raises DataError or ValueError with the way out."""
    from msopt_tui.checkup.plan import plan_of
    from msopt_tui.data.inspect_prepared import inspect_prepared, prepared_event
    from msopt_tui.data.prepare import prepare

    prepared = prepare(config, base_dir, cache_root, _progress, lambda: None)
    plan = plan_of(config, prepared, base_dir)
    seen = inspect_prepared(config, prepared)
    return Checked(
        plan=plan,
        data=prepared_event(config, prepared),
        inspection=seen,
        advice=advice(seen, flatten(config)),
        warnings=warnings(plan),
    )


_last = 0.0


def _progress(done: int, total: int, unit: str, detail: str) -> None:
    global _last
    if sys.stderr.isatty() and time.monotonic() - _last > 0.2:
        _last = time.monotonic()
        print(f"\r{detail} {done:,}/{total:,} {unit}\033[K", end="\r", file=sys.stderr, flush=True)
