"""Parameters set and asked for: 0x8103, 0x8104, 0x8106, answered by 0x0001 and 0x0104.

All of a 0x8103 is set or nothing: an id that is not known gives 3, a value of the wrong width or out of range
2. They are stored before they are in force. Where an id comes more than once the last one counts.
"""

import binascii
import struct

from protocols.wire.bodies import decode_layout, encode_layout, layout_of
from protocols.wire.pages import ids
from protocols.wire.pages.parameter_kinds import KINDS
from protocols.wire.pages.parameters import BODIES
from protocols.wire.tables import RESULT_BAD_MESSAGE, RESULT_OK, RESULT_UNSUPPORTED

from ..live import apply, defaults

PIECE_BYTES = 256
FILE = "parameters"
BYTES_MAX = 4096  # of all that the platform can set
TEXT_BYTES_MAX = 255
RAW = 255
CAN_FIRST = 0x0110
CAN_LAST = 0x01FF
COUNT_MAX = 255  # of one 0x0104

# Least and most of what would do harm otherwise, as id, least, most; the standard's own limits and ours.
LIMITS = (
    (ids.PARAMETER_HEARTBEAT_INTERVAL_S, 5, 3600),
    (ids.PARAMETER_TCP_ANSWER_TIMEOUT_S, 1, 600),
    (ids.PARAMETER_TCP_RETRANSMISSIONS, 0, 10),
    (ids.PARAMETER_UDP_ANSWER_TIMEOUT_S, 1, 600),
    (ids.PARAMETER_UDP_RETRANSMISSIONS, 0, 10),
    (ids.PARAMETER_SERVER_TCP_PORT, 0, 65535),
    (ids.PARAMETER_SERVER_UDP_PORT, 0, 65535),
    (ids.PARAMETER_REPORT_STRATEGY, 0, 2),
    (ids.PARAMETER_REPORT_SCHEME, 0, 1),
    (ids.PARAMETER_NO_DRIVER_INTERVAL_S, 1, 86400),
    (ids.PARAMETER_SLEEP_INTERVAL_S, 1, 86400),
    (ids.PARAMETER_EMERGENCY_INTERVAL_S, 1, 86400),
    (ids.PARAMETER_DEFAULT_INTERVAL_S, 1, 86400),
    (ids.PARAMETER_CORNER_ANGLE_DEG, 0, 179),
    (ids.PARAMETER_ROLLOVER_ANGLE_DEG, 0, 180),
    (ids.PARAMETER_GNSS_BAUD, 0, 5),
    (ids.PARAMETER_GNSS_OUTPUT_RATE, 0, 4),
)


def handle(terminal, header, body, now_ms):
    """0x8103 gives the result for 0x0001; 0x8104 and 0x8106 answer with 0x0104."""
    edition = terminal.settings.edition
    layout = layout_of(BODIES, header.message_id, edition)
    if layout is None:
        return RESULT_UNSUPPORTED
    values = decode_layout(layout, body)
    if header.message_id == ids.MSG_PARAMETER_SETTING:
        return set_all(terminal, values["parameters"], now_ms)
    wanted = values.get("ids")
    found = []
    for parameter_id in sorted(terminal.parameters.values) if wanted is None else wanted:
        kind = _kind(parameter_id)
        if kind >= 0 and len(found) < COUNT_MAX:
            found.append({"id": parameter_id, "value": _encoded(terminal.parameters, parameter_id, kind)})
    answer = {"reply_serial": header.serial, "count": len(found), "parameters": found}
    layout = layout_of(BODIES, ids.MSG_PARAMETER_QUERY_RESPONSE, edition)
    terminal.mail.answer(ids.MSG_PARAMETER_QUERY_RESPONSE, encode_layout(layout, answer), header)
    return None


def set_all(terminal, items, now_ms):
    """Checks all, stores all, applies all. Raises OSError when the flash refuses; nothing is set then."""
    parameters = terminal.parameters
    values = dict(parameters.values)
    changed = list(parameters.changed)
    for item in items:
        kind = _kind(item["id"])
        if kind < 0:
            return RESULT_UNSUPPORTED
        value = _decoded(item["value"], kind)
        if value is None or not _allowed(item["id"], value):
            return RESULT_BAD_MESSAGE
        values[item["id"]] = value
        if item["id"] not in changed:
            changed.append(item["id"])
    data = _stored_form(values, changed)
    if len(data) > BYTES_MAX:
        return RESULT_BAD_MESSAGE
    if terminal.settings.store is not None:
        _write(terminal.settings.store.files, data)
    parameters.values = values
    parameters.changed = changed
    apply(terminal, [item["id"] for item in items], now_ms)
    for listener in parameters.listeners:
        listener()
    return RESULT_OK


def load(terminal):
    """The defaults, and over them what is stored; a file that is damaged counts as none."""
    parameters = terminal.parameters
    parameters.values = defaults(terminal.settings)
    parameters.changed = []
    data = _read(terminal.settings.store.files) if terminal.settings.store is not None else b""
    at = 0
    while at < len(data):
        parameter_id, size = struct.unpack_from(">IB", data, at)
        value = _decoded(data[at + 5 : at + 5 + size], _kind(parameter_id))
        if value is not None:  # another version may have known more
            parameters.values[parameter_id] = value
            parameters.changed.append(parameter_id)
        at += 5 + size
    apply(terminal, parameters.changed, -1)


def _kind(parameter_id):
    """What a value of this id is, see KINDS; -1 for an id that is not known."""
    if CAN_FIRST <= parameter_id <= CAN_LAST:
        return RAW
    for at in range(0, len(KINDS), 3):
        if KINDS[at] << 8 | KINDS[at + 1] == parameter_id:
            return KINDS[at + 2]
    return -1


def _decoded(value, kind):
    """The number or bytes of a value on the wire, None when its width is wrong."""
    if kind == 0 or kind == RAW:
        return bytes(value).rstrip(b"\x00") if kind == 0 else bytes(value)
    if kind < 0 or len(value) != kind:
        return None
    number = 0
    for byte in value:
        number = number << 8 | byte
    return number


def _encoded(parameters, parameter_id, kind):
    if kind == 0 or kind == RAW:
        return parameters.text(parameter_id)
    number = parameters.number(parameter_id)
    return struct.pack(">I", number)[4 - kind :]


def _allowed(parameter_id, value):
    for limited, least, most in LIMITS:
        if limited == parameter_id:
            return least <= value <= most
    return isinstance(value, int) or len(value) <= TEXT_BYTES_MAX


def _stored_form(values, changed):
    data = b""
    for parameter_id in changed:
        value = values[parameter_id]
        if isinstance(value, int):
            value = struct.pack(">I", value)[4 - _kind(parameter_id) :]
        data += struct.pack(">IB", parameter_id, len(value)) + value
    return data


def _write(files, data):
    """Beside the old one and renamed over it, with its check sum: a cut leaves one of both."""
    try:
        files.remove(FILE + ".new")
    except OSError as absent:
        if absent.errno != 2:
            raise
    file = files.open(FILE + ".new", True)
    try:
        file.write(struct.pack(">I", binascii.crc32(data)) + data)
        file.flush()
    finally:
        file.close()
    files.rename(FILE + ".new", FILE)


def _read(files):
    data = b""
    piece = bytearray(PIECE_BYTES)  # a buffer for the longest file would not always be found in the heap
    try:
        file = files.open(FILE, False)
        count = file.readinto(piece)
        while count and len(data) <= BYTES_MAX:
            data += memoryview(piece)[:count]
            count = file.readinto(piece)
        file.close()
    except OSError:
        return b""
    sound = len(data) >= 4 and binascii.crc32(memoryview(data)[4:]) == struct.unpack_from(">I", data, 0)[0]
    return data[4:] if sound else b""
