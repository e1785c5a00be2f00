"""A way to end another thread's poll: a socket pair. Thread-safe."""

import socket
from typing import Final

_DRAIN_BYTES: Final = 4096


class Waker:
    """`wake()` makes `receiver` readable; the sleeper calls `drain()` before it looks for work."""

    def __init__(self) -> None:
        self.receiver, self._sender = socket.socketpair()
        self.receiver.setblocking(False)
        self._sender.setblocking(False)

    def wake(self) -> None:
        """Never blocks; a pair that is full wakes as well as one more byte would. Harmless after close."""
        try:
            self._sender.send(b"\0")
        except OSError:
            return

    def drain(self) -> None:
        """Takes every wake so far."""
        try:
            while len(self.receiver.recv(_DRAIN_BYTES)) == _DRAIN_BYTES:
                continue
        except BlockingIOError:
            return

    def close(self) -> None:
        """Closes both ends."""
        self.receiver.close()
        self._sender.close()
