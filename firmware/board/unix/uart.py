"""The GNSS receiver's serial line: a tty in raw mode whose reads never wait."""

import select
import termios

BUFFER_BYTES = 256
CONTROL_CHARACTERS = 6  # index in the list of tcgetattr


class Uart:
    """`buffer[:read()]` is what came. Raises OSError when there is no such tty."""

    def __init__(self, path, poll):
        self.buffer = bytearray(BUFFER_BYTES)
        self._stream = open(path, "rb")
        _never_wait(self._stream.fileno())
        poll.register(self._stream, select.POLLIN)

    def owns(self, stream):
        """Whether an event of poll is about this line."""
        return stream is self._stream

    def read(self):
        """The count of bytes put into `buffer`; 0 when there are none or the other side is gone for now."""
        try:
            return self._stream.readinto(self.buffer) or 0
        except OSError:
            return 0


def _never_wait(descriptor):
    """Raw mode with VMIN = VTIME = 0: `readinto` would else wait until its whole buffer is full."""
    termios.setraw(descriptor)
    attributes = termios.tcgetattr(descriptor)
    characters = attributes[CONTROL_CHARACTERS]
    for at in range(len(characters)):
        if isinstance(characters[at], int):  # in raw mode the two times alone are integers
            characters[at] = 0
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
