"""Runs a board's own `main` with stand-ins below it until EPOCHS reports are acknowledged; tells as JSON.

Usage: device_board.py BOARD FOLDER SECONDS; FOLDER has config.json. For real MicroPython.
"""

import json
import os
import sys
import time

import machine
from devices import DialModem, Echo, Receiver, TcpModem

EPOCHS = 25
PICTURE_BYTES = 240 * 240 * 2


def _pixels():
    return sum([len(data) for mode, data in machine.spi if mode == 1])


def _run(name, folder, seconds):
    esp32 = name == "esp32"
    receiver = Receiver(EPOCHS)
    modem = DialModem() if esp32 else TcpModem()
    echo = Echo()
    second = Echo()  # behind a fourth UART, which other chips have
    wired = {1: receiver, 2: modem, 0: echo, 3: second} if esp32 else {0: receiver, 1: modem}
    machine.devices.update(wired)
    pins = __import__(f"firmware.board.{name}.pins", None, None, ("DEFAULTS",)).DEFAULTS
    machine.DATA_MODE_PIN = pins["display_dc"]
    machine.levels[pins["ignition"]] = 0  # the contact is closed
    os.chdir(folder)
    boards = []
    end_ms = time.ticks_add(time.ticks_ms(), seconds * 1000)

    def look():
        terminal = boards[0].terminal
        done = receiver.said == EPOCHS and terminal.held == 0 and terminal.mail.held == 0
        drawn = _pixels() >= PICTURE_BYTES
        said = (echo.heard and second.heard) or not esp32
        if (done and drawn and said) or time.ticks_diff(time.ticks_ms(), end_ms) >= 0:
            machine.on_feed = None
            raise KeyboardInterrupt

    board_class = __import__(f"firmware.board.{name}.board", None, None, ("Board",)).Board

    def make(config):
        board = board_class(config, True)
        boards.append(board)
        return board

    machine.on_feed = look
    from firmware.board.chip import serve

    serve(make)
    board = boards[0]
    terminal = board.terminal
    told = {
        "state": terminal.state,
        "emitted": terminal.emitted,
        "acknowledged": terminal.acknowledged,
        "signal": terminal.signal,
        "boot_reason": terminal.health.boot_reason.decode(),
        "errors": [each.decode() for each in terminal.health.errors()],
        "made": machine.made,
        "asked": [each.decode() for each in modem.asked],
        "commands": sorted(set([data[0] for mode, data in machine.spi if mode == 0])),
        "pixels": _pixels(),
        "backlight": machine.written.get(pins["backlight"], []),
        "heard": echo.heard.decode(),
        "heard2": second.heard.decode(),
    }
    print(json.dumps(told))


_run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
