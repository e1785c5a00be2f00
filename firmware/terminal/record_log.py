"""Reports on flash until they are acknowledged: append-only segments of fixed slots, safe against power cuts.

A record is durable when `append` returns. Acknowledgements are kept in RAM, one bit a record, and written
now and then as one small file; a segment without a held record is removed. After a cut the tail that did not
check out is taken for never written, and acknowledgements not yet written cost a resend, never a loss.
What flash lost of its own accord is given up one by one and counted; no sequence is given twice for it.
RAM does not grow with the backlog. Knows nothing of what the records mean.
"""

import binascii
import struct

from . import pages

SLOT_BYTES = 96  # 42 of them fill one 4 KiB block of NOR flash
BODY_BYTES_MAX = SLOT_BYTES - 9  # sequence 4, length 1, body, CRC-32 4
SEGMENT_RECORDS = 42
SEGMENTS_MIN = 2  # the newest one keeps the count while the oldest is dropped
CAPACITY_RECORDS = 10000  # unverified: what JT/T 794 asks for, commonly quoted
CHECKPOINT_EVERY = 32  # acknowledgements between two writings of their file
ACKNOWLEDGEMENTS = "acked"
HEAD_BYTES = 12  # CRC-32, first sequence, count of bits


class RecordLog:
    """Sequences count from 1 for the life of the flash, without gaps.

    first, next_sequence: the records first…next_sequence-1 are on flash. held: those not yet acknowledged.
    Counters since the start: dropped (held records overwritten because the log was full), damaged (records
    that no longer check out), failures (writes that the flash refused), written (bytes).
    """

    __slots__ = (
        "_tail",
        "_tail_number",
        "_unwritten",
        "acked_bits",
        "capacity",
        "damaged",
        "dropped",
        "failures",
        "files",
        "first",
        "held",
        "next_sequence",
        "segment_records",
        "slot",
        "written",
    )

    def __init__(self, files, capacity=CAPACITY_RECORDS, segment_records=SEGMENT_RECORDS):
        """`files`: the port described in ram_files. `capacity`: records, rounded up to whole segments.

        Reads what is there; raises OSError when the flash cannot be read at all.
        """
        self.files = files
        self.segment_records = segment_records
        segments = max(SEGMENTS_MIN, (capacity + segment_records - 1) // segment_records)
        self.capacity = segments * segment_records
        self.acked_bits = bytearray((self.capacity + segment_records + 7) // 8)  # a ring of bits
        self.slot = bytearray(SLOT_BYTES)
        self._tail = None
        self._tail_number = -1
        self._unwritten = 0
        self.damaged = self.dropped = self.failures = self.written = 0
        self.held = 0
        self.first = self.next_sequence = 1
        pages.use("recovery").recover(self)

    def append(self, body, length):
        """Writes body[:length] and gives its sequence, 0 when the flash refused it (counted in failures).

        Durable when it returns. Allocates nothing but at the change of a segment. A longer body than
        BODY_BYTES_MAX raises ValueError.
        """
        if not 0 < length <= BODY_BYTES_MAX:
            raise ValueError("record of %d bytes" % length)
        sequence = self.next_sequence
        self._fill_slot(sequence, body, length)
        try:
            if sequence // self.segment_records != self._tail_number:
                self._begin_segment(sequence // self.segment_records)
            self._tail.seek(sequence % self.segment_records * SLOT_BYTES)
            self._tail.write(self.slot)
            self._tail.flush()
            self.written += SLOT_BYTES
        except OSError:
            self.failures += 1
            self._close_tail()
            return 0
        self.mark(sequence, False)
        self.next_sequence = sequence + 1
        self.held += 1
        return sequence

    def read(self, sequence, buffer):
        """Copies the body of a record into `buffer` and gives its length; 0 when it is gone or damaged."""
        if not self.first <= sequence < self.next_sequence:
            return 0
        try:
            file = self.files.open(self.segment_name(sequence // self.segment_records), False)
        except OSError:
            return 0
        try:
            length = self.read_slot(file, sequence)
        finally:
            file.close()
        for at in range(length):
            buffer[at] = self.slot[at + 5]
        return length

    def is_held(self, sequence):
        """Whether the record is here and not acknowledged."""
        return self.first <= sequence < self.next_sequence and not self.is_acked(sequence)

    def next_held(self, sequence):
        """The first held record from `sequence` on, 0 when there is none."""
        sequence = max(sequence, self.first)
        size = len(self.acked_bits) * 8
        while sequence < self.next_sequence:
            bit = sequence % size
            if not bit & 7 and self.acked_bits[bit >> 3] == 0xFF:
                sequence += 8
            elif self.is_acked(sequence):
                sequence += 1
            else:
                return sequence
        return 0

    def acknowledge(self, sequence):
        """The record may be forgotten. True when it was held. Written to flash with others later."""
        if not self.is_held(sequence):
            return False
        self.mark(sequence, True)
        self.held -= 1
        self._unwritten += 1
        if self._unwritten >= CHECKPOINT_EVERY:
            self.checkpoint()
        return True

    def discard_damaged(self, sequence):
        """Gives up a record that `read` could not give; counted."""
        if self.acknowledge(sequence):
            self.damaged += 1

    def checkpoint(self):
        """Removes segments that hold nothing any more and writes the other acknowledgements.

        A flash that refuses is counted; the acknowledgements then stay in RAM.
        """
        if not self._unwritten:
            return
        try:
            self._remove_finished()
            self._write_acknowledgements()
            self._unwritten = 0
        except OSError:
            self.failures += 1

    def close(self):
        """Checkpoint and close; for an orderly end of the program."""
        self.checkpoint()
        self._close_tail()

    def _fill_slot(self, sequence, body, length):
        slot = self.slot
        slot[0] = sequence >> 24 & 0xFF
        slot[1] = sequence >> 16 & 0xFF
        slot[2] = sequence >> 8 & 0xFF
        slot[3] = sequence & 0xFF
        slot[4] = length
        for at in range(length):
            slot[5 + at] = body[at]
        for at in range(5 + length, SLOT_BYTES - 4):
            slot[at] = 0
        struct.pack_into(">I", slot, SLOT_BYTES - 4, 0)
        struct.pack_into(">I", slot, SLOT_BYTES - 4, binascii.crc32(slot))

    def read_slot(self, file, sequence):
        """Fills the slot; the length of the body in it, 0 when it is not that record or is damaged."""
        slot = self.slot
        try:
            file.seek(sequence % self.segment_records * SLOT_BYTES)
            if file.readinto(slot) != SLOT_BYTES:
                return 0
        except OSError:  # one bad block must not keep the terminal from starting, again and again
            return 0
        check = struct.unpack_from(">I", slot, SLOT_BYTES - 4)[0]
        struct.pack_into(">I", slot, SLOT_BYTES - 4, 0)
        written = slot[0] << 24 | slot[1] << 16 | slot[2] << 8 | slot[3]
        if written != sequence or binascii.crc32(slot) != check or not 0 < slot[4] <= BODY_BYTES_MAX:
            return 0
        return slot[4]

    def _begin_segment(self, number):
        """Opens the segment for writing; makes room first when the log is full."""
        self._close_tail()
        while self.next_sequence - self.first >= self.capacity:
            self._drop_oldest()
        self._tail = self.files.open(self.segment_name(number), True)
        self._tail_number = number

    def _close_tail(self):
        if self._tail is not None:
            tail, self._tail = self._tail, None
            self._tail_number = -1
            try:
                tail.close()
            except OSError:
                self.failures += 1

    def _drop_oldest(self):
        start = self.first
        self.remove_segment()
        for sequence in range(start, self.first):
            if not self.is_acked(sequence):
                self.dropped += 1
                self.held -= 1

    def _remove_finished(self):
        """Removes whole segments from the oldest on, never the newest: it keeps the count of sequences."""
        newest = (self.next_sequence - 1) // self.segment_records
        while self.first // self.segment_records < newest:
            end = (self.first // self.segment_records + 1) * self.segment_records
            held = self.next_held(self.first)
            if held and held < end:
                return
            self.remove_segment()

    def remove_segment(self):
        number = self.first // self.segment_records
        self._forget(self.segment_name(number))
        self.first = (number + 1) * self.segment_records

    def _write_acknowledgements(self):
        bits = self.next_sequence - self.first
        data = bytearray(HEAD_BYTES + (bits + 7) // 8)
        struct.pack_into(">II", data, 4, self.first, bits)
        for index in range(bits):
            if self.is_acked(self.first + index):
                data[HEAD_BYTES + index // 8] |= 1 << index % 8
        struct.pack_into(">I", data, 0, binascii.crc32(memoryview(data)[4:]))
        beside = ACKNOWLEDGEMENTS + ".new"
        self._forget(beside)
        file = self.files.open(beside, True)
        try:
            file.write(data)
            file.flush()
            self.written += len(data)
        finally:
            file.close()
        self.files.rename(beside, ACKNOWLEDGEMENTS)

    def _forget(self, name):
        try:
            self.files.remove(name)
        except OSError as absent:
            if absent.errno != 2:
                raise

    def is_acked(self, sequence):
        bit = sequence % (len(self.acked_bits) * 8)
        return self.acked_bits[bit >> 3] >> (bit & 7) & 1

    def mark(self, sequence, acked):
        bit = sequence % (len(self.acked_bits) * 8)
        if acked:
            self.acked_bits[bit >> 3] |= 1 << (bit & 7)
        else:
            self.acked_bits[bit >> 3] &= ~(1 << (bit & 7)) & 0xFF

    def segment_name(self, number):
        return "%08x.seg" % number
