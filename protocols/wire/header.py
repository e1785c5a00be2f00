"""The message header of JT/T 808 (2013 §4.4.3; 2019 adds a version byte and a longer phone).

Reads and writes headers; knows nothing of bodies, of escaping or of sessions.
"""

import struct

from .errors import LocalProtocolError, RemoteProtocolError

EDITION_2011 = 2011
EDITION_2013 = 2013
EDITION_2019 = 2019

BODY_LENGTH_MASK = 0x03FF  # bits 0–9, counted before escaping
BODY_LENGTH_MAX = 1023
ENCRYPTION_SHIFT = 10  # bits 10–12; 0 none, 1 RSA, others reserved
ENCRYPTION_MASK = 0x07
SUBPACKAGED_BIT = 0x2000  # bit 13: a package item follows
VERSION_BIT = 0x4000  # bit 14: the header has the 2019 layout
RESERVED_BIT = 0x8000  # bit 15

PHONE_BYTES = 6
PHONE_BYTES_2019 = 10
HEADER_BYTES = 12
HEADER_BYTES_2019 = 17
PACKAGE_ITEM_BYTES = 4
FIRST_PROTOCOL_VERSION = 1


class Header:
    """One parsed header.

    message_id, serial: 0…65535. attributes: the word as it came. edition: EDITION_2019 when the layout is
    that of 2019, else EDITION_2013 (2011 cannot be told from 2013 by the header). version: protocol
    version byte, 0 before 2019. phone: the BCD bytes as they came, 6 or 10 of them. total, number:
    package item, 0 when not sub-packaged. body_at: where the body begins.
    """

    __slots__ = (
        "attributes",
        "body_at",
        "edition",
        "message_id",
        "number",
        "phone",
        "serial",
        "total",
        "version",
    )

    def __init__(self, payload, message_id, attributes, edition):
        """Reads on where parse_header, which chose the layout and verified the length, stopped."""
        self.message_id = message_id
        self.attributes = attributes
        self.edition = edition
        if edition == EDITION_2019:
            self.version = payload[4]
            self.phone = bytes(payload[5:15])
            at = 15
        else:
            self.version = 0
            self.phone = bytes(payload[4:10])
            at = 10
        self.serial = payload[at] << 8 | payload[at + 1]
        at += 2
        self.total = self.number = 0
        if attributes & SUBPACKAGED_BIT:
            self.total, self.number = struct.unpack_from(">HH", payload, at)
            at += PACKAGE_ITEM_BYTES
        self.body_at = at

    @property
    def encryption(self):
        """Bits 10–12 of the attributes."""
        return self.attributes >> ENCRYPTION_SHIFT & ENCRYPTION_MASK

    @property
    def subpackaged(self):
        """Whether a package item was there."""
        return bool(self.attributes & SUBPACKAGED_BIT)


def parse_header(payload):
    """The header of an unescaped, checksum-free payload (header + body).

    The layout that bit 14 names is taken when its length fits, else the other one when that fits: some
    terminals set the bit wrongly. Raises RemoteProtocolError when neither fits.
    """
    size = len(payload)
    if size < HEADER_BYTES:
        raise RemoteProtocolError("%d bytes are too few for a header" % size, offset=size)
    message_id, attributes = struct.unpack_from(">HH", payload, 0)
    extra = PACKAGE_ITEM_BYTES if attributes & SUBPACKAGED_BIT else 0
    body_and_item = (attributes & BODY_LENGTH_MASK) + extra
    fits_2013 = size == HEADER_BYTES + body_and_item
    fits_2019 = size == HEADER_BYTES_2019 + body_and_item
    if fits_2019 and (attributes & VERSION_BIT or not fits_2013):
        return Header(payload, message_id, attributes, EDITION_2019)
    if fits_2013:
        return Header(payload, message_id, attributes, EDITION_2013)
    raise RemoteProtocolError(
        "the header says a body of %d bytes, the frame holds %d bytes in all"
        % (attributes & BODY_LENGTH_MASK, size),
        message_id,
        "body_length",
        2,
    )


def build_header(
    message_id,
    body_length,
    phone,
    serial,
    version=FIRST_PROTOCOL_VERSION,
    total=0,
    number=0,
    encryption=0,
):
    """The header bytes. `phone` is 6 BCD bytes (2011, 2013) or 10 (2019) and decides the layout.

    Raises LocalProtocolError for a value out of its range; `struct.pack` would not on the device.
    """
    _check("message_id", message_id, 0xFFFF)
    _check("body_length", body_length, BODY_LENGTH_MAX)
    _check("serial", serial, 0xFFFF)
    _check("encryption", encryption, ENCRYPTION_MASK)
    if len(phone) not in (PHONE_BYTES, PHONE_BYTES_2019):
        raise LocalProtocolError("%d phone bytes, 6 or 10 wanted" % len(phone), message_id, "phone")
    attributes = body_length | encryption << ENCRYPTION_SHIFT
    if total:
        attributes |= SUBPACKAGED_BIT
    if len(phone) == PHONE_BYTES_2019:
        _check("version", version, 0xFF)
        head = struct.pack(">HHB", message_id, attributes | VERSION_BIT, version)
    else:
        head = struct.pack(">HH", message_id, attributes)
    head += phone + struct.pack(">H", serial)
    if total:
        _check("total", total, 0xFFFF)
        if not 1 <= number <= total:
            raise LocalProtocolError("package %d of %d" % (number, total), message_id, "number")
        head += struct.pack(">HH", total, number)
    return head


def _check(field, value, limit):
    if not 0 <= value <= limit:
        raise LocalProtocolError("%d is outside 0…%d" % (value, limit), -1, field)
