"""Settings checked, and what registration and authentication say of them: for start and connecting."""

from protocols.wire.errors import LocalProtocolError
from protocols.wire.header import EDITION_2011, EDITION_2013, EDITION_2019

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
    "udp": 0,  # 1: datagrams instead of a stream
    "terminal_type": 4,  # of 0x0107: ordinary freight
    "iccid": "",  # digits of the SIM card
    "hardware_version": b"1",
    "gnss": 3,  # of 0x0107: GPS and BeiDou
    "communication": 0x20,  # of 0x0107: LTE
    "signal": -1,  # radio strength, -1 unknown
    "earliest_day": 0,  # days since 2000: a date of the satellites before it is 1024 weeks late
    "server_time_utc": 1,  # 0x8004 tells UTC; 0: Beijing time, as some platforms do
    "store": None,  # get(name) and put(name, value); None: nothing is remembered
}
_WIDTHS_2011 = (5, 8, 7)
_WIDTHS_2013 = (5, 20, 7)
_WIDTHS_2019 = (11, 30, 30)
BATCH_MAX = 12  # of reports with every item they can have, so that the body stays below 1023 bytes
WINDOW_MAX = 16
RETRANSMISSIONS_MAX = 10


def fill(settings, values):
    """Puts the values of DEFAULTS, changed by `values`, into the object, and what follows from them.

    Raises LocalProtocolError for an unknown name or a value that cannot be sent.
    """
    for name in values:
        if name not in DEFAULTS:
            raise LocalProtocolError("unknown setting", -1, name)
    for name, default in DEFAULTS.items():
        setattr(settings, name, values.get(name, default))
    if settings.edition not in (EDITION_2011, EDITION_2013, EDITION_2019):
        raise LocalProtocolError("no such edition: %r" % settings.edition, -1, "edition")
    if not settings.servers:
        raise LocalProtocolError("at least one (host, port)", -1, "servers")
    settings.provisioned = settings.servers  # parameters may name others; these stay the last resort
    # By the modes of the reporter: default, nobody logged in, asleep, emergency. Parameters change them.
    usual_s = settings.interval_s
    settings.intervals_s = (usual_s, usual_s, settings.idle_interval_s, usual_s)
    settings.distances_m = (settings.distance_m,) * 4
    settings.by_login = 0  # whether who is not logged in has intervals of his own (parameter 0x0021)
    _check(settings, "window", 1, WINDOW_MAX)
    _check(settings, "backfill_batch", 1, BATCH_MAX)
    _check(settings, "retransmissions", 0, RETRANSMISSIONS_MAX)
    for name in DEFAULTS:
        if name.endswith("_s"):  # zero would be a storm
            _check(settings, name, 1, 0xFFFF)


def registration(settings):
    """The wire values of 0x0100, texts padded behind with NUL to the widths of the edition."""
    maker, model, terminal_id = _widths(settings.edition)
    return {
        "province": settings.province,
        "city": settings.city,
        "maker": _padded(settings.maker, maker, "maker"),
        "model": _padded(settings.model, model, "model"),
        "terminal_id": _padded(settings.terminal_id, terminal_id, "terminal_id"),
        "plate_colour": settings.plate_colour,
        "plate": settings.plate,
    }


def authentication(settings, code):
    """The wire values of 0x0102 with this code."""
    return {
        "auth_code": code,
        "imei": _padded(settings.imei, 15, "imei"),
        "software_version": _padded(settings.software_version, 20, "software_version"),
    }


def _check(settings, name, least, most):
    if not least <= getattr(settings, name) <= most:
        raise LocalProtocolError("outside %d…%d" % (least, most), -1, name)


def _widths(edition):
    if edition == EDITION_2019:
        return _WIDTHS_2019
    return _WIDTHS_2013 if edition == EDITION_2013 else _WIDTHS_2011


def _padded(value, width, name):
    if len(value) > width:
        raise LocalProtocolError("longer than %d bytes" % width, -1, name)
    return value + bytes(width - len(value))
