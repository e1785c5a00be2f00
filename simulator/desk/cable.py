"""A null modem: two pseudo-terminals with their masters joined. Overrun loses bytes, as a UART does."""

from __future__ import annotations

import os
import select
import termios
import threading
import tty

PENDING_MAX = 65536  # bytes that wait for a slow reader; more are lost and counted
READ_BYTES = 4096


class Cable:
    """`left` and `right` are tty paths; what goes into one comes out of the other.

    Both ends stay open here, so a program may go and come again without hanging up the other.
    overrun_bytes: lost because nobody read.
    """

    def __init__(self) -> None:
        self._masters: list[int] = []
        self._slaves: list[int] = []
        for _ in range(2):
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            self._masters.append(master)
            self._slaves.append(slave)
        self.left, self.right = (os.ttyname(slave) for slave in self._slaves)
        self._pending = [bytearray(), bytearray()]  # for the left, for the right
        self._lock = threading.Lock()
        self.overrun_bytes = 0
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._pump, name="cable", daemon=True)
        self._thread.start()

    def discard_right(self) -> None:
        """Forgets what waits for the right end: it was sent while nobody was there."""
        with self._lock:
            self._pending[1].clear()
            termios.tcflush(self._slaves[1], termios.TCIFLUSH)

    def close(self) -> None:
        """Ends the pump and closes all."""
        os.write(self._wake_write, b"x")
        self._thread.join()
        for descriptor in (*self._masters, *self._slaves, self._wake_read, self._wake_write):
            os.close(descriptor)

    def _pump(self) -> None:
        while True:
            writers = [self._masters[side] for side in (0, 1) if self._pending[side]]
            readable, writable, _ = select.select([*self._masters, self._wake_read], writers, [], 1.0)
            if self._wake_read in readable:
                return
            with self._lock:
                for side in (0, 1):
                    if self._masters[side] in readable:
                        self._take(side)
                    if self._masters[side] in writable:
                        self._give(side)

    def _take(self, side: int) -> None:
        try:
            data = os.read(self._masters[side], READ_BYTES)
        except BlockingIOError:
            return
        waiting = self._pending[1 - side]
        kept = data[: PENDING_MAX - len(waiting)]
        waiting += kept
        self.overrun_bytes += len(data) - len(kept)

    def _give(self, side: int) -> None:
        try:
            count = os.write(self._masters[side], self._pending[side])
        except BlockingIOError:
            return
        del self._pending[side][:count]
