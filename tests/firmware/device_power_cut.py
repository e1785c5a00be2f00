"""MicroPython only: the power fails in the k-th operation of NOR flash under littlefs and the record log.

Arguments: first k, last k, step, seed. A script of appends and acknowledgements runs until the cut; then the
flash is mounted anew and must hold every record that was durable and not acknowledged, with its bytes, and
no record that never was durable. Prints the number of cuts tried and the operations of a whole run.
"""

import gc
import sys

import vfs

from firmware.board.files import Folder
from firmware.board.unix.nor import NorFlash
from firmware.terminal.record_log import BODY_BYTES_MAX, RecordLog
from firmware.terminal.store import Store

BLOCKS = 40
STEPS = 120
CAPACITY = 60
SEGMENT = 10
MOUNT = "/nor"


class Chance:
    """A small repeatable generator."""

    def __init__(self, seed):
        self._state = seed or 1

    def below(self, limit):
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % limit


def body_of(sequence):
    return b"%06d " % sequence * 5


def use(truth, seed, started):
    """Appends, acknowledges, stores; `truth` notes what was promised. Raises OSError at the cut."""
    files = Folder(MOUNT)
    store = Store(files)
    log = RecordLog(files, CAPACITY, SEGMENT)
    try:
        live(log, store, truth, Chance(seed))
    finally:
        log._close_tail()  # a finaliser would write later, to a flash that is in use again
    assert started or log.held == len(truth["held"])


def live(log, store, truth, chance):
    """The steps of one life."""
    check(log, store, truth)
    for step in range(STEPS):
        what = chance.below(10)
        if what < 6:
            body = body_of(log.next_sequence)
            truth["trying"] = log.next_sequence
            sequence = log.append(body, len(body))
            if not sequence:
                raise OSError(5)
            truth["held"].add(sequence)
            for old in [old for old in truth["held"] if old < log.first]:
                truth["held"].discard(old)  # the full log dropped it, and counted
        elif what < 9:
            sequence = log.next_held(log.first + chance.below(30))
            if sequence:
                truth["held"].discard(sequence)
                truth["acknowledged"].add(sequence)
                log.acknowledge(sequence)
        elif what < 10:
            truth["storing"] = b"value %d" % step
            store.put("auth", truth["storing"])
            truth["stored"] = truth["storing"]
        if step % 7 == 0:
            log.checkpoint()
        if log.failures:
            raise OSError(5)


def check(log, store, truth):
    """What was promised must be there, unharmed; what was never written must not."""
    buffer = bytearray(BODY_BYTES_MAX)
    for sequence in truth["held"]:
        if sequence < log.first <= truth["trying"] - CAPACITY + SEGMENT:
            continue  # a full log dropped a segment just before the cut
        assert log.is_held(sequence), f"lost {sequence} of {log.first}…{log.next_sequence}"
        length = log.read(sequence, buffer)
        assert bytes(buffer[:length]) == body_of(sequence), f"harmed {sequence}"
    sequence = log.next_held(0)
    while sequence:
        known = sequence in truth["held"] or sequence in truth["acknowledged"] or sequence == truth["trying"]
        assert known, f"phantom {sequence}"
        truth["held"].add(sequence)  # an acknowledgement that was not written: it will be sent again
        sequence = log.next_held(sequence + 1)
    truth["held"] = {kept for kept in truth["held"] if kept >= log.first}
    assert store.get("auth") in (truth["stored"], truth["storing"]), "store"


def run(cut_at, seed):
    """One life with a cut and one after it; gives the operations of the first."""
    gc.collect()
    flash = NorFlash(BLOCKS)
    vfs.VfsLfs2.mkfs(flash)
    made = flash.operations
    truth = {"held": set(), "acknowledged": set(), "trying": 0, "stored": b"", "storing": b""}
    flash.cut_at = made + cut_at if cut_at else 0
    vfs.mount(vfs.VfsLfs2(flash), MOUNT)
    try:
        use(truth, seed, True)
    except OSError:
        assert cut_at, "the flash failed by itself"
    vfs.umount(MOUNT)
    operations = flash.operations - made
    vfs.mount(vfs.VfsLfs2(flash.survivor()), MOUNT)
    use(truth, seed + 1, False)
    vfs.umount(MOUNT)
    return operations


first, last, step, seed = [int(argument) for argument in sys.argv[1:5]]
total = run(0, seed)
tried = 0
for k in range(first, min(last, total) + 1, step):
    try:
        run(k, seed)
    except AssertionError as error:
        print("FAIL cut at operation", k, "seed", seed, error)
        raise
    tried += 1
print("cuts", tried, "operations", total, "seed", seed)
