"""A Textual driver for terminals that come and go.

Textual's own driver hands its output to a bounded queue before a blocking write: a terminal that stops reading
blocks the event loop after 30 writes, and one that goes away leaves a thread spinning. Here neither blocks
anything: frames are dropped while the terminal does not read and one full redraw follows; when it is gone, the
app ends by itself, quietly and at once.
"""

import os
import select
import signal
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import ClassVar, Final, Protocol, runtime_checkable

from textual import constants
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App, _PrintCapture
from textual.drivers.linux_driver import LinuxDriver

from msopt_tui.ui.fd_guard import FdGuard
from msopt_tui.ui.sanitise import SanitisingHook
from msopt_tui.ui.terminal_writer import TerminalWriter

TERMINAL_LOST_CODE: Final = 128 + signal.SIGHUP
TERMINATED_CODE: Final = 128 + signal.SIGTERM
RESTORE_SECONDS: Final = 1.0
"""How long leaving the screen may wait for a terminal that does not read."""

_SYNC_BEGIN: Final = "\x1b[?2026h"
_SYNC_END: Final = "\x1b[?2026l"
# Everything else that Textual writes (frames, bell, pointer shape) is gone for good after the next frame.
_MODE_SWITCHES: Final = ("\x1b[?", "\x1b[>", "\x1b[<")


@runtime_checkable
class SurvivesTerminal(Protocol):
    """An app that decides for itself what a lost terminal means; others exit with `TERMINAL_LOST_CODE`."""

    def on_terminal_lost(self) -> None:
        """Called once, in the event loop's thread; usually ends with `App.exit`."""


class SafeLinuxDriver(LinuxDriver):
    """Drives a terminal that may stall, hang up or be closed at any moment.

    Pass it, or what `safe_driver` returns, as ``driver_class=`` to the app.
    """

    guard: ClassVar[FdGuard | None] = None
    """Keeps descriptors 1 and 2 off the screen while it is up; see `safe_driver`."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._writer: TerminalWriter | None = None
        self._frame: list[str] | None = None
        self._input_wake: tuple[int, int] | None = None
        self._lost = False
        if self._size is None:
            self._size = self._get_terminal_size()
        self._handle_signals()
        app.error_console.push_render_hook(SanitisingHook())

    @property
    def frames_dropped(self) -> int:
        """Frames not shown because the terminal did not read, since the screen was last started."""
        return 0 if self._writer is None else self._writer.frames_dropped

    def write(self, data: str) -> None:
        """Queue output; never waits, and does nothing while the screen is not up."""
        if self._writer is None:
            return
        if data == _SYNC_BEGIN:
            self._frame = [data]
        elif data == _SYNC_END and self._frame is not None:
            self._writer.frame("".join((*self._frame, data)))
            self._frame = None
        elif data.startswith(_MODE_SWITCHES):
            # Also from the input thread, so it must not end up inside the frame being put together.
            self._writer.mode(data)
        elif self._frame is not None:
            self._frame.append(data)
        else:
            self._writer.frame(data)

    def start_application_mode(self) -> None:
        """Take over the terminal. A second call does nothing; a terminal that is gone ends the app."""
        if self._writer is not None or self._lost:
            return
        terminal = self._terminal_fd()
        if terminal is None:
            self._report_lost()
            return
        fd = _open_terminal(terminal)
        self._writer = TerminalWriter(fd, on_lost=self._report_lost, on_redraw=self._request_redraw)
        self._writer.start()
        self._input_wake = os.pipe()
        if self.guard is not None:
            self.guard.engage()
            self._app._capture_stdout = LoggedPrints(self._app, self.guard)
            self._app._capture_stderr = LoggedPrints(self._app, self.guard, stderr=True)
        start: Callable[[], None] = super().start_application_mode
        start()
        if self._writer_thread is not None:
            # Textual has no seam for its writer; this one never got anything to write.
            self._writer_thread.stop()
            self._writer_thread = None

    def stop_application_mode(self) -> None:
        """Queue what puts the terminal back in order; `close` waits for it."""
        if self._writer is not None:
            super().stop_application_mode()

    def disable_input(self) -> None:
        """Stop reading keys, at once."""
        if self._input_wake is None:
            return
        read_end, write_end = self._input_wake
        os.write(write_end, b"\0")
        super().disable_input()
        self._input_wake = None
        os.close(read_end)
        os.close(write_end)

    def close(self) -> None:
        """Restore the terminal, waiting at most `RESTORE_SECONDS` for one that does not read."""
        if self._writer is None:
            return
        restored = self._writer.close(RESTORE_SECONDS)
        self._writer = None
        if signal.getsignal(signal.SIGHUP) == self._hangup:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
        # What is printed next belongs on the terminal, unless it would block there or fail.
        if restored and self.guard is not None:
            self.guard.release()

    def suspend_application_mode(self) -> None:
        """Give the terminal up for a while; a hang-up still ends the app in order."""
        super().suspend_application_mode()
        self._handle_hangup()

    def run_input_thread(self) -> None:
        """Turn the terminal's bytes into events until input is disabled or the terminal is gone."""
        if self._input_wake is None:
            return
        wake = self._input_wake[0]
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        poller = select.poll()
        poller.register(self.fileno, select.POLLIN)
        poller.register(wake, select.POLLIN)
        # A lone escape is a key only after a delay; without input there is nothing to wait for.
        escape_ms = int(constants.ESCAPE_DELAY * 1000) + 1
        timeout_ms: int | None = None
        while wake not in (ready := dict(poller.poll(timeout_ms))):
            if ready:
                data = self._read_input()
                if not data:
                    break
                if text := decode(data):
                    for event in parser.feed(text):
                        self.process_message(event)
            for event in parser.tick():
                self.process_message(event)
            timeout_ms = escape_ms if ready else None
        with suppress(EOFError, ParseError):  # How the parser ends when a sequence was left unfinished.
            for _event in parser.feed(""):
                pass

    def _read_input(self) -> bytes:
        """Read what the terminal sent; nothing means the end of input."""
        try:
            data = os.read(self.fileno, 4096)
        except OSError:
            data = b""
        if not data and self.input_tty:
            self._report_lost()
        return data

    def _get_terminal_size(self) -> tuple[int, int]:
        terminal = self._terminal_fd()
        if terminal is not None:
            with suppress(OSError):  # It went away this moment.
                columns, lines = os.get_terminal_size(terminal)
                return columns or 80, lines or 24
        return super()._get_terminal_size()

    def _terminal_fd(self) -> int | None:
        """The terminal behind descriptors 2, 1 or 0; None when there is none, or none any more."""
        if self.guard is not None:
            return self.guard.terminal_fd
        return next((fd for fd in (2, 1, 0) if os.isatty(fd)), None)

    def _handle_signals(self) -> None:
        """Take the signals of a terminal in the event loop, never in the middle of other code."""
        self._loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        self._loop.add_signal_handler(signal.SIGCONT, self._continued)
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            self._loop.add_signal_handler(signal.SIGTERM, self._terminate)
        self._handle_hangup()

    def _handle_hangup(self) -> None:
        # Not by the loop: on removing a handler it restores the default, which is to die.
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
            signal.signal(signal.SIGHUP, self._hangup)

    def _hangup(self, _signal: int, _frame: FrameType | None) -> None:
        self._report_lost()

    def _terminate(self) -> None:
        self._loop.remove_signal_handler(signal.SIGTERM)  # A second one ends the process at once.
        self._app.exit(return_code=TERMINATED_CODE)

    def _continued(self) -> None:
        """Go on after a stop; the shell may have changed the terminal meanwhile, so start over."""
        if self._auto_restart and not self._lost:
            self.suspend_application_mode()
            self.resume_application_mode()
            self._request_redraw()

    def _request_redraw(self) -> None:
        """Have everything painted again, from any thread."""
        self._app.call_later(self._app.refresh)

    def _report_lost(self) -> None:
        """Leave, from any thread."""
        with suppress(RuntimeError):  # The loop is closed: the app has ended already.
            self._loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        if self._lost:
            return
        self._lost = True
        # A shell repeats the hang-up for its jobs; the second must not kill what goes on without a screen.
        if signal.getsignal(signal.SIGHUP) == self._hangup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if isinstance(self._app, SurvivesTerminal):
            self._app.on_terminal_lost()
        else:
            self._app.exit(return_code=TERMINAL_LOST_CODE)


class LoggedPrints(_PrintCapture):
    """What `sys.stdout` and `sys.stderr` are while the app runs: Textual's capture, which forgets, and the log."""

    def __init__(self, app: App[object], guard: FdGuard, stderr: bool = False) -> None:
        super().__init__(app, stderr=stderr)
        self._guard = guard

    def write(self, text: str) -> None:
        """Pass text on to widgets that capture prints, and to the log."""
        super().write(text)
        self._guard.log(text)


def safe_driver(guard: FdGuard) -> type[SafeLinuxDriver]:
    """Return the driver class that engages `guard` while the screen is up."""
    return type("GuardedLinuxDriver", (SafeLinuxDriver,), {"guard": guard})


def _open_terminal(fd: int) -> int:
    """Open the terminal behind `fd` anew, so that non-blocking writes are ours and not also the shell's."""
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    for name in (os.ttyname, "/proc/self/fd/{}".format):
        with suppress(OSError):  # Of another user, or not to be seen from this mount namespace.
            return os.open(name(fd), flags)
    return os.dup(fd)
