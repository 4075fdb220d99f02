"""What is survived, counted: kills, flipped bits, hostile project files, lines to the control socket, and texts.

    python benchmarks/reliability.py [--quick] [--kills 20] [--flips 500] [--files 10000] [--lines 10000] [--texts 19]
                                     [--seed 0]

One table; exits with 1 where an aim is missed, after what went wrong and with what. The same seed tries the same things
(a kill's moment within the run still depends on the machine).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.reliability_parts import bit_flips, damage, hostile_text, kills, project_files, socket_lines
from tests.ui.hostile_app import PAYLOADS

QUICK = {"kills": 2, "flips": 50, "files": 500, "lines": 300, "texts": 2}
FULL = {"kills": 20, "flips": 500, "files": 10_000, "lines": 10_000, "texts": len(PAYLOADS)}
EXAMPLES = 10
"""Of what went wrong, so many are printed."""


class Row(NamedTuple):
    """A line of the table."""

    what: str
    aim: str
    found: str
    missed: list[str]
    """What went wrong; empty where the aim is reached."""


def killed(tries: int, seed: int) -> Row:
    """Kills at a random moment, each with a resume to the end."""
    found = kills.measure(tries, seed)
    missed = list(found.wrong)
    # A checkpoint is written beside training: until it stands, the one before it is the last.
    most = 2 * found.save_interval
    if found.max_lost > most:
        missed.append(f"{found.max_lost} steps lost, with a save every {found.save_interval}")
    return Row(
        "SIGKILL at a random moment, then resume: same losses to the last bit",
        f"all; steps lost ≤ {most} (a save interval, and one while a checkpoint is written)",
        f"{found.survived}/{found.tried}; steps lost: median {found.median_lost:g}, max {found.max_lost}",
        missed,
    )


def flipped(tries: int) -> Row:
    """One bit flipped in a file of a checkpoint."""
    found = bit_flips.measure(tries)
    return Row(
        "one bit flipped in a checkpoint's files, noticed before use",
        "all",
        f"{found.detected}/{found.tried}",
        found.missed,
    )


def damaged(tries: int, seed: int) -> Row:
    """One bit flipped or the end cut off in any other file of a run that is read."""
    kinds = damage.measure(tries, seed)
    found = damage.total(kinds)
    return Row(
        f"the same, or the end cut off, in a run's other files ({', '.join(kinds)}): said, refused or without effect",
        "all",
        f"{found.tried - len(found.missed)}/{found.tried} ({found.said} were said)",
        found.missed,
    )


def misread(tries: int, seed: int) -> Row:
    """Generated project files."""
    found = project_files.measure(tries, seed)
    return Row(
        f"generated project files: loaded or refused in words within {project_files.SECONDS:g} s",
        "all",
        f"{found.tried - len(found.wrong)}/{found.tried} ({found.refused} refused)",
        [f"{what}: {content[:200]!r}" for what, content in found.wrong],
    )


def lied_to(tries: int, seed: int) -> Row:
    """Generated lines to a control socket."""
    found = socket_lines.measure(tries, seed)
    return Row(
        "generated lines to the control socket: the next honest command is taken",
        "all",
        f"{found.tried - len(found.wrong)}/{found.tried} ({found.commands} were commands)",
        [f"{what}: {line!r}" for what, line in found.wrong],
    )


def shown(count: int) -> Row:
    """Hostile payloads in every text of a run, in every view."""
    found = hostile_text.measure(PAYLOADS[:count])
    return Row(
        f"hostile payloads × views of cockpit and history through which one acts ({count} payloads)",
        "0",
        f"{len(found.through)} of {found.tried} (to be read in {found.shown})",
        found.through,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few of each")
    for name in FULL:
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    usual = QUICK if given.quick else FULL
    counts = {name: usual[name] if getattr(given, name) is None else int(getattr(given, name)) for name in FULL}
    if min(counts.values()) < 1:
        parser.error("at least one of each")
    # Kills come first: they fork, which is sound only while torch has made no thread in this process.
    rows = [
        killed(counts["kills"], given.seed),
        flipped(counts["flips"]),
        damaged(counts["flips"], given.seed),
        misread(counts["files"], given.seed),
        lied_to(counts["lines"], given.seed),
        shown(counts["texts"]),
    ]
    print("| fault | aim | found |")
    print("|---|---|---|")
    for row in rows:
        print(f"| {row.what} | {row.aim} | {row.found}{' **missed**' if row.missed else ''} |")
    for row in rows:
        for wrong in row.missed[:EXAMPLES]:
            print(f"missed: {row.what}: {wrong}")
    return 1 if any(row.missed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
