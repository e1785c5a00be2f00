"""The displays' bus over a board's SPI and pins, handed in as the board made them."""

import time

READY_MS = 5000  # an e-paper's full refresh takes two to four seconds


class SpiBus:
    """spi: write(buffer). select, data_mode: pins, called with 0 or 1. reset_pin, busy: pins or None.

    busy reads 1 while an e-paper works.
    """

    def __init__(self, spi, select, data_mode, reset_pin=None, busy=None):
        self._spi = spi
        self._select = select
        self._data_mode = data_mode
        self._reset_pin = reset_pin
        self._busy = busy

    def command(self, code, data):
        """A command with its data."""
        self._send(bytes((code,)), 0)
        if data:
            self._send(data, 1)

    def write(self, buffer):
        """More data of the last command."""
        self._send(buffer, 1)

    def reset(self):
        """A pulse on the reset line, where there is one."""
        if self._reset_pin is not None:
            self._reset_pin(0)
            self.wait_ms(10)
            self._reset_pin(1)
            self.wait_ms(10)

    def wait_ms(self, count):
        """Waits; only at the start of a display."""
        time.sleep_ms(count)

    def wait_ready(self):
        """Waits while an e-paper works. Raises OSError (110) when it does not end."""
        waited_ms = 0
        while self._busy is not None and self._busy():
            if waited_ms >= READY_MS:
                raise OSError(110)
            self.wait_ms(10)
            waited_ms += 10

    def _send(self, data, mode):
        self._data_mode(mode)
        self._select(0)
        self._spi.write(data)
        self._select(1)
