"""The command line: arguments → configuration → run directory → engine and front end. Exit codes are documented here.

0 done · 1 failed · 2 stopped by a gate · 3 bad usage or bad project file · 128 + n ended by signal n.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Callable

from msopt_tui.arguments import Options, UsageError

EXIT_USAGE = 3
USAGE = """\
msopt-tui: a terminal training cockpit for language models

  msopt-tui PROJECT.toml [table.key=value ...]   run it and show it
  msopt-tui                                      the latest run here
  msopt-tui attach [RUN]                         go back to a run (read-only if it is over)
  msopt-tui history                              all runs: sort, filter, open, resume, compare; --tree prints
                                                 what branched from what
  msopt-tui show [RUN]                           a run's summary and curves, printed
  msopt-tui compare RUN RUN ...                  settings that differ, metrics side by side, curves (--json: as JSON)
  msopt-tui resume RUN                           go on from its last checkpoint
  msopt-tui branch RUN --at STEP [key=value ...] a new run from a checkpoint (without --at: the latest), with its
                                                 settings and these over them
  msopt-tui replay RUN                           the run once more, with every intervention at its step
  msopt-tui stop RUN                             save and stop it
  msopt-tui send RUN COMMAND                     what the keys do, for scripts: pause [STEP], step [N], until STEP,
                                                 continue, evaluate [FILE], ask TEXT, save, pin [STEP], unpin [STEP],
                                                 rollback STEP, refine, adjust table.key=value ..., undo, accept,
                                                 reject, finish, stop; prints the answer (--json: as JSON);
                                                 --why TEXT goes into the journal with an adjustment
  msopt-tui new [PROJECT.toml]                   a commented project file from a few questions; for scripts --yes and
                                                 --name, --task, --data, --model, --steps
  msopt-tui edit PROJECT.toml                    edit it with every problem and every key explained, save it, start it
  msopt-tui queue [A.toml B.toml ...]            add them to the queue of the runs folder and work it off without a
                                                 screen, going on after a failure and without a terminal; without any:
                                                 list it, and go on with what is left of it in the background
  msopt-tui check PROJECT.toml [key=value ...]   plan, parameters, memory; the data: rows with their loss mask,
                                                 lengths, what cleaning dropped (--json: as JSON); trains nothing
  msopt-tui export RUN [DIR]                     every step and evaluation as CSV (--json: JSON lines), what the run
                                                 was as JSON; says where its model lies
  msopt-tui schema                               JSON Schema of the project file, for editors
  msopt-tui reindex                              rebuild the index of runs
  msopt-tui doctor [RUN]                         whether the installation is sound; with RUN how it stands, and a crash
                                                 bundle without text of yours (--with-log: with the end of its log)

RUN is a run's name, the beginning of one, or its directory; without it, the latest.

  --headless      lines instead of the cockpit (also in a pipe)
  --json          events as JSON lines
  --in-process    keep the engine in this process instead of one of its own
  --resume auto   go on with this project's latest unfinished run, if there is one
  --readonly      watch without being able to change anything
  --fps N         redraws a second at most (default: the project's, 4)
  --runs-dir DIR  where runs are kept (default: the project's, ./runs)
  --no-color      no colours (NO_COLOR is respected too)
  --version       --help

Exit codes: 0 done, 1 failed, 2 stopped by a gate, 3 bad usage or bad project file, 128+n by signal,
75 after SIGUSR1 (SLURM's warning): saved, please requeue."""


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `msopt-tui`."""
    words = sys.argv[1:] if arguments is None else arguments
    # Nothing made on the way to the first frame is garbage, and looking for some takes a tenth of that time. The
    # cockpit turns it on again behind its first frame, everything else before it begins.
    gc.disable()
    _bear_any_character()
    try:
        code = _answer(words)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read it has seen enough; what Python still holds back must not raise once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except UsageError as error:
        print(f"msopt-tui: {error}\nTry: msopt-tui --help", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return 130


def _answer(words: list[str]) -> int:
    if "--help" in words or "-h" in words:
        print(USAGE)
        return 0
    if "--version" in words:
        from msopt_tui import __version__

        print(f"msopt-tui {__version__}")
        return 0
    return _dispatch(Options(words))


def _bear_any_character() -> None:
    """A terminal or pipe that has no `·`, and a file name that is no UTF-8, cost a `?` and not the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _dispatch(options: Options) -> int:
    from msopt_tui import actions

    known: dict[str, Callable[[Options], int]] = {
        "attach": actions.attach,
        "history": actions.history,
        "show": actions.show,
        "compare": actions.compare,
        "resume": actions.resume,
        "stop": actions.stop,
        "branch": actions.branch,
        "replay": actions.replay,
        "send": actions.send,
        "check": actions.check,
        "new": actions.new,
        "edit": actions.edit,
        "queue": actions.queue,
        "schema": actions.schema,
        "export": actions.export,
        "reindex": actions.reindex,
        "doctor": actions.doctor,
    }
    first = options.words[0] if options.words else ""
    if not first:
        return actions.attach(options)
    if first in known:
        options.words.pop(0)
        return known[first](options)
    if not first.endswith(".toml") and "/" not in first:
        from difflib import get_close_matches

        close = get_close_matches(first, list(known), n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise UsageError(f"{first} is neither a project file (.toml) nor a command{hint}")
    return actions.run(options)
