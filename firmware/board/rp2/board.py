"""The terminal on an RP2040 or RP2350: its pins, and the modem's own TCP stack."""

import machine

from ..chip import ChipBoard, serve
from .line import AtLine
from .pins import DEFAULTS

NAME = b"rp2"  # what a package for this board bears


class Board(ChipBoard):
    """See ChipBoard. config: what `config.json` says."""

    def __init__(self, config, has_loader=False):
        ChipBoard.__init__(self, config, DEFAULTS, _line, NAME if has_loader else b"")


def main(config_path, has_loader=False):
    """Runs until Ctrl-C. has_loader: what started it can start other slots, too."""
    serve(lambda config: Board(config, has_loader), config_path)


def _line(uart, poll, apn, reset, now_ms):
    return AtLine(uart, poll, apn, reset, machine.reset, now_ms)
