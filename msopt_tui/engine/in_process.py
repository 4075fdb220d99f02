"""The engine inside the cockpit's own process (`--in-process`): for debuggers and machines where no host may start."""

from __future__ import annotations

import threading

from msopt_tui.engine.engine import Engine
from msopt_tui.engine.host import make_engine
from msopt_tui.link.local import LocalLink
from msopt_tui.runs.directory import RunDirectory


def start(directory: RunDirectory, *, somebody_watches: bool) -> LocalLink:
    """Start an engine beside the caller and return the link to it.

    Its threads are no daemons' business of the screen: when the screen ends, the process goes on until the run ends.
    """
    engine = make_engine(directory, somebody_watches=somebody_watches)
    keeper = threading.Thread(target=_keep, args=(engine,), name="engine", daemon=False)
    keeper.start()
    return LocalLink(directory.path, submit=engine.submit, alive=lambda: keeper.is_alive() and engine.alive)


def _keep(engine: Engine) -> None:
    engine.serve()
