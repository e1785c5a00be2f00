"""Stands for the port's `select`: a poll that never waits and ends the terminal's loop after every turn."""

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16


class TurnOver(Exception):
    """The loop has done one turn; the port's collector runs only when nothing runs any more."""


class poll:
    """Two streams at most: the socket, which says what it wants, and the receiver's line."""

    made = None  # the one that the program has made

    def __init__(self):
        poll.made = self
        self.feeding = False  # whether the receiver says something
        self._wanted = []
        self._over = False

    def register(self, stream, events):
        """Registers, or changes what is wanted."""
        self.unregister(stream)
        self._wanted.append((stream, events))

    def unregister(self, stream):
        """Does nothing for what is not registered."""
        self._wanted = [entry for entry in self._wanted if entry[0] is not stream]

    def ipoll(self, wait_ms):
        """What can be done now. Raises TurnOver at every second call."""
        self._over = not self._over
        if not self._over:
            raise TurnOver
        ready = []
        for stream, events in self._wanted:
            readable = stream.pending if hasattr(stream, "pending") else self.feeding
            event = events & POLLOUT | (POLLIN if readable else 0)
            if event:
                ready.append((stream, event))
        return ready
