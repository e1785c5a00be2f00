"""The desk's start: reads the configuration and makes all that a Board has. A page of the board.

Done once, so it is gone when the terminal runs, and with it what makes the objects (see the linker's makers).
"""

import json
import select
import time

from firmware.terminal import pages
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

# Loaded when they are needed; the linker gives them other names.
DUTIES = "firmware.board.unix.duties"
PANEL = "firmware.board.unix.panel"


def begin(board, config_path, has_loader=False):
    """Makes the parts of the board. Raises OSError, KeyError, LocalProtocolError for what cannot be."""
    with open(config_path) as file:
        config = json.load(file)
    mount(config.pop("flash"), MOUNT_POINT, config.pop("flash_blocks", BLOCKS))
    uart = config.pop("uart", "")
    trace = config.pop("trace", False)
    files = Folder(MOUNT_POINT)
    board.log = RecordLog(files, config.pop("capacity", CAPACITY_RECORDS))
    store = Store(files)
    display = config.pop("display", None)
    camera = config.pop("camera", "")
    senses = config.pop("vehicle", True)
    load(DUTIES).configure(board, config, has_loader)
    terminal = board.terminal = Terminal(settings_of(config, store), board.log, random16, board)
    if senses:
        pages.keep("senses").attach(terminal, random16)
    board.camera = FileCamera(camera) if camera else None
    if board.camera is not None:
        pages.use("media").resume(terminal)
    board.screen = None
    if display is not None:  # path, width, height, "rgb565" or "mono"
        board.screen = load(PANEL).attach(terminal, display, board.presence)
    board.inputs = board  # a desk has no keys, but a turn of the loop is what its watchdog wants
    board.store = store
    load(DUTIES).begin(board, terminal)
    board.poll = select.poll()
    board.uart = Uart(uart, board.poll) if uart else None
    board.link = Link(board.poll)
    board.trace = Trace(board.terminal) if trace else None
    board.now_ms = Uptime(time.ticks_ms, time.ticks_diff).now_ms
