"""Makes ports out of `machine` and the numbers in a board's configuration; decides nothing."""

import sys

import machine

from firmware.terminal.screen.console import KEY_BACK, KEY_DOWN, KEY_MENU, KEY_OK, KEY_UP
from firmware.terminal.vehicle.inputs import EMERGENCY, IGNITION

from .configuration import ABSENT
from .displays.spi_bus import SpiBus
from .inputs import Switch
from .paging import load

RX_BYTES = 2048  # a flash erase stops everything for tens of milliseconds; a second of sentences fits
CONTACTS = (("ignition", IGNITION), ("emergency", EMERGENCY))
KEYS = (
    ("key_up", KEY_UP),
    ("key_down", KEY_DOWN),
    ("key_ok", KEY_OK),
    ("key_back", KEY_BACK),
    ("key_menu", KEY_MENU),
)
DRIVERS = "firmware.board.displays."  # of the modules' names; the linker gives them another
DISPLAYS = ("st7789", "st7735", "ssd1680")
CAUSES = ("PWRON_RESET", "HARD_RESET", "WDT_RESET", "DEEPSLEEP_RESET", "SOFT_RESET")  # not all on each port


def uart_of(wires, name):
    """The UART `name`_uart, reads and writes of which never wait; None when there is none."""
    if wires[name + "_uart"] == ABSENT:
        return None
    return machine.UART(
        wires[name + "_uart"],
        baudrate=wires[name + "_baudrate"],
        tx=machine.Pin(wires[name + "_tx"]),
        rx=machine.Pin(wires[name + "_rx"]),
        rxbuf=RX_BYTES,
        timeout=0,
    )


def output(number, value):
    """A pin to be called with 0 or 1; None when it is not connected."""
    return None if number == ABSENT else machine.Pin(number, machine.Pin.OUT, value=value)


def switches(wires, names):
    """Switches of the contacts (name, sense) that are connected; closed to ground is 1."""
    return [Switch(_contact(wires[name]), sense) for name, sense in names if wires[name] != ABSENT]


def supply_of(wires):
    """A function that gives the millivolts in front of the divider; None when nothing is connected."""
    if wires["supply"] == ABSENT:
        return None
    adc = machine.ADC(machine.Pin(wires["supply"]))
    if hasattr(adc, "atten"):  # ESP32: up to 3.1 V
        adc.atten(machine.ADC.ATTN_11DB)
    lower = wires["supply_lower_ohm"]
    whole = wires["supply_upper_ohm"] + lower

    def millivolts():
        pin_mv = adc.read_uv() // 1000 if hasattr(adc, "read_uv") else adc.read_u16() * 3300 // 65535
        return pin_mv * (whole // 1000) // (lower // 1000)

    return millivolts


def display_of(wires):
    """The display (see displays), started; None when there is none. Raises ValueError, OSError (e-paper)."""
    name = wires["display"]
    if not name:
        return None
    if name not in DISPLAYS:
        raise ValueError("board.display: %r is not known" % name)
    spi = machine.SPI(
        wires["display_spi"],
        baudrate=wires["display_baudrate"],
        sck=machine.Pin(wires["display_sck"]),
        mosi=machine.Pin(wires["display_mosi"]),
    )
    busy = machine.Pin(wires["display_busy"], machine.Pin.IN) if name == "ssd1680" else None
    output(wires["backlight"], 1)
    select = output(wires["display_cs"], 1)
    data_mode = output(wires["display_dc"], 0)
    bus = SpiBus(spi, select, data_mode, output(wires["display_reset"], 1), busy)
    return load(DRIVERS + name).driver(bus)


def timer(number):
    """The timer of this number, 0…3; RP2 has as many as one likes and no numbers."""
    return machine.Timer(-1 if sys.platform == "rp2" else number)


def boot_reason():
    """Why the board started, as the port of MicroPython calls it (bytes)."""
    cause = machine.reset_cause()
    for name in CAUSES:
        if getattr(machine, name, None) == cause:
            return name.lower().encode()
    return b"cause %d" % cause


def _contact(number):
    pin = machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_UP)
    return lambda: 1 - pin()
