"""MicroPython only: the real sizes. 10,000 positions and more on NOR flash of 2 MiB, the oldest overwritten.

Prints what is held, what was dropped and counted, and what the start after it finds.
"""

import gc

import vfs

from firmware.board.files import Folder
from firmware.board.unix.flash import BLOCKS
from firmware.board.unix.nor import NorFlash
from firmware.terminal.record_log import BODY_BYTES_MAX, CAPACITY_RECORDS, RecordLog

MOUNT = "/nor"
REPORTS = CAPACITY_RECORDS + 700
BODY_BYTES = 60  # of a report with its usual items


def body_of(sequence):
    return (b"%06d " % sequence * 9)[:BODY_BYTES]


def check(log, made):
    """The youngest are there, every one of them whole; the oldest are gone, and none in between."""
    assert log.next_sequence == made + 1 and log.held == made + 1 - log.first
    assert log.held >= CAPACITY_RECORDS, log.held
    buffer = bytearray(BODY_BYTES_MAX)
    wanted = log.first
    sequence = log.next_held(0)
    while sequence:
        assert sequence == wanted, (sequence, wanted)
        assert bytes(buffer[: log.read(sequence, buffer)]) == body_of(sequence), sequence
        wanted += 1
        sequence = log.next_held(sequence + 1)
    assert wanted == made + 1


flash = NorFlash(BLOCKS)
vfs.VfsLfs2.mkfs(flash)
vfs.mount(vfs.VfsLfs2(flash), MOUNT)
log = RecordLog(Folder(MOUNT))
for number in range(1, REPORTS + 1):
    assert log.append(body_of(number), BODY_BYTES) == number, f"the flash refused {number}"
    assert log.held + log.dropped == number, "a report is neither held nor counted"
check(log, REPORTS)
print("held", log.held, "dropped", log.dropped, "first", log.first)
log._close_tail()
vfs.umount(MOUNT)
gc.collect()
vfs.mount(vfs.VfsLfs2(flash.survivor()), MOUNT)
again = RecordLog(Folder(MOUNT))
check(again, REPORTS)
print("after the start", again.held)
for sequence in range(again.first, again.next_sequence):
    again.acknowledge(sequence)
again.checkpoint()
assert again.held == 0 and not again.failures and not again.damaged
print("acknowledged, none held")
