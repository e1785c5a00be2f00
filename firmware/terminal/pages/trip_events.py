"""What the driving recorder notes of single events (GB/T 19056, logs 10 to 14), as it will hand them out.

Each log is two files, the older half and the newer; when the newer is full it becomes the older, so the last
half of its events is always there. Blocks are written in the form of the answer; an event costs one write.
"""

import struct

from ..vehicle import trip as memory
from ..vehicle import vehicle as resident
from ..vehicle.blocks import (
    ACCIDENTS,
    BLOCK_BYTES,
    DRIVERS,
    OVERTIME,
    PARAMETERS,
    POWER,
    file_name,
    licence,
    place_bytes,
    time_bcd,
)

HALF = {ACCIDENTS: 50, OVERTIME: 50, DRIVERS: 100, POWER: 50, PARAMETERS: 50}  # blocks of one file
SAMPLES = 100  # of an accident, every 0.2 s; a receiver gives one a second, which stands for five
SAMPLES_PER_S = 5


def record(vehicle, jobs):
    """Notes what the resident part has found since the last time (its jobs)."""
    if jobs & (resident.STOPPED | resident.STRUCK | resident.POWER_OFF):
        append(vehicle.files, ACCIDENTS, accident_block(vehicle))
    if jobs & resident.RESTED:
        append(vehicle.files, OVERTIME, _overtime_block(vehicle))
        vehicle.spell_day = -1
    for job, event in ((resident.POWER_ON, 1), (resident.POWER_OFF, 2)):
        if jobs & job:
            append(vehicle.files, POWER, time_bcd(vehicle.day, vehicle.second) + bytes([event]))


def log_driver(vehicle, event):
    """The driver who is in the store has signed on (1) or off (2)."""
    block = time_bcd(vehicle.day, vehicle.second) + licence(vehicle) + bytes([event])
    append(vehicle.files, DRIVERS, block)


def log_parameter(vehicle, command):
    """The command of 0x8701 has changed something."""
    append(vehicle.files, PARAMETERS, time_bcd(vehicle.day, vehicle.second) + bytes([command]))


def append(files, log, block):
    """Durable when it returns. Raises OSError."""
    if files is None:
        return
    name = file_name(log, True)
    size = BLOCK_BYTES[log]
    count = _blocks_in(files, name, size)
    if count >= HALF[log]:
        files.rename(name, file_name(log, False))
        count = 0
    file = files.open(name, True)
    try:
        file.seek(count * size)
        file.write(block)
        file.flush()
    finally:
        file.close()


def accident_block(vehicle):
    """The last twenty seconds, the newest first."""
    samples = bytearray()
    trip = vehicle.trip
    minute = vehicle.second // 60
    for back in range(SAMPLES // SAMPLES_PER_S):
        second = vehicle.second - back
        slot = trip.minute if second // 60 == minute else trip.before
        pair = b"\xff\xff"
        if _is_of(slot, vehicle.day, second):
            at = memory.SAMPLES_AT + second % 60 * 2
            pair = bytes(slot[at : at + 2])
        samples += pair * SAMPLES_PER_S
    place = place_bytes(vehicle.place, vehicle.latitude_udeg, vehicle.longitude_udeg, vehicle.altitude_m)
    return time_bcd(vehicle.day, vehicle.second) + licence(vehicle) + bytes(samples) + place


def _is_of(slot, day, second):
    """Whether the slot holds this second; `second` may be below 0: of the day before."""
    if second < 0:
        day -= 1
        second += 86400
    stamp = struct.pack(">HH", day, second // 60)
    return bytes(slot[memory.DAY_AT : memory.LATITUDE_AT]) == stamp


def _overtime_block(vehicle):
    known = vehicle.spell_day >= 0
    start = time_bcd(vehicle.spell_day, vehicle.spell_second) if known else bytes(6)
    day, second = vehicle.driving.last_driven()
    return (
        licence(vehicle)
        + start
        + time_bcd(day, second)
        + place_bytes(known, vehicle.spell_latitude_udeg, vehicle.spell_longitude_udeg, 0)
        + place_bytes(vehicle.place, vehicle.latitude_udeg, vehicle.longitude_udeg, vehicle.altitude_m)
    )


def _blocks_in(files, name, size):
    try:
        file = files.open(name, False)
    except OSError:
        return 0
    chunk = bytearray(size)
    count = 0
    try:
        while file.readinto(chunk) == size:
            count += 1
    finally:
        file.close()
    return count
