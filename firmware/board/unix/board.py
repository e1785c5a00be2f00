"""Wires the desk: configuration file, flash, UART, link, clock, chance, trace, and the terminal on them."""

import json
import select
import time

from firmware.terminal import pages
from firmware.terminal.record_log import CAPACITY_RECORDS, RecordLog
from firmware.terminal.store import Store
from firmware.terminal.terminal import Terminal

from ..configuration import random16, settings_of
from ..displays.png import PngDisplay
from ..files import Folder
from ..link import Link
from ..uptime import Uptime
from .flash import BLOCKS, mount
from .trace import Trace
from .uart import Uart

MOUNT_POINT = "/flash"


class Board:
    """terminal, screen, uart, trace (None without a display, a tty, `trace`), link, poll, log; now_ms() of a
    clock that never goes back.

    The configuration is a JSON object: `flash` (path of the image), `uart` (path of the tty), `trace`,
    `capacity` (records), `flash_blocks`, `plate_gbk` (hex), and every name of Settings but `store`.
    """

    def __init__(self, config_path):
        with open(config_path) as file:
            config = json.load(file)
        mount(config.pop("flash"), MOUNT_POINT, config.pop("flash_blocks", BLOCKS))
        uart = config.pop("uart", "")
        trace = config.pop("trace", False)
        files = Folder(MOUNT_POINT)
        self.log = RecordLog(files, config.pop("capacity", CAPACITY_RECORDS))
        display = config.pop("display", None)
        senses = config.pop("vehicle", False)
        terminal = self.terminal = Terminal(settings_of(config, Store(files)), self.log, random16)
        if senses:
            pages.keep("senses").attach(terminal, random16)
        self.screen = None
        if display is not None:  # path, width, height, "rgb565" or "mono"
            self.screen = pages.keep("display").attach(terminal, PngDisplay(*display))
        self.poll = select.poll()
        self.uart = Uart(uart, self.poll) if uart else None
        self.link = Link(self.poll)
        self.inputs = None  # a desk has no keys and no ignition
        self.trace = Trace(self.terminal) if trace else None
        self.now_ms = Uptime(time.ticks_ms, time.ticks_diff).now_ms
