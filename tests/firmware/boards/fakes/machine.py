"""Stands in for a board's `machine`: pins and ADC that a test sets, UARTs with devices behind them."""

import io
import select
import time

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
devices = {}  # UART number → object with write(data) and read() → bytes
levels = {}  # pin → what an input reads; 1 is the pull-up's
written = {}  # pin → every value that was put on an output
spi = []  # everything written to SPI, as (data mode, bytes)
timers = []
made = []  # what was made, as text
volts_uv = 1200000
on_feed = None  # called at each feed of the watchdog
DATA_MODE_PIN = 9
_STREAM_POLL = 3


class Restarted(Exception):
    """The board would begin anew."""


def reset():
    raise Restarted


def reset_cause():
    return WDT_RESET


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 2

    def __init__(self, number, mode=-1, pull=-1, value=None):
        self.number = number
        if value is not None:
            self(value)

    def __call__(self, value=None):
        if value is None:
            return levels.get(self.number, 1)
        written.setdefault(self.number, []).append(value)


class ADC:
    ATTN_11DB = 3

    def __init__(self, pin):
        made.append(f"ADC {pin.number}")

    def atten(self, value):
        made.append(f"atten {value}")

    def read_uv(self):
        return volts_uv


class UART(io.IOBase):
    def __init__(self, number, baudrate, tx, rx, rxbuf, timeout):
        made.append(f"UART {number} {baudrate} {tx.number} {rx.number}")
        assert timeout == 0
        self._device = devices[number]
        self._inbox = b""

    def ioctl(self, request, argument):
        if request != _STREAM_POLL:
            return -1
        self._inbox += self._device.read()
        ready = select.POLLIN if self._inbox else 0
        return argument & (ready | select.POLLOUT)

    def readinto(self, buffer):
        self._inbox += self._device.read()
        count = min(len(buffer), len(self._inbox))
        buffer[:count] = self._inbox[:count]
        self._inbox = self._inbox[count:]
        return count or None

    def write(self, data):
        self._device.write(bytes(data))
        return len(data)


class SPI:
    def __init__(self, number, baudrate, sck, mosi):
        made.append(f"SPI {number} {sck.number} {mosi.number}")

    def write(self, data):
        spi.append((written[DATA_MODE_PIN][-1], bytes(data)))


class WDT:
    def __init__(self, timeout):
        made.append(f"WDT {timeout}")

    def feed(self):
        for timer in timers:
            timer.look()
        if on_feed is not None:
            on_feed()


class Timer:
    """A periodic one strikes at once; one for once when its time is over and the watchdog is fed."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, number):
        self._end_ms = 0
        self._callback = None

    def init(self, period, callback, mode=PERIODIC):
        made.append(f"Timer {period}")
        if mode == self.PERIODIC:
            callback(self)
            return
        self._end_ms = time.ticks_add(time.ticks_ms(), period)
        self._callback = callback
        timers.append(self)

    def deinit(self):
        self._callback = None

    def look(self):
        if self._callback is not None and time.ticks_diff(time.ticks_ms(), self._end_ms) >= 0:
            callback, self._callback = self._callback, None
            callback(self)
