"""Reading that must never hold up leaving: a disk that hangs may keep its thread, but not the program."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def on_daemon(read: Callable[[], T]) -> T:
    """Do `read` on a thread of its own and return what it returns, or raise what it raises.

    Unlike those of `asyncio.to_thread`, which the program waits for at its end, the thread is a daemon: for reading
    only, since what it has begun may never be finished.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # without an error it is what was read

    def work() -> None:
        result, error = None, None
        try:
            result = read()
        except Exception as failure:  # noqa: BLE001  # whatever it is, it is raised where it is waited for
            error = failure
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name="reading", daemon=True).start()
    return await done
