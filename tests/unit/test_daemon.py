"""Reading on a daemon thread: results and errors come back, and a disk that hangs holds up nobody's leaving."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import pytest

from msopt_tui.ui.daemon import on_daemon


def test_what_is_read_and_what_is_raised_comes_back() -> None:
    assert asyncio.run(on_daemon(lambda: 7)) == 7

    def fail() -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        asyncio.run(on_daemon(fail))


def test_leaving_does_not_wait_for_it() -> None:
    gate, hangs = threading.Event(), threading.Event()

    def read() -> bool:
        hangs.set()
        return gate.wait(30)

    async def leave() -> None:
        reading = asyncio.create_task(on_daemon(read))
        await asyncio.to_thread(hangs.wait, 30)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading

    begun = time.monotonic()
    asyncio.run(leave())
    assert time.monotonic() - begun < 10
    (thread,) = (one for one in threading.enumerate() if one.name == "reading")
    gate.set()
    thread.join(10)
    assert not thread.is_alive(), "its late answer, with nobody there to take it, is no fault"
