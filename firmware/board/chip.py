"""A terminal on a microcontroller: all that ESP32 and RP2 have in common, and the start after power-on.

A board adds its pins and its line (`make_line`). What goes wrong here restarts the board; it never stops.
"""

import gc
import json
import os
import select
import sys
import time
from binascii import unhexlify

import machine

from firmware.app import run
from firmware.terminal import actions, pages
from firmware.terminal.record_log import CAPACITY_RECORDS, RecordLog
from firmware.terminal.store import Store
from firmware.terminal.terminal import Terminal
from firmware.terminal.vehicle.inputs import DISPLAY_FAULT
from protocols.wire import bodies

from . import wiring
from .configuration import merged, random16, settings_of
from .files import Folder
from .inputs import Inputs
from .keyed_hash import hmac_sha256
from .modem_reset import ModemReset
from .paging import load, load_for_good
from .serial_ports import CardReaderPort, PassthroughPort, ReceiverLine
from .uptime import Uptime

CONFIG = "config.json"
FOLDER = "terminal"  # for what the terminal keeps; the rest of the flash is the program's
CRASH = "crash.txt"
CRASH_PAUSE_MS = 10000  # time for somebody at the prompt to press Ctrl-C
FEED_MS = 1000
GC_EVERY_BYTES = 4096


class ChipBoard:
    """The ports of `app.run`; `camera` (take(file) → bool) stays None until a board has one.

    config: what `config.json` says. defaults: of its `board` part. make_line(uart, poll, apn, reset, now_ms)
    gives the link port.
    """

    def __init__(self, config, defaults, make_line):
        wires = merged(defaults, config.pop("board", {}), "board")
        apn = config.pop("apn", "").encode()
        key = unhexlify(config.pop("presence_key", ""))
        key_number = config.pop("presence_key_number", 0)
        files = _folder(FOLDER)
        self.log = RecordLog(files, config.pop("capacity", CAPACITY_RECORDS))
        terminal = self.terminal = Terminal(settings_of(config, Store(files)), self.log, random16, self)
        terminal.health.boot_reason = wiring.boot_reason()
        _note_crash(terminal)
        if wires["senses"]:
            pages.keep("senses").attach(terminal, random16)
        self.now_ms = Uptime(time.ticks_ms, time.ticks_diff).now_ms
        self.poll = select.poll()
        self.screen = self.camera = self.trace = self._port = self._watchdog = None
        self._show_on(wires, key, key_number)
        self.uart = ReceiverLine(wiring.uart_of(wires, "gnss"), self.poll)
        reset = ModemReset(wiring.output(wires["modem_reset"], 0))
        self.link = make_line(wiring.uart_of(wires, "modem"), self.poll, apn, reset, self.now_ms())
        ports = self._serial_ports(wires)
        if wires["watchdog_ms"]:
            self._watchdog = machine.WDT(timeout=wires["watchdog_ms"])
        contacts = wiring.switches(wires, wiring.CONTACTS)
        keys = wiring.switches(wires, wiring.KEYS) if self.screen is not None else []
        self.inputs = Inputs(contacts, keys, wiring.supply_of(wires), ports, self._watchdog)

    def offers(self, action):
        """Whether `act` can do it."""
        return action == actions.RESET or (action == actions.SERIAL and self._port is not None)

    def act(self, action, value):
        """What the platform asks of the board (see terminal.actions); False for what it cannot do."""
        if not self.offers(action):
            return False
        if action == actions.SERIAL:
            return self._port.write(value)
        self.log.close()
        machine.reset()
        return True

    def leave_alone(self):
        """Somebody is at the prompt: the watchdog is fed from now on by a timer."""
        if self._watchdog is not None:
            timer = machine.Timer(0)
            timer.init(period=FEED_MS, callback=self._feed)

    def _feed(self, timer):
        self._watchdog.feed()

    def _show_on(self, wires, key, key_number):
        """A display that fails costs the screen and raises its alarm; positions go on."""
        try:
            display = wiring.display_of(wires)
        except OSError:
            self.terminal.on_input(DISPLAY_FAULT, 1, 0)
            self.terminal.health.note(b"the display does not answer", 0)
            return
        if display is not None:
            attach = pages.keep("display").attach
            self.screen = attach(self.terminal, display, hmac_sha256, key, key_number)

    def _serial_ports(self, wires):
        stream = wiring.uart_of(wires, "serial")
        if stream is None:
            return ()
        if wires["serial_use"] == "card_reader":
            return (CardReaderPort(stream),) if wires["senses"] else ()
        self._port = PassthroughPort(stream, 1)
        return (self._port,)


def main(make_board):
    """Runs until the power goes; Ctrl-C or no configuration lead to the prompt. make_board(config): one."""
    gc.collect()
    gc.threshold(GC_EVERY_BYTES)
    pages.load_by(load, load_for_good)
    bodies.lists_by(load)
    with open(CONFIG) as file:
        config = json.load(file)
    board = None
    try:
        board = make_board(config)
        run(board)
    except KeyboardInterrupt:
        if board is not None:
            board.log.close()
            board.leave_alone()
    except Exception as error:  # whatever it was: a terminal that stops helps nobody
        _crashed(error)


def _crashed(error):
    sys.print_exception(error)
    with open(CRASH, "w") as file:
        sys.print_exception(error, file)
    time.sleep_ms(CRASH_PAUSE_MS)
    machine.reset()


def _note_crash(terminal):
    """Tells the ring of errors what ended the last run."""
    try:
        with open(CRASH) as file:
            lines = file.read(2048).strip().split("\n")
        os.remove(CRASH)
    except OSError:
        return  # it ended otherwise
    terminal.health.note(b"crash: " + lines[-1].encode(), 0)


def _folder(path):
    try:
        os.mkdir(path)
    except OSError as error:
        if error.errno != 17:  # it is there
            raise
    return Folder(path)
