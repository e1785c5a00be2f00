"""The GNSS receiver's serial line: a tty in raw mode whose reads never wait."""

import select
import termios

BUFFER_BYTES = 256
CONTROL_CHARACTERS = 6  # index in the list of tcgetattr
LOOK_AGAIN_MS = 2000  # for a line that was hung up


class Uart:
    """`buffer[:read(…)]` is what came; `serve` after each poll. Raises OSError when there is no such tty."""

    def __init__(self, path, poll):
        self.buffer = bytearray(BUFFER_BYTES)
        self._path = path
        self._poll = poll
        self._look_ms = 0
        self._open()

    def read(self, event, now_ms):
        """The count of bytes put into `buffer` after this event of poll; 0 when there are none.

        A line that was hung up (a receiver unplugged) is let go: poll would tell of it without end.
        """
        try:
            count = self._stream.readinto(self.buffer) or 0
        except OSError:
            count = 0
        if not count and event & (select.POLLHUP | select.POLLERR):
            self._poll.unregister(self._stream)
            self._stream.close()
            self._stream = None
            self._look_ms = now_ms + LOOK_AGAIN_MS
        return count

    def serve(self, now_ms):
        """Looks now and then whether a line that was hung up is there again."""
        if self._stream is not None or now_ms < self._look_ms:
            return
        try:
            self._open()
        except OSError:
            self._look_ms = now_ms + LOOK_AGAIN_MS

    def _open(self):
        self._stream = None
        stream = open(self._path, "rb")
        _never_wait(stream.fileno())
        self._poll.register(stream, select.POLLIN)
        self._stream = stream


def _never_wait(descriptor):
    """Raw mode with VMIN = VTIME = 0: `readinto` would else wait until its whole buffer is full."""
    termios.setraw(descriptor)
    attributes = termios.tcgetattr(descriptor)
    characters = attributes[CONTROL_CHARACTERS]
    for at in range(len(characters)):
        if isinstance(characters[at], int):  # in raw mode the two times alone are integers
            characters[at] = 0
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
