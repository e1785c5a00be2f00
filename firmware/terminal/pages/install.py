"""The firmware that has come: its signature checked over all of it, then unpacked into the spare slot.

A slot is a folder, or a partition of memory-mapped flash: that gets a read-only file system (ROMFS), out of
which the program runs where it lies. In slices, so that nobody waits: 4 KiB are checked, or one file is
unpacked, in a turn of the loop. Nothing of
the package is believed before the signature was right, and what was unpacked was hashed once more on the
way; only then the boot record names the new slot. The format is described in docs/upgrade.md.
"""

import struct

from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages.control import BODIES
from protocols.wire.pages.ids import MSG_UPGRADE_RESULT

from .. import actions, boot_record
from ..transfer import TERMINAL_ITSELF, drop

MAGIC = b"DYUP1"
SIGNATURE_BYTES = 32
FILES_MAX = 128
FILE_BYTES_MAX = 32768
SLICE_BYTES = 4096
READ_BYTES = 512
SUFFIXES = (".mpy", ".bin")  # of compiled modules, of data
SUFFIX_BYTES = 4
NEXT_MS = 20  # between two slices
# Of ROMFS: an image is a magic, a length, and records of kind, length, content.
IMAGE_MAGIC = b"\xd2\xcd\x31"
IMAGE_HEAD_BYTES = 6
RECORD_FILE = 5
RECORD_DATA = 2
RECORD_BYTES_MORE = 4  # of a file in an image than in a package; every length has three bytes


class _PackageError(Exception):
    """What is wrong with the package, as bytes."""


def work(terminal, now_ms):
    """One slice; called at `due_ms`."""
    transfer = terminal.upgrade
    transfer.due_ms = now_ms + NEXT_MS
    try:
        if not hasattr(transfer, "hash"):
            _open(terminal, transfer)
        elif transfer.files_left < 0:
            _check_some(transfer)
        elif transfer.files_left:
            _unpack_one(transfer.slots, transfer)
        else:
            _switch(terminal, transfer, now_ms)
    except _PackageError as error:
        _fail(terminal, b"upgrade: " + error.args[0], now_ms)
    except OSError:
        _fail(terminal, b"upgrade: flash", now_ms)


def _open(terminal, transfer):
    """The length must be what the message said."""
    transfer.end = (transfer.total - 1) * transfer.size + transfer.last_bytes
    if transfer.end - transfer.head_bytes != transfer.package_bytes:
        raise _PackageError(b"length")
    if transfer.package_bytes < len(MAGIC) + SIGNATURE_BYTES:
        raise _PackageError(b"too short")
    transfer.files_left = -1
    transfer.slots = terminal.board.slots()
    _rewind(transfer.slots, transfer)


def _rewind(slots, transfer):
    transfer.at = transfer.head_bytes
    transfer.hash = slots.keyed_hash()


def _check_some(transfer):
    """First time through: the signature, and nothing else."""
    stop = transfer.end - SIGNATURE_BYTES
    count = min(SLICE_BYTES, stop - transfer.at)
    while count > 0:
        count -= len(_read(transfer, min(READ_BYTES, count)))
    if transfer.at == stop:
        _check_signature(transfer)
        _rewind(transfer.slots, transfer)
        _read_head(transfer.slots, transfer)
        _clear_slot(transfer.slots, transfer)


def _read_head(slots, transfer):
    """Magic, board, version, count of files."""
    if _read(transfer, len(MAGIC)) != MAGIC:
        raise _PackageError(b"not a package")
    if _counted(transfer) != slots.board:
        raise _PackageError(b"for another board")
    _counted(transfer)  # the version, for people
    transfer.files_left = struct.unpack(">H", _read(transfer, 2))[0]
    if not 0 < transfer.files_left <= FILES_MAX:
        raise _PackageError(b"count of files")


def _clear_slot(slots, transfer):
    """The spare slot without what was in it. A slot on trial is not spare: it is confirmed first."""
    record = boot_record.read(slots.store)
    if record[boot_record.TRIAL] != boot_record.NO_SLOT:
        raise _PackageError(b"another one is on trial")
    transfer.slot = boot_record.spare(record)
    content = transfer.end - SIGNATURE_BYTES - transfer.at + transfer.files_left * RECORD_BYTES_MORE
    transfer.image = slots.image(transfer.slot, IMAGE_HEAD_BYTES + content)
    if transfer.image is not None:
        transfer.image.write(IMAGE_MAGIC + _length(content))
        return
    folder = slots.folder(transfer.slot)
    for name in list(folder.names()):
        folder.remove(name)


def _unpack_one(slots, transfer):
    """The next file; read and written piece by piece."""
    name = _counted(transfer).decode()
    stem = name[:-SUFFIX_BYTES]
    plain = (
        stem
        and len(name) <= 32
        and not [c for c in stem if not ("a" <= c <= "z" or "0" <= c <= "9" or c == "_")]
    )
    if not plain or name[-SUFFIX_BYTES:] not in SUFFIXES:
        raise _PackageError(b"name of a file")
    left = struct.unpack(">I", _read(transfer, 4))[0]
    if left > FILE_BYTES_MAX:
        raise _PackageError(b"size of a file")
    if transfer.image is not None:
        head = bytes([len(name)]) + name.encode()
        tail = bytes([RECORD_DATA]) + _length(left)
        transfer.image.write(bytes([RECORD_FILE]) + _length(len(head) + len(tail) + left) + head + tail)
        _copy(transfer, left, transfer.image)
    else:
        file = slots.folder(transfer.slot).open(name, True)
        try:
            _copy(transfer, left, file)
            file.flush()
        finally:
            file.close()
    transfer.files_left -= 1


def _copy(transfer, left, file):
    while left:
        data = _read(transfer, min(READ_BYTES, left))
        file.write(data)
        left -= len(data)


def _length(count):
    """A number of ROMFS: seven bits a byte, highest first; zeros before it count for nothing."""
    return bytes((0x80 | count >> 14, 0x80 | count >> 7 & 0x7F, count & 0x7F))


def _switch(terminal, transfer, now_ms):
    """All is there: the next start tries the new slot."""
    if transfer.at != transfer.end - SIGNATURE_BYTES:
        raise _PackageError(b"bytes behind the files")
    _check_signature(transfer)
    if transfer.image is not None:
        transfer.image.finish()
    store = transfer.slots.store
    record = boot_record.read(store)
    record[boot_record.TRIAL] = transfer.slot
    record[boot_record.TRIES_LEFT] = boot_record.TRIES
    record[boot_record.NEWS] = boot_record.NO_NEWS
    boot_record.write(store, record)
    drop(terminal)
    terminal.act_later(actions.RESET, 0, now_ms)


def _check_signature(transfer):
    """In the same time wherever they differ."""
    own = transfer.hash.digest()
    given = _read_at(transfer, transfer.end - SIGNATURE_BYTES, SIGNATURE_BYTES)
    differing = 0
    for index in range(SIGNATURE_BYTES):
        differing |= own[index] ^ given[index]
    if differing:
        raise _PackageError(b"signature")


def _fail(terminal, note, now_ms):
    terminal.health.note(note, now_ms)
    drop(terminal)
    layout = layout_of(BODIES, MSG_UPGRADE_RESULT, terminal.settings.edition)
    values = {"upgraded": TERMINAL_ITSELF, "result": boot_record.NEWS_FAILED}
    terminal.mail.post(MSG_UPGRADE_RESULT, encode_layout(layout, values))


def _counted(transfer):
    return _read(transfer, _read(transfer, 1)[0])


def _read(transfer, count):
    """The next bytes of the package, hashed."""
    if transfer.at + count > transfer.end - SIGNATURE_BYTES:
        raise _PackageError(b"cut short")
    data = _read_at(transfer, transfer.at, count)
    transfer.at += count
    transfer.hash.update(data)
    return data


def _read_at(transfer, at, count):
    """Bytes of the stream of packages, each of them wherever it lies in the file."""
    data = bytearray(count)
    done = 0
    while done < count:
        number = (at + done) // transfer.size
        within = (at + done) % transfer.size
        part = min(count - done, transfer.size - within)
        place = struct.unpack_from(">H", transfer.places, 2 * number)[0] - 1
        transfer.file.seek(place * transfer.size + within)
        if transfer.file.readinto(memoryview(data)[done : done + part]) != part:
            raise _PackageError(b"flash lost bytes")
        done += part
    return bytes(data)
