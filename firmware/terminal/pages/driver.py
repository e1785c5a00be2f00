"""Who drives: the lines of the card reader, the keypad instead of a card, 0x0702 and 0x8702 (JT/T 808).

A line of the reader is ASCII but for the texts, which are GBK: fields between commas, then `*` and the XOR of
all before it as two hexadecimal digits. GBK has neither a comma nor an asterisk in its second bytes.

    IN,0,<name>,<qualification code>,<issuer>,<valid until YYYYMMDD>,<id number>*hh     read
    IN,<1…4>*hh     not read: 1 key refused, 2 locked, 3 pulled out, 4 check error (as in 0x0702)
    OUT*hh          pulled out
"""

import binascii

from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.header import EDITION_2011
from protocols.wire.pages.driver import BODIES
from protocols.wire.pages.ids import MSG_DRIVER_IDENTITY
from protocols.wire.tables import RESULT_FAILED, RESULT_UNSUPPORTED

from .. import pages
from ..vehicle.blocks import identity, time_bcd
from ..vehicle.vehicle import DRIVER

CARD_IN = 1  # of the status of 0x0702
CARD_OUT = 2
READ_OK = 0
READ_RESULT_MAX = 4
PINS = "pins"  # in the store: entries of a qualification code and a check of the PIN
CODE_BYTES = 20  # of a qualification code, padded with NUL
_PIN_ENTRY_BYTES = CODE_BYTES + 4
_TEXT_BYTES_MAX = (60, 20, 100, 8, 20)  # name, code, issuer, date, id number
WRONG_PINS_MAX = 5  # then the keypad is shut until a card is read
_WRONG = "pinbad"


def handle(terminal, header, body, now_ms):
    """0x8702: tells again who drives. Gives the result for 0x0001 when it cannot, else None."""
    vehicle = terminal.vehicle
    if vehicle is None or vehicle.edition == EDITION_2011:
        return RESULT_UNSUPPORTED
    if vehicle.day < 0:
        return RESULT_FAILED  # without the time there is no 0x0702
    _tell(vehicle, CARD_IN if vehicle.driver else CARD_OUT, READ_OK, identity(vehicle))
    return None


def card(vehicle, line):
    """A line of the card reader. False when it is damaged or says nothing that is known."""
    fields = _checked(line)
    if fields == [b"OUT"]:
        _take_out(vehicle)
        return True
    if len(fields) == 2 and fields[0] == b"IN" and fields[1] in (b"1", b"2", b"3", b"4"):
        _tell(vehicle, CARD_IN, int(fields[1]), None)
        return True
    if len(fields) != 7 or fields[:2] != [b"IN", b"0"] or not _fit(fields[2:]):
        return False
    _put_in(vehicle, fields[2:])
    return True


def keypad(vehicle, code, pin):
    """A driver without a card: his qualification code and PIN (bytes). False when they are refused.

    A PIN has a few digits, so its check only keeps the curious out; who can read the flash can find it.
    """
    wrong = vehicle.store.get(_WRONG)
    if vehicle.day < 0 or len(wrong) >= WRONG_PINS_MAX:
        return False
    entries = vehicle.store.get(PINS)
    entry = pin_entry(code, pin)
    for at in range(0, len(entries), _PIN_ENTRY_BYTES):
        if entries[at : at + _PIN_ENTRY_BYTES] == entry:
            _put_in(vehicle, [b"", code, b"", b"", b""])
            return True
    vehicle.store.put(_WRONG, wrong + b"x")
    return False


def leave(vehicle):
    """The driver signs off at the keypad."""
    _take_out(vehicle)


def pin_entry(code, pin):
    """What provisioning puts into PINS for a driver: 24 bytes."""
    code = code + bytes(CODE_BYTES - len(code))
    check = binascii.crc32(pin, binascii.crc32(code))
    return code + bytes([check >> 24 & 0xFF, check >> 16 & 0xFF, check >> 8 & 0xFF, check & 0xFF])


def _checked(line):
    """The fields of a line, [] when its check is wrong."""
    text, star, check = line.rpartition(b"*")
    total = 0
    for byte in text:
        total ^= byte
    return text.split(b",") if star and check.upper() == b"%02X" % total else []


def _fit(fields):
    for index in range(len(fields)):
        if len(fields[index]) > _TEXT_BYTES_MAX[index]:
            return False
    return bool(fields[1]) and (not fields[3] or (len(fields[3]) == 8 and fields[3].isdigit()))


def _put_in(vehicle, fields):
    if vehicle.driver and vehicle.driver != fields[1]:
        _take_out(vehicle)
    kept = b""
    for index in (1, 0, 2, 3, 4):  # the code first: the resident part reads it and no more
        kept += bytes([len(fields[index])]) + fields[index]
    vehicle.store.put(DRIVER, kept)
    if vehicle.store.get(_WRONG):
        vehicle.store.put(_WRONG, b"")
    if vehicle.driver != fields[1]:
        vehicle.change_driver(fields[1], binascii.crc32(fields[1]) or 1)
        pages.use("trip_events").log_driver(vehicle, 1)
    _tell(vehicle, CARD_IN, READ_OK, fields)


def _take_out(vehicle):
    if vehicle.driver:
        pages.use("trip_events").log_driver(vehicle, 2)
    vehicle.store.put(DRIVER, b"")
    vehicle.change_driver(b"", 0)
    _tell(vehicle, CARD_OUT, READ_OK, None)


def _tell(vehicle, status, result, fields):
    """Posts 0x0702. 2011 knows no time, no card that is out and none that cannot be read."""
    if vehicle.edition == EDITION_2011 and (status == CARD_OUT or result != READ_OK):
        return
    name, code, issuer, date, id_number = fields or [b""] * 5
    code_bytes = 40 if vehicle.edition == EDITION_2011 else CODE_BYTES
    values = {
        "status": status,
        "time_bcd": time_bcd(vehicle.day, vehicle.second),
        "read_result": result,
        "name": name,
        "qualification": code + bytes(code_bytes - len(code)),
        "issuer": issuer,
        "valid_until_bcd": binascii.unhexlify(date or b"00000000"),
        "id_number": id_number + bytes(20 - len(id_number)),
    }
    if status == CARD_OUT:
        del values["read_result"]  # a card that is out has the short body
    layout = layout_of(BODIES, MSG_DRIVER_IDENTITY, vehicle.edition)
    vehicle.mail.post(MSG_DRIVER_IDENTITY, encode_layout(layout, values))
