"""Project files made of valid and broken pieces: each loads or is refused in words, in time."""

from __future__ import annotations

import random
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from msopt_tui.config.errors import ConfigError
from msopt_tui.config.fields import fields_of, tables
from msopt_tui.config.load import load_project

SECONDS = 5.0
"""A file that takes longer counts as a hang."""
VALUES = (
    *("true", "false", "0", "-1", "1", "3", "1e999", "nan", "-inf", "0.5", "1e-3", '""', '"auto"', '"\\u0000"'),
    *("9223372036854775808", "[]", "[1, [2]]", "{}", "{ a = 1 }", '["a", 1]', "1979-05-27", "07:32:00", "0xff"),
    *('"../../etc/passwd"', '"/dev/zero"', '"\\u001b]0;x\\u0007"', '"' + "x" * 5_000 + '"', "'''\n'''", "=", "[", '"'),
)
NOISE = (
    *("\r\n", "\ufeff", "\x00", "#\n", "[[data]]\n", "[a.b.c]\n"),
    *("\x85", "é=1\n", "]\n", "[data.sources]\n", "a.b=1\n"),
)


@dataclass
class Fuzzed:
    """How many were tried, how many were refused in words, and what went wrong with which file."""

    tried: int = 0
    refused: int = 0
    wrong: list[tuple[str, bytes]] = field(default_factory=list)


def measure(tries: int, seed: int = 0) -> Fuzzed:
    """Load `tries` generated files in this process; call it from the main thread, it uses SIGALRM."""
    made, result = random.Random(seed), Fuzzed()
    before = signal.signal(signal.SIGALRM, _too_long)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "project.toml"
            for _ in range(tries):
                content = generate(made)
                path.write_bytes(content)
                _try_one(path, content, result)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return result


def _try_one(path: Path, content: bytes, result: Fuzzed) -> None:
    result.tried += 1
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        load_project(path)
    except ConfigError as error:
        result.refused += 1
        if not str(error).strip():
            result.wrong.append(("refused without a word", content))
    except TooLong:
        result.wrong.append((f"took more than {SECONDS:g} s", content))
    except Exception as error:  # noqa: BLE001  # every other exception is what is looked for
        result.wrong.append((f"{type(error).__name__}: {error}", content))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def generate(made: random.Random) -> bytes:
    """One project file: known and unknown keys with values of every kind, then perhaps damage to its bytes."""
    lines, names, most = [], list(tables()), 5
    if made.random() < 0.4:  # so that some load: without text to learn from none would
        lines, most = ["[[data.sources]]", 'kind = "python-topics"'], 1
        names = [name for name in names if not name.startswith("data")]
    for table in made.sample(names, made.randint(1, min(most, len(names)))):
        known = list(fields_of(table))
        header = f"[[{table}]]" if table == "data.sources" else f"[{table}]"
        lines.append(header)
        for _ in range(made.randint(0, most)):
            key = made.choice(known) if known and made.random() < 0.9 else made.choice(("x", "a.b", '"\\n"', "learnin"))
            lines.append(f"{key} = {made.choice(VALUES)}")
        if made.random() < 0.05:
            lines.append(made.choice(NOISE))
    data = "\n".join(lines).encode("utf-8")
    return _damaged(made, data) if made.random() < 0.4 else data


def _damaged(made: random.Random, data: bytes) -> bytes:
    """Bytes changed, cut off, repeated or put between."""
    damaged = bytearray(data)
    for _ in range(made.randint(1, 4)):
        place = made.randrange(len(damaged) + 1)
        kind = made.randrange(5)
        if kind == 0 and place < len(damaged):
            damaged[place] = made.randrange(256)
        elif kind == 1:
            del damaged[place:]
        elif kind == 2:
            damaged[place:place] = made.choice(NOISE).encode("utf-8")
        elif kind == 3:
            damaged += damaged[place : place + 200]
        else:
            damaged[place:place] = b"[" * made.choice((1, 10, 3_000))
    return bytes(damaged)


class TooLong(BaseException):
    """Not an Exception, so that nothing on the way takes it for one of its own."""


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise TooLong
