"""`edge-gateway serial`: a terminal or a bare NMEA receiver on a port of this machine."""

import signal
import threading
from typing import Annotated

import typer

from protocols.wire.bcd import digits_to_bcd

from .. import log
from ..serial_line import LineError, serve
from .common import WRONG, ConfigPath, fail, load

ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a gateway listens is where it is reached
PHONE_DIGITS = 12


def serial(
    config: ConfigPath,
    *,
    port: Annotated[str, typer.Argument(metavar="PORT", help="/dev/ttyUSB0, for one.")],
    phone: Annotated[
        str, typer.Option(help="The port has a bare NMEA receiver: report for it under this phone.")
    ] = "",
    baud: Annotated[int, typer.Option(min=300, max=4_000_000)] = 9600,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between reports of a receiver.")] = 10.0,
    gateway_port: Annotated[int, typer.Option(help="Where the gateway listens, when not server.port.")] = 0,
) -> None:
    """Take a terminal on a serial port, or with --phone a bare NMEA receiver, as one more session of the
    gateway that runs with this configuration. Until Ctrl-C."""
    checked = load(config)
    log.configure(checked.log.level, checked.log.format)
    if phone and not (phone.isascii() and phone.isdecimal() and len(phone) <= PHONE_DIGITS):
        fail(f"--phone: 1 to {PHONE_DIGITS} digits, not {phone!r}", WRONG)
    where = (ANY.get(checked.server.host, checked.server.host), gateway_port or checked.server.port)
    if not where[1]:
        fail("server.port is 0: say --gateway-port", WRONG)
    receiver = None
    if phone:
        checked.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        code_file = checked.data_dir / f"serial-{phone.lstrip('0')}.code"
        receiver = (digits_to_bcd(phone, PHONE_DIGITS // 2), code_file, interval)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        serve(port, baud, where, receiver, stop.is_set)
    except LineError as error:
        fail(str(error))
