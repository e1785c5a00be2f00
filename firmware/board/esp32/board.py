"""The terminal on an ESP32-S3: its pins, and PPP over the modem's UART."""

import machine
import network

from ..chip import ChipBoard, serve
from .line import PppLine
from .pins import DEFAULTS

NAME = b"esp32"  # what a package for this board bears


class Board(ChipBoard):
    """See ChipBoard. config: what `config.json` says."""

    def __init__(self, config, has_loader=False):
        ChipBoard.__init__(self, config, DEFAULTS, _line, NAME if has_loader else b"")


def main(config_path, has_loader=False):
    """Runs until Ctrl-C. has_loader: what started it can start other slots, too."""
    serve(lambda config: Board(config, has_loader), config_path)


def _line(uart, poll, apn, reset, now_ms):
    return PppLine(uart, poll, apn, network.PPP, reset, machine.reset, now_ms)
