"""The terminal on an RP2040 or RP2350: its pins, and the modem's own TCP stack."""

import machine

from ..chip import ChipBoard
from .line import AtLine
from .pins import DEFAULTS


class Board(ChipBoard):
    """See ChipBoard. config: what `config.json` says."""

    def __init__(self, config):
        ChipBoard.__init__(self, config, DEFAULTS, _line)


def _line(uart, poll, apn, reset, now_ms):
    return AtLine(uart, poll, apn, reset, machine.reset, now_ms)
