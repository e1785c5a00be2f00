"""The hardware that starts a board again: after its own reset, after a crash, after its silence."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

RESET: Final = "reset"
SILENCE: Final = "watchdog"
LOOK_S: Final = 0.05
READ_BYTES: Final = 4096
START_S: Final = 10  # before its first byte a terminal recovers its log; a real watchdog starts later, too


class Watchdog:
    """Watches one process from a thread of its own: between `begin` and `end`.

    silence_s: without a byte on the pipe `path`, then it is killed. ended(): whether the process is gone.
    start_again(reason): kills what is left of it and starts it; called in the thread.
    """

    def __init__(
        self, path: Path, silence_s: float, ended: Callable[[], bool], start_again: Callable[[str], None]
    ) -> None:
        self._silence_s = silence_s
        self._ended = ended
        self._start_again = start_again
        os.mkfifo(path)
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # so that who writes never waits for us
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """From now on the process must live and be heard."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """The power goes: nobody is started again. Returns when that is certain."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """Ends and lets go of the pipe."""
        self.end()
        os.close(self._pipe)

    def _watch(self) -> None:
        deadline = time.monotonic() + START_S
        while not self._stop.is_set():
            if select.select([self._pipe], [], [], LOOK_S)[0]:
                os.read(self._pipe, READ_BYTES)
                deadline = time.monotonic() + self._silence_s
            reason = RESET if self._ended() else SILENCE if time.monotonic() > deadline else ""
            if reason:
                self._start_again(reason)
                deadline = time.monotonic() + START_S
