"""Firmware over the air: 0x8108, its packages written to flash as they come, in any order.

A package is written behind those before it; `places` knows which one lies where. Who is cut off goes on where
it was when the platform sends again: packages that are there are compared, and one that differs begins the
file anew. After a power cut the file begins anew. When all are there, the page `install` works on.
"""

import struct

from protocols.wire.bodies import decode_layout, layout_of
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.pages.control import BODIES
from protocols.wire.tables import DWORD, KIND_REST, RESULT_FAILED, RESULT_OK, RESULT_UNSUPPORTED

from ..transfer import ASK_MS, FILE, INSTALLING, RECEIVING, REFUSED, Transfer, drop

PIECES_MAX = 1024
BYTES_MAX = 262144
TERMINAL_ITSELF = 0  # what is upgraded: readers and modules have firmware of their own
FLUSH_EVERY = 8  # packages; a power cut loses all of them anyway


def handle(terminal, header, body, now_ms):
    """One package. Gives the result for 0x0001."""
    layout = layout_of(BODIES, header.message_id, terminal.settings.edition)
    if layout is None or not getattr(terminal.board, "ota_key", ""):
        return RESULT_UNSUPPORTED
    total = header.total or 1
    number = header.number or 1
    if not 1 <= number <= total <= PIECES_MAX or not body:
        raise RemoteProtocolError("package %d of %d" % (number, total), header.message_id, "number")
    first_serial = (header.serial - number + 1) & 0xFFFF
    transfer = terminal.upgrade
    if transfer is not None and transfer.phase == INSTALLING:
        return RESULT_OK if transfer.total == total else RESULT_FAILED
    if transfer is not None and transfer.phase == REFUSED and transfer.first_serial == first_serial:
        return RESULT_UNSUPPORTED
    if transfer is None or _differs(transfer, number, total, body):
        transfer = _begin(terminal, total, now_ms)
    transfer.first_serial = first_serial
    transfer.line = terminal.session.connections
    transfer.touched_ms = now_ms
    transfer.due_ms = now_ms + ASK_MS
    transfer.asked = 0
    if number == 1 and not _is_for_us(transfer, layout, body):
        return _refuse(terminal, transfer)
    _take(transfer, number, body)
    if transfer.stored == total:
        transfer.file.flush()
        transfer.page = "install"
        transfer.phase = INSTALLING
        transfer.due_ms = now_ms
    return RESULT_OK


def _begin(terminal, total, now_ms):
    """A file that is empty, and nothing known."""
    drop(terminal)
    transfer = Transfer()
    transfer.page = "upgrade_wait"
    transfer.phase = RECEIVING
    transfer.total = total
    transfer.places = bytearray(2 * total)
    transfer.stored = transfer.size = transfer.head_bytes = transfer.last_bytes = 0
    transfer.last = None
    transfer.began_ms = now_ms
    transfer.file = terminal.settings.store.files.open(FILE, True)
    terminal.upgrade = transfer
    return transfer


def _differs(transfer, number, total, body):
    """Whether this package is of another file than those that are here."""
    if transfer.phase == REFUSED or transfer.total != total:
        return True
    if number < total and transfer.size and len(body) != transfer.size:
        return True
    if number == total and transfer.last is not None:
        return bytes(body) != transfer.last
    place = struct.unpack_from(">H", transfer.places, 2 * number - 2)[0]
    if not place:
        return False
    known = bytearray(len(body))
    transfer.file.seek((place - 1) * transfer.size)
    count = transfer.file.readinto(known)
    length = transfer.last_bytes if number == total else transfer.size
    return length != len(body) or count != length or known != body


def _is_for_us(transfer, layout, body):
    """Reads what stands before the file: whose firmware it is and how long."""
    head = decode_layout(layout[:-2] + ("size", DWORD, "rest", KIND_REST), body)
    transfer.head_bytes = len(body) - len(head["rest"])
    transfer.package_bytes = head["size"]
    return head["upgraded"] == TERMINAL_ITSELF and head["size"] <= BYTES_MAX


def _refuse(terminal, transfer):
    """Remembered, so that the packages that follow are refused like the first."""
    drop(terminal)
    transfer.phase = REFUSED
    transfer.file = None
    terminal.upgrade = transfer
    return RESULT_UNSUPPORTED


def _take(transfer, number, body):
    """Writes a package that is not here yet. The last one waits until the size of the others is known."""
    if number == transfer.total:
        if not transfer.size and transfer.total > 1:
            transfer.last = bytes(body)
            return
        if transfer.size and len(body) > transfer.size:
            raise RemoteProtocolError("last package longer than the others", -1, "package")
        transfer.last_bytes = len(body)
        transfer.size = transfer.size or len(body)
    else:
        transfer.size = len(body)
    _write(transfer, number, body)
    if transfer.last is not None:
        last = transfer.last
        transfer.last = None
        _take(transfer, transfer.total, last)


def _write(transfer, number, body):
    at = 2 * number - 2
    if struct.unpack_from(">H", transfer.places, at)[0]:
        return
    transfer.file.seek(transfer.stored * transfer.size)
    transfer.file.write(body)
    transfer.stored += 1
    struct.pack_into(">H", transfer.places, at, transfer.stored)
    if transfer.stored % FLUSH_EVERY == 0:
        transfer.file.flush()
