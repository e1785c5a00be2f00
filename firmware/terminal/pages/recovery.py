"""The record log after a start: what is on flash, what was acknowledged, what a cut left half."""

import binascii
import struct

from ..record_log import ACKNOWLEDGEMENTS, HEAD_BYTES


def recover(log):
    """Finds the records of before the start: sets first, next_sequence, held and the acknowledgements."""
    numbers = sorted([number for number in map(_number_of, log.files.names()) if number >= 0])
    data = _stored_acknowledgements(log)
    _, first, bits = struct.unpack_from(">III", data, 0)
    if numbers:
        log.first = max(1, numbers[0] * log.segment_records)
        log.next_sequence = _end_of_tail(log, numbers[-1])
    else:
        log.first = first
    # Records that were there and are not any more are held and damaged, and their numbers used up.
    log.next_sequence = max(log.next_sequence, first + bits)
    while log.next_sequence - log.first >= log.capacity + log.segment_records:
        before = log.first  # only when the capacity was made smaller; held or not is not known yet
        log.remove_segment()
        log.dropped += log.first - before
    for sequence in range(max(first, log.first), first + bits):
        index = sequence - first
        if data[HEAD_BYTES + index // 8] >> index % 8 & 1:
            log.mark(sequence, True)
    for sequence in range(log.first, log.next_sequence):
        if not log.is_acked(sequence):
            log.held += 1


def _end_of_tail(log, number):
    """The sequence after the last record of the newest segment that checks out."""
    start = max(1, number * log.segment_records)
    file = log.files.open(log.segment_name(number), False)
    sequence = (number + 1) * log.segment_records
    while sequence > start and not log.read_slot(file, sequence - 1):
        sequence -= 1
    file.close()
    return sequence


def _stored_acknowledgements(log):
    """The file of acknowledgements: head, then bits; none of them when it is absent or damaged."""
    data = bytearray(HEAD_BYTES + len(log.acked_bits))
    try:
        file = log.files.open(ACKNOWLEDGEMENTS, False)
        count = file.readinto(data)
        file.close()
    except OSError:
        count = 0
    size = HEAD_BYTES + (struct.unpack_from(">I", data, 8)[0] + 7) // 8
    if size > count or binascii.crc32(memoryview(data)[4:size]) != struct.unpack_from(">I", data, 0)[0]:
        struct.pack_into(">II", data, 4, 1, 0)
    return data


def _number_of(name):
    """The number of the segment of that file name, -1 when it is none."""
    if len(name) != 12 or not name.endswith(".seg"):
        return -1
    try:
        return int(name[:8], 16)
    except ValueError:
        return -1
