"""The tracebacks in `output.log`, without a word that is not the program's: frames, names of exceptions, signals.

A frame passes if its file is installed here and has a function of that name; source lines and messages never do.
"""

from __future__ import annotations

import re
import sysconfig
from functools import cache
from pathlib import Path

import msopt_tui
from msopt_tui.doctor.vocabulary import exception_in
from msopt_tui.runs.tail import read_tail

TAIL_BYTES = 256_000
"""How much of the end of `output.log` is looked at."""
MAX_LINES = 400
_FRAME = re.compile(r'\s*File "([^"\n]+)", line (\d{1,7}),? in ([\w.<>]{1,80})\s*')
_HEADS = (
    "Traceback (most recent call last):",
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
    "Fatal Python error: Segmentation fault",
    "Fatal Python error: Bus error",
    "Fatal Python error: Aborted",
    "Fatal Python error: Floating-point exception",
    "Fatal Python error: Illegal instruction",
)
_INNER = ("<module>", "<lambda>", "<listcomp>", "<dictcomp>", "<genexpr>", "<setcomp>")


def tail(path: Path) -> str:
    """The end of a log, beginning with a whole line. Raises OSError."""
    return read_tail(path, TAIL_BYTES).decode("utf-8", "replace")


def frames(log: str) -> tuple[list[str], int]:
    """The lines of tracebacks that may leave the machine, the last `MAX_LINES` of them, and how many lines may not."""
    lines = [line for line in log.splitlines() if line.strip()]
    kept = [line for line in map(_line, lines) if line][-MAX_LINES:]
    return kept, len(lines) - len(kept)


def _line(line: str) -> str:
    if line.strip() in _HEADS:
        return line.strip()
    found = _FRAME.fullmatch(line)
    if found:
        return _frame(*found.groups())
    # An exception stands at the beginning of its line; what is indented is source, or somebody's output.
    return exception_in(line) if line[:1].isalpha() else ""


def _frame(file: str, number: str, function: str) -> str:
    for root, label in _roots():
        path = Path(file)
        if ".." not in path.parts and path.is_relative_to(root) and _has(path, function.rpartition(".")[2]):
            return f"  {label}/{path.relative_to(root)}:{number} in {function.rpartition('.')[2]}"
    return ""


@cache
def _roots() -> list[tuple[Path, str]]:
    paths = sysconfig.get_paths()
    package = Path(msopt_tui.__file__).parent
    return [(package, "msopt_tui"), (Path(paths["purelib"]), "site-packages"), (Path(paths["stdlib"]), "python")]


@cache
def _has(path: Path, function: str) -> bool:
    try:
        source = path.read_text("utf-8", "replace") if path.suffix == ".py" else ""
    except (OSError, ValueError):
        return False
    defined = re.search(rf"\bdef {re.escape(function)}\b", source) is not None
    return bool(source) and (function in _INNER or defined)
