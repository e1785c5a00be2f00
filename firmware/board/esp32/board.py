"""The terminal on an ESP32-S3: its pins, and PPP over the modem's UART."""

import machine
import network

from ..chip import ChipBoard
from .line import PppLine
from .pins import DEFAULTS


class Board(ChipBoard):
    """See ChipBoard. config: what `config.json` says."""

    def __init__(self, config):
        ChipBoard.__init__(self, config, DEFAULTS, _line)


def _line(uart, poll, apn, reset, now_ms):
    return PppLine(uart, poll, apn, network.PPP, reset, machine.reset, now_ms)
