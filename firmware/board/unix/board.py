"""Wires the desk: configuration file, flash, UART, link, clock, chance, trace, and the terminal on them."""

import json
import select
import sys
import time

from firmware.terminal import actions, pages
from firmware.terminal.record_log import CAPACITY_RECORDS, RecordLog
from firmware.terminal.store import Store
from firmware.terminal.terminal import Terminal

from ..configuration import random16, settings_of
from ..files import Folder
from ..link import Link
from ..paging import load
from ..uptime import Uptime
from .camera import FileCamera
from .flash import BLOCKS, MOUNT_POINT, mount
from .trace import Trace
from .uart import Uart

RESET_CODE = 75  # of the process, for whoever starts it again
FEED_MS = 1000
# Loaded when they are needed; the linker gives them other names.
DUTIES = "firmware.board.unix.duties"
PANEL = "firmware.board.unix.panel"


class Board:
    """terminal, screen, uart, trace (None without a display, a tty, `trace`), link, poll, log; now_ms() of a
    clock that never goes back.

    The configuration is a JSON object: `flash` (path of the image), `uart` (path of the tty), `trace`,
    `capacity` (records), `flash_blocks`, `plate_gbk` (hex), `camera` (path of a JPEG), `display`, `vehicle`,
    `presence_key`, `presence_key_number`, `ota_key`, `watchdog` (path of a pipe that wants a byte now and
    then; who reads it starts the process again when it ends), `trial_s`, and every name of Settings but
    `store`.
    ota_key: hex, "" where no upgrade can be started. It is its own `inputs` port.
    """

    def __init__(self, config_path, has_loader=False):
        with open(config_path) as file:
            config = json.load(file)
        mount(config.pop("flash"), MOUNT_POINT, config.pop("flash_blocks", BLOCKS))
        uart = config.pop("uart", "")
        trace = config.pop("trace", False)
        files = Folder(MOUNT_POINT)
        self.log = RecordLog(files, config.pop("capacity", CAPACITY_RECORDS))
        store = Store(files)
        display = config.pop("display", None)
        camera = config.pop("camera", "")
        senses = config.pop("vehicle", False)
        load(DUTIES).configure(self, config, has_loader)
        terminal = self.terminal = Terminal(settings_of(config, store), self.log, random16, self)
        if senses:
            pages.keep("senses").attach(terminal, random16)
        self.camera = FileCamera(camera) if camera else None
        if self.camera is not None:
            pages.use("media").resume(terminal)
        self.screen = None
        if display is not None:  # path, width, height, "rgb565" or "mono"
            self.screen = load(PANEL).attach(terminal, display, self.presence)
        self.inputs = self  # a desk has no keys, but a turn of the loop is what its watchdog wants
        self.store = store
        load(DUTIES).begin(self, terminal)
        self.poll = select.poll()
        self.uart = Uart(uart, self.poll) if uart else None
        self.link = Link(self.poll)
        self.trace = Trace(self.terminal) if trace else None
        self.now_ms = Uptime(time.ticks_ms, time.ticks_diff).now_ms

    def offers(self, action):
        """Whether `act` can do it: a process that nobody would start again does not end itself."""
        return action in (actions.RESET, actions.FACTORY_RESET) and self.watchdog is not None

    def act(self, action, value):
        """See terminal.actions. The firmware stays what it is at a factory reset."""
        if not self.offers(action):
            return False
        if action == actions.RESET:
            self._reset()
        return True

    def slots(self):
        """Where upgrades go (see board.slots)."""
        return load(DUTIES).slots(self)

    def deadline_ms(self, deadline_ms):
        """The loop turns once a second, which is enough for `serve`."""
        return deadline_ms

    def serve(self, terminal, now_ms):
        """A turn of the loop feeds the watchdog; a firmware on trial comes ONLINE in time or gives way."""
        if self.watchdog is not None and now_ms >= self.feed_ms:
            self.feed_ms = now_ms + FEED_MS
            self.watchdog.write(b".")
        if self.ends_ms and terminal.online and now_ms >= self.next_ms:
            load(DUTIES).confirm(self, terminal, now_ms)
        elif self.ends_ms and now_ms >= self.ends_ms:
            self._reset()

    def _reset(self):
        self.log.close()
        sys.exit(RESET_CODE)
