"""From the hub into its cache: what is missing there, with the bytes told while they come."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from msopt_tui.data.watch import Account, Watcher, beside

CHUNK_BYTES = 1 << 20
"""Bytes between two looks at a download: the hub's own ten times as many stand still for long on a slow line."""


def snapshot(
    repo: str,
    watcher: Watcher,
    *,
    kind: Literal["model", "dataset"] = "model",
    revision: str | None = None,
    patterns: Sequence[str],
) -> Path:
    """The directory with the files of a repository that match `patterns`; what the cache has is not downloaded.

    Works without a network where the cache has them. Raises what `huggingface_hub` raises, which has no common base.
    """

    def work(account: Account) -> Path:
        return _snapshot(account, repo, kind, revision, list(patterns))

    return beside(f"looking {repo} up on the hub", work, watcher, _give_up)


def _snapshot(account: Account, repo: str, kind: str, revision: str | None, patterns: list[str]) -> Path:
    # Only here: it takes a while to import, and most projects need nothing of the hub.
    from huggingface_hub import constants, logging, snapshot_download
    from huggingface_hub.errors import DryRunError

    silence: Callable[[], None] = logging.set_verbosity_error
    silence()
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
    wanted: dict[str, Any] = {"repo_type": kind, "allow_patterns": patterns}
    bars = _bars(account, f"downloading {repo}", 0)
    try:
        plan = snapshot_download(repo, revision=revision, dry_run=True, tqdm_class=bars, **wanted)
    except DryRunError:
        plan = []  # the hub can't be reached: the cache has it, or the next call says why not
    missing = sum(file.file_size or 0 for file in plan if file.will_download)
    commit = plan[0].commit_hash if plan else revision
    bars = _bars(account, f"downloading {repo}", missing)
    return Path(snapshot_download(repo, revision=commit, tqdm_class=bars, **wanted))


def _bars(account: Account, what: str, total: int) -> type[Any]:
    """`huggingface_hub` takes a class for its bars: one counts bytes that came, one bytes that are written."""
    levels = dict[int, int]()

    def heard(bar: Any) -> None:
        if bar.counts_bytes:
            levels[id(bar)] = int(bar.n)
            done = max(levels.values())
            account.show(what, min(done, total) if total else done, total, "bytes")

    return bar_class(heard)


def bar_class(heard: Callable[[Any], None]) -> type[Any]:
    """A class for libraries that show bars: one that draws nothing, and says itself to `heard` with every update."""
    from tqdm.std import tqdm

    counting = threading.Lock()

    class Bar(tqdm):  # type: ignore[misc]  # it has no types
        """May be called from many threads."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})
            self.counts_bytes = kwargs.get("unit") == "B"

        def update(self, n: float | None = 1) -> None:
            """So much more."""
            with counting:
                self.n += n or 0
                heard(self)

    return Bar


def _give_up() -> None:
    """End transfers by the hub's second protocol, whose threads ask nobody, the way the hub does at Ctrl-C."""
    abort = getattr(sys.modules.get("huggingface_hub.utils._xet"), "abort_xet_session", None)
    if abort is not None:
        abort()
