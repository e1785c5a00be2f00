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
from .inputs import Inputs
from .keyed_hash import hmac_sha256
from .modem_reset import ModemReset
from .paging import load, load_for_good, open_data
from .rom import ioctl_of_port
from .serial_ports import CardReaderPort, PassthroughPort, ReceiverLine
from .slots import Slots, folder_at
from .trial_port import TrialPort
from .uptime import Uptime

CONFIG = "config.json"
FOLDER = "terminal"  # as the loader's; not imported, it stays what it is when all this is replaced
CRASH = "crash.txt"
CRASH_PAUSE_MS = 10000  # time for somebody at the prompt to press Ctrl-C
FEED_MS = 1000
FEEDER = 0  # the timer at the prompt; the loader has 1
GC_EVERY_BYTES = 4096


class ChipBoard:
    """The ports of `app.run`; `camera` (take(file) → bool) stays None until a board has one.

    config: what `config.json` says. defaults: of its `board` part. make_line(uart, poll, apn, reset, now_ms)
    gives the link port. name: what a package of firmware for this board bears, b"" when no loader would
    start it. ota_key: hex, "" where no upgrade is taken.
    """

    def __init__(self, config, defaults, make_line, name=b""):
        wires = merged(defaults, config.pop("board", {}), "board")
        apn = config.pop("apn", "").encode()
        key = unhexlify(config.pop("presence_key", ""))
        key_number = config.pop("presence_key_number", 0)
        sealed = config.pop("sealed_codes", False)
        self._name = name
        self.ota_key = config.pop("ota_key", "") if name else ""
        files = folder_at(FOLDER)
        self._store = store = Store(files)
        self.log = RecordLog(files, config.pop("capacity", CAPACITY_RECORDS))
        terminal = self.terminal = Terminal(settings_of(config, store), self.log, random16, self)
        pages.use("trial").begin(terminal, store, wiring.boot_reason(), 0)
        _note_crash(terminal)
        if wires["senses"]:
            pages.keep("senses").attach(terminal, random16)
        self.now_ms = Uptime(time.ticks_ms, time.ticks_diff).now_ms
        self.poll = select.poll()
        self.screen = self.camera = self.trace = self._watchdog = None
        self._ports = {}
        self._show_on(wires, key, key_number, sealed)
        self.uart = ReceiverLine(wiring.uart_of(wires, "gnss"), self.poll)
        reset = ModemReset(wiring.output(wires["modem_reset"], 0))
        self.link = make_line(wiring.uart_of(wires, "modem"), self.poll, apn, reset, self.now_ms())
        ports = [TrialPort(store)]
        for number in (1, 2):
            self._add_serial(wires, number, ports)
        if wires["watchdog_ms"]:
            self._watchdog = machine.WDT(timeout=wires["watchdog_ms"])
        contacts = wiring.switches(wires, wiring.CONTACTS)
        keys = wiring.switches(wires, wiring.KEYS) if self.screen is not None else []
        self.inputs = Inputs(contacts, keys, wiring.supply_of(wires), ports, self._watchdog)

    def offers(self, action):
        """Whether `act` can do it."""
        return action == actions.RESET or action in self._ports

    def act(self, action, value):
        """What the platform asks of the board (see terminal.actions); False for what it cannot do."""
        if not self.offers(action):
            return False
        if action in self._ports:
            return self._ports[action].write(value)
        self.log.close()
        machine.reset()
        return True

    def slots(self):
        """Where upgrades go (see board.slots)."""
        return Slots(FOLDER, self._name, unhexlify(self.ota_key), self._store, ioctl_of_port())

    def leave_alone(self):
        """Somebody is at the prompt: the watchdog is fed from now on by a timer."""
        if self._watchdog is not None:
            self._feeder = wiring.timer(FEEDER)
            self._feeder.init(period=FEED_MS, callback=self._feed)

    def _feed(self, timer):
        self._watchdog.feed()

    def _show_on(self, wires, key, key_number, sealed):
        """A display that fails costs the screen and raises its alarm; positions go on."""
        try:
            display = wiring.display_of(wires)
        except OSError:
            self.terminal.on_input(DISPLAY_FAULT, 1, 0)
            self.terminal.health.note(b"the display does not answer", 0)
            return
        if display is not None:
            attach = pages.keep("display").attach
            self.screen = attach(self.terminal, display, hmac_sha256, key, key_number, sealed)

    def _add_serial(self, wires, number, ports):
        """What hangs on serial port 1 or 2: a device of the truck, or the card reader."""
        name = "serial" if number == 1 else "serial2"
        stream = wiring.uart_of(wires, name)
        if stream is None:
            return
        if wires[name + "_use"] == "card_reader":
            if wires["senses"]:
                ports.append(CardReaderPort(stream))
            return
        port = PassthroughPort(stream, number)
        self._ports[actions.SERIAL if number == 1 else actions.SERIAL_2] = port
        ports.append(port)


def serve(make_board, config_path=CONFIG):
    """Runs until the power goes; Ctrl-C or no configuration lead to the prompt. make_board(config): one."""
    gc.collect()
    gc.threshold(GC_EVERY_BYTES)
    pages.load_by(load, load_for_good, open_data)
    bodies.lists_by(load)
    with open(config_path) as file:
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
