"""What a terminal is told before it starts: who it is, where it reports, how often. Nothing is read here."""

from protocols.wire.bcd import digits_to_bcd
from protocols.wire.errors import LocalProtocolError
from protocols.wire.header import EDITION_2011, EDITION_2013, EDITION_2019, PHONE_BYTES, PHONE_BYTES_2019

# Defaults; the order is that of the constructor. Units end the names.
DEFAULTS = {
    "phone": "",  # digits; padded to the width of the edition
    "edition": EDITION_2013,
    "province": 0,  # GB/T 2260, first two digits; 0: the platform's default
    "city": 0,  # its last four digits
    "maker": b"DYEDG",
    "model": b"EDGE-1",
    "terminal_id": b"",
    "plate_colour": 2,
    "plate": b"",  # GBK
    "imei": b"",
    "software_version": b"0.1.0",
    "servers": (),  # (host, port), main first, then backup
    "heartbeat_s": 60,
    "answer_timeout_s": 10,  # T of the first wait for an answer
    "answer_timeout_max_s": 120,
    "retransmissions": 3,
    "reconnect_s": 1,  # first pause between two attempts; doubles
    "reconnect_max_s": 60,
    "interval_s": 10,
    "idle_interval_s": 60,  # with the ignition off
    "distance_m": 0,  # 0: distance does not trigger
    "turn_deg": 0,  # 0: a turn does not trigger
    "window": 4,  # live reports in flight
    "backfill_batch": 10,  # reports in one 0x0704
    "backfill_gap_ms": 1000,  # between the answer to one batch and the next
    "signal": -1,  # radio strength, -1 unknown
    "store": None,  # get(name) and put(name, value); None: nothing is remembered
}
_WIDTHS_2011 = (5, 8, 7)
_WIDTHS_2013 = (5, 20, 7)
_WIDTHS_2019 = (11, 30, 30)
BATCH_MAX = 12  # of reports with every item they can have, so that the body stays below 1023 bytes
WINDOW_MAX = 16
RETRANSMISSIONS_MAX = 10


class Settings:
    """The values of DEFAULTS as attributes, given by keyword.

    Raises LocalProtocolError for an unknown name or a value that cannot be sent.
    """

    def __init__(self, **values):
        for name in values:
            if name not in DEFAULTS:
                raise LocalProtocolError("unknown setting", -1, name)
        for name, default in DEFAULTS.items():
            setattr(self, name, values.get(name, default))
        if self.edition not in (EDITION_2011, EDITION_2013, EDITION_2019):
            raise LocalProtocolError("no such edition: %r" % self.edition, -1, "edition")
        if not self.servers:
            raise LocalProtocolError("at least one (host, port)", -1, "servers")
        self._check("window", 1, WINDOW_MAX)
        self._check("backfill_batch", 1, BATCH_MAX)
        self._check("retransmissions", 0, RETRANSMISSIONS_MAX)
        for name in DEFAULTS:
            if name.endswith("_s"):  # zero would be a storm
                self._check(name, 1, 0xFFFF)

    def phone_bytes(self):
        """The phone number as it stands in the header of this edition."""
        width = PHONE_BYTES_2019 if self.edition == EDITION_2019 else PHONE_BYTES
        return digits_to_bcd(self.phone, width)

    def registration(self):
        """The wire values of 0x0100, texts padded behind with NUL to the widths of the edition."""
        maker, model, terminal_id = self._widths()
        return {
            "province": self.province,
            "city": self.city,
            "maker": _padded(self.maker, maker, "maker"),
            "model": _padded(self.model, model, "model"),
            "terminal_id": _padded(self.terminal_id, terminal_id, "terminal_id"),
            "plate_colour": self.plate_colour,
            "plate": self.plate,
        }

    def authentication(self, code):
        """The wire values of 0x0102 with this code."""
        return {
            "auth_code": code,
            "imei": _padded(self.imei, 15, "imei"),
            "software_version": _padded(self.software_version, 20, "software_version"),
        }

    def _check(self, name, least, most):
        if not least <= getattr(self, name) <= most:
            raise LocalProtocolError("outside %d…%d" % (least, most), -1, name)

    def _widths(self):
        if self.edition == EDITION_2019:
            return _WIDTHS_2019
        return _WIDTHS_2013 if self.edition == EDITION_2013 else _WIDTHS_2011


def _padded(value, width, name):
    if len(value) > width:
        raise LocalProtocolError("longer than %d bytes" % width, -1, name)
    return value + bytes(width - len(value))
