"""The driving recorder's data and parameters: 0x8700 → 0x0700, 0x8701 → 0x0001 (JT/T 808, GB/T 19056 inside).

Logs are read from flash block by block into the answer; an answer holds what fits one message, the oldest
first, and who wants more asks on from there. The order of the logs' fields is that of the reference; that of
the setting commands is unverified. A satellite receiver gives time and speed, so there is no second speed to
compare with (log 15 stays empty) and no clock to set (C2 is answered as not supported).
"""

import struct

from protocols.wire.bodies import decode_layout, encode_layout, layout_of
from protocols.wire.pages.ids import MSG_RECORDER_DATA, MSG_RECORDER_DATA_COMMAND
from protocols.wire.pages.recorder import BODIES
from protocols.wire.tables import RESULT_BAD_MESSAGE, RESULT_FAILED, RESULT_OK, RESULT_UNSUPPORTED

from .. import pages
from ..calendar import BEIJING_OFFSET_S, read_beijing_bcd
from ..vehicle import blocks as records
from ..vehicle import trip as memory
from ..vehicle.area_file import coordinate_at
from . import trip_files

DOWN_MARK = b"\xaa\x75"
UP_MARK = b"\x55\x7a"
HEAD_BYTES = 6  # mark 2, command, length 2, reserved
COLLECT_ERROR = 0xFA
BLOCKS_BYTES_MAX = 960  # with its heads a message of one package

SPEED_LOG = 0x08
POSITION_LOG = 0x09
SPEED_STATUS_LOG = 0x15
SET_VEHICLE = 0x82
SET_INSTALL_DATE = 0x83
SET_SIGNAL_NAMES = 0x84
SET_PULSE_FACTOR = 0xC3
SET_INITIAL_MILEAGE = 0xC4
SPEED_BLOCK_BYTES = 126
POSITION_BLOCK_BYTES = 666
MINUTES = 60

STANDARD_YEAR = 0x12  # GB/T 19056-2012
VEHICLE_BYTES = 41  # VIN 17, plate 12, plate class 12
SIGNAL_NAMES_BYTES = 80
_NAMES = {  # of the values in the store
    SET_VEHICLE: "rec82",
    SET_INSTALL_DATE: "rec83",
    SET_SIGNAL_NAMES: "rec84",
    SET_PULSE_FACTOR: "recc3",
    SET_INITIAL_MILEAGE: "recc4",
}
# What a setting must hold: (least, most) bytes.
_SIZES = {
    SET_VEHICLE: (VEHICLE_BYTES, VEHICLE_BYTES),
    SET_INSTALL_DATE: (6, 6),
    SET_SIGNAL_NAMES: (SIGNAL_NAMES_BYTES, SIGNAL_NAMES_BYTES + 1),
    SET_PULSE_FACTOR: (2, 8),
    SET_INITIAL_MILEAGE: (4, 20),
}
# What a driver of signals is called from the start (GB/T 19056: D3 low beam … D7 brake), in GBK.
_SIGNALS = (b"", b"", b"", b"\xbd\xfc\xb9\xe2\xb5\xc6", b"\xd4\xb6\xb9\xe2\xb5\xc6") + (
    b"\xd3\xd2\xd7\xaa\xcf\xf2",
    b"\xd7\xf3\xd7\xaa\xcf\xf2",
    b"\xd6\xc6\xb6\xaf",
)


def handle(terminal, header, body, now_ms):
    """Gives the result for 0x0001; None when 0x0700 was the answer."""
    if terminal.vehicle is None:
        return RESULT_UNSUPPORTED
    values = decode_layout(layout_of(BODIES, header.message_id, terminal.settings.edition), body)
    command = values["command"]
    data = _data_of(values["frame"], command)
    if header.message_id != MSG_RECORDER_DATA_COMMAND:
        return RESULT_BAD_MESSAGE if data is None else _set(terminal.vehicle, command, data)
    if terminal.vehicle.day < 0:
        return RESULT_FAILED  # there is no time yet, and nothing was recorded without
    if data is None:
        frame = UP_MARK + bytes([COLLECT_ERROR])
    else:
        answer = _collect(terminal, command, data)
        if answer is None:
            return RESULT_UNSUPPORTED
        frame = UP_MARK + struct.pack(">BHB", command, len(answer), 0) + answer
    values = {"reply_serial": header.serial, "command": command, "frame": frame + bytes([_check_of(frame)])}
    layout = layout_of(BODIES, MSG_RECORDER_DATA, terminal.settings.edition)
    terminal.mail.answer(MSG_RECORDER_DATA, encode_layout(layout, values), header)
    return None


def _data_of(frame, command):
    """The data of a recorder frame; b"" for none at all (some platforms leave the frame out), None when it is
    damaged.
    """
    if not frame:
        return b""
    if len(frame) < HEAD_BYTES + 1 or frame[:2] != DOWN_MARK or frame[2] != command:
        return None
    length = frame[3] << 8 | frame[4]
    if len(frame) != HEAD_BYTES + length + 1 or _check_of(frame[:-1]) != frame[-1]:
        return None
    return frame[HEAD_BYTES:-1]


def _check_of(data):
    check = 0
    for byte in data:
        check ^= byte
    return check


def _set(vehicle, command, data):
    """0x8701."""
    sizes = _SIZES.get(command)
    if sizes is None or vehicle.store is None:
        return RESULT_UNSUPPORTED
    if not sizes[0] <= len(data) <= sizes[1]:
        return RESULT_BAD_MESSAGE
    vehicle.store.put(_NAMES[command], data)
    if vehicle.day >= 0:
        pages.use("trip_events").log_parameter(vehicle, command)
    return RESULT_OK


def _setting(vehicle, command):
    return vehicle.store.get(_NAMES[command]) if vehicle.store is not None else b""


def _collect(terminal, command, data):
    """The answer's data, None for a command that asks for nothing known here."""
    vehicle = terminal.vehicle
    if SPEED_LOG <= command <= SPEED_STATUS_LOG and not 0x0A <= command <= 0x0F:
        return _log(vehicle, command, data)
    now = records.time_bcd(vehicle.day, vehicle.second)
    if command == 0x00:
        return bytes([STANDARD_YEAR, 0])
    if command == 0x01:
        return records.licence(vehicle)
    if command == 0x02:
        return now
    if command == 0x03:
        initial = _setting(vehicle, SET_INITIAL_MILEAGE)[-4:] or bytes(4)
        installed = _setting(vehicle, SET_INSTALL_DATE) or bytes(6)
        return now + installed + initial + _digits(terminal.odometer.metres // 100)
    if command == 0x04:
        return now + (_setting(vehicle, SET_PULSE_FACTOR)[-2:] or bytes(2))
    if command == 0x05:
        return _setting(vehicle, SET_VEHICLE) or _vehicle(terminal)
    if command == 0x06:
        names = b"".join([name + bytes(10 - len(name)) for name in _SIGNALS])
        return now + b"\x01" + (_setting(vehicle, SET_SIGNAL_NAMES)[-SIGNAL_NAMES_BYTES:] or names)
    if command == 0x07:
        return _padded(b"", 7) + _padded(terminal.settings.model, 16) + bytes(3 + 4 + 5)
    return None


def _vehicle(terminal):
    return bytes(17) + _padded(terminal.settings.plate, 12) + bytes(12)


def _padded(text, width):
    return text[:width] + bytes(width - len(text[:width]))


def _digits(number):
    """Four BCD bytes."""
    out = bytearray(4)
    for at in (3, 2, 1, 0):
        out[at] = number // 10 % 10 << 4 | number % 10
        number //= 100
    return bytes(out)


def _log(vehicle, command, data):
    """The blocks of a log between two times; nothing asked for in particular means all."""
    wanted = _Wanted(data)
    files = vehicle.files
    if command == SPEED_STATUS_LOG or files is None:
        return b""
    if command == SPEED_LOG:
        return _speed_blocks(files, wanted)
    if command == POSITION_LOG:
        return _position_blocks(files, wanted)
    return _event_blocks(files, command, wanted)


class _Wanted:
    """start, end: (day, second), Beijing. blocks: at most so many."""

    def __init__(self, data):
        self.start = (0, 0)
        self.end = (0xFFFF, 0)
        self.blocks = 0xFFFF
        if len(data) == 14:
            self.start = _time(data, 0) or self.start
            self.end = _time(data, 6) or self.end
            self.blocks = data[12] << 8 | data[13]

    def holds(self, moment):
        """Whether a (day, second) lies within."""
        return moment is not None and self.start <= moment <= self.end

    def room(self, size):
        """How many blocks of so many bytes an answer may hold."""
        return min(self.blocks, BLOCKS_BYTES_MAX // size)


def _time(data, at):
    """(day, second) in Beijing time of six BCD bytes, None when they are no time."""
    day, second = read_beijing_bcd(data, at)
    if day < 0:
        return None
    second += BEIJING_OFFSET_S
    return day + second // 86400, second % 86400


def _slots(files, wanted, whole_hours):
    """Each sound minute on flash that is wanted, oldest first: the slot, which is used again."""
    slot = bytearray(memory.SLOT_BYTES)
    for number in trip_files.trip_segments(files):
        file = files.open(memory.trip_segment_name(number), False)
        try:
            while file.readinto(slot) == memory.SLOT_BYTES:
                if struct.unpack_from(">H", slot, memory.CHECK_AT)[0] != memory.trip_check_of(slot):
                    continue
                day, minute = struct.unpack_from(">HH", slot, memory.DAY_AT)
                start = minute // MINUTES * MINUTES if whole_hours else minute
                if wanted.holds((day, start * 60)):
                    yield day, minute, slot
        finally:
            file.close()


def _speed_blocks(files, wanted):
    blocks = b""
    room = wanted.room(SPEED_BLOCK_BYTES)
    for day, minute, slot in _slots(files, wanted, False):
        if not room:
            break
        room -= 1
        blocks += records.time_bcd(day, minute * 60) + slot[memory.SAMPLES_AT : memory.CHECK_AT]
    return blocks


def _position_blocks(files, wanted):
    """One hour a block, a place each minute."""
    blocks = b""
    block = None
    hour = None
    room = wanted.room(POSITION_BLOCK_BYTES)
    for day, minute, slot in _slots(files, wanted, True):
        if (day, minute // MINUTES) != hour:
            if block is not None:
                blocks += block
                block = None
            if not room:
                break
            room -= 1
            hour = (day, minute // MINUTES)
            block = bytearray(records.time_bcd(day, hour[1] * 3600))
            block.extend((records.place_bytes(False, 0, 0, 0) + b"\xff") * MINUTES)
        at = 6 + minute % MINUTES * 11
        block[at : at + 11] = _place_of(slot)
    return blocks + (block or b"")


def _place_of(slot):
    known = slot[memory.LATITUDE_AT] != memory.MISSING
    latitude_udeg = coordinate_at(slot, memory.LATITUDE_AT)
    longitude_udeg = coordinate_at(slot, memory.LONGITUDE_AT)
    height_m = slot[memory.HEIGHT_AT] << 8 | slot[memory.HEIGHT_AT + 1]
    place = records.place_bytes(known, latitude_udeg, longitude_udeg, height_m)
    speeds = []
    for at in range(memory.SAMPLES_AT, memory.CHECK_AT, 2):
        if slot[at] != memory.MISSING:
            speeds.append(slot[at])
    return place + bytes([sum(speeds) // len(speeds) if speeds else memory.MISSING])


def _event_blocks(files, log, wanted):
    size = records.BLOCK_BYTES.get(log)
    if size is None:
        return b""
    time_at = 18 if log == records.OVERTIME else 0  # the licence stands before
    blocks = b""
    room = wanted.room(size)
    block = bytearray(size)
    for newer in (False, True):
        try:
            file = files.open(records.file_name(log, newer), False)
        except OSError:
            continue
        try:
            while room and file.readinto(block) == size:
                if wanted.holds(_time(block, time_at)):
                    blocks += block
                    room -= 1
        finally:
            file.close()
    return blocks
