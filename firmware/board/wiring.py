"""Makes ports out of `machine` and the numbers in a board's configuration; decides nothing."""

import machine

from firmware.terminal.screen.console import KEY_BACK, KEY_DOWN, KEY_MENU, KEY_OK, KEY_UP
from firmware.terminal.vehicle.inputs import EMERGENCY, IGNITION

from .configuration import ABSENT
from .inputs import Switch

RX_BYTES = 2048  # a flash erase stops everything for tens of milliseconds; a second of sentences fits
CONTACTS = (("ignition", IGNITION), ("emergency", EMERGENCY))
KEYS = (
    ("key_up", KEY_UP),
    ("key_down", KEY_DOWN),
    ("key_ok", KEY_OK),
    ("key_back", KEY_BACK),
    ("key_menu", KEY_MENU),
)
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
    from .displays.spi_bus import SpiBus

    if name == "st7789":
        from .displays.st7789 import St7789 as Display
    elif name == "st7735":
        from .displays.st7735 import St7735 as Display
    elif name == "ssd1680":
        from .displays.ssd1680 import Ssd1680 as Display
    else:
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
    return Display(SpiBus(spi, select, data_mode, output(wires["display_reset"], 1), busy))


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
