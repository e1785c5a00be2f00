"""Cuts the power in flash operations of an upgrade and its trial; under MicroPython.

    micropython device_switch_cut.py FIRST LAST STEP

One life: slot 1 runs and is confirmed; a package is installed into slot 2, tried, confirmed or rolled back.
Both are folders of littlefs over the NOR model, or slot 2 is a partition of that chip beside littlefs.

After a cut in operation k the chip is mounted anew, and the slot that the
loader chooses must hold the whole firmware that belongs there. Prints the cuts tried and the operations.
"""

import gc
import struct
import sys

import vfs

from firmware.board.files import Folder
from firmware.board.keyed_hash import hmac_sha256
from firmware.board.slots import Slots
from firmware.board.unix.nor import BLOCK_BYTES, NorFlash
from firmware.terminal import boot_record
from firmware.terminal.pages import install, trial, upgrade
from firmware.terminal.store import Store

BLOCKS = 48
PARTITION_BLOCKS = 8
IMAGE = "/image"  # where the partition's file system is looked at
MOUNT = "/nor"
KEY = bytes(32)
PIECE = 400
OLD = {"start.mpy": b"old" * 400, "part0.mpy": b"OLD" * 2900}
NEW = {"start.mpy": b"new" * 500, "part0.mpy": b"NEW" * 4100, "page_x.mpy": b"x"}


class Part:
    """A run of blocks of a chip, as a device of its own."""

    def __init__(self, chip, first, blocks):
        self._chip = chip
        self._first = first
        self._blocks = blocks

    def readblocks(self, block, buffer, offset=0):
        return self._chip.readblocks(self._first + block, buffer, offset)

    def writeblocks(self, block, buffer, offset=0):
        return self._chip.writeblocks(self._first + block, buffer, offset)

    def ioctl(self, operation, argument):
        if operation == 4:
            return self._blocks
        return self._chip.ioctl(operation, self._first + argument)


class Pieces:
    """The door to a partition that is no device: erased and written by operations."""

    def __init__(self, part):
        self._part = part

    def __call__(self, operation, number=0, offset=0, data=None):
        if operation == 1:
            return 3
        if operation == 2:
            return memoryview(self.content())
        if operation == 6:
            return BLOCK_BYTES
        if operation == 3:
            for block in range(offset // BLOCK_BYTES, (offset + data) // BLOCK_BYTES):
                result = self._part.ioctl(6, block)
            return result or 256
        if operation == 4:
            return self._part.writeblocks(offset // BLOCK_BYTES, data, offset % BLOCK_BYTES)
        return 0

    def content(self):
        data = bytearray(PARTITION_BLOCKS * BLOCK_BYTES)
        self._part.readblocks(0, data)
        return data


class Device(Pieces):
    """The door to one that is a device."""

    def __call__(self, operation, number=0, offset=0, data=None):
        if operation == 1:
            return 3
        return self._part


class Nothing:
    """Takes every call."""

    boot_reason = b""

    def __getattr__(self, name):
        return lambda *_: True


class Terminal:
    """What the pages want of one."""

    def __init__(self, slots):
        self.board = self
        self.ota_key = KEY
        self.slots = lambda: slots
        self.settings = self
        self.store = slots.store
        self.edition = 2019
        self.upgrade = None
        self.online = True
        self.session = self
        self.connections = 1
        self.health = self.mail = Nothing()
        self.act_later = lambda *_: True


class Header:
    """Of one package."""

    message_id = 0x8108

    def __init__(self, number, total):
        self.number = number
        self.total = total
        self.serial = number


def package():
    out = b"DYUP1\x04unix\x010" + struct.pack(">H", len(NEW))
    for name in sorted(NEW):
        out += bytes([len(name)]) + name.encode() + struct.pack(">I", len(NEW[name])) + NEW[name]
    return out + hmac_sha256(KEY, out)


def slots_of(door):
    """Slot 1 is a folder and slot 2 what the door says."""
    slots = Slots(MOUNT, b"unix", KEY, Store(Folder(MOUNT)), door)
    image = slots.image
    slots.image = lambda slot, length: image(slot, length) if slot == 2 else None
    slots.door = door
    return slots


def fill(slots):
    """Slot 1 holds the old firmware and is confirmed; slot 2 the remains of an older one."""
    for slot in (1, 2):
        for name, content in OLD.items():
            file = slots.folder(slot).open(name, True)
            file.write(content)
            file.close()
    boot_record.write(slots.store, bytearray((1, boot_record.NO_SLOT, 0, boot_record.NO_NEWS)))


def live(slots, good):
    """Receives, installs, tries, and confirms or not. Raises OSError at the cut."""
    terminal = Terminal(slots)
    content = package()
    body = bytes(1) + b"DYEDG\x010" + struct.pack(">I", len(content)) + content
    total = (len(body) + PIECE - 1) // PIECE
    try:
        for number in range(total, 0, -1):
            piece = body[(number - 1) * PIECE : number * PIECE]
            assert upgrade.handle(terminal, Header(number, total), piece, 0) == 0
        while terminal.upgrade is not None:
            install.work(terminal, 0)
    finally:
        if terminal.upgrade is not None and terminal.upgrade.file is not None:
            terminal.upgrade.file.close()
    tries = 1 if good else boot_record.TRIES + 1
    for _ in range(tries):
        boot_record.choose(slots.store)
    trial.confirm(terminal, slots.store)


def check(slots, good, whole):
    """The loader's choice is a whole firmware; a whole life ends with the right one. Slots: where to look."""
    slot = boot_record.choose(slots.store)
    assert slot in (1, 2), slot
    wanted = OLD if slot == 1 else NEW
    folder = slots.folder(slot)
    if slot == 2 and slots.door is not None:
        vfs.mount(vfs.VfsRom(slots.door.content()), IMAGE)
        folder = Folder(IMAGE)
    assert sorted(folder.names()) == sorted(wanted), folder.names()
    for name in wanted:
        buffer = bytearray(len(wanted[name]) + 1)
        file = folder.open(name, False)
        count = file.readinto(buffer)
        file.close()
        assert bytes(buffer[:count]) == wanted[name], name
    if slot == 2 and slots.door is not None:
        vfs.umount(IMAGE)
    if whole:
        assert slot == (2 if good else 1)


def run(cut_at, good, kind):
    """One life with a cut, and the start after it; gives the operations of the life. kind: of the door."""
    gc.collect()
    flash = NorFlash(BLOCKS + PARTITION_BLOCKS)
    flash._data[BLOCKS * BLOCK_BYTES :] = bytes(PARTITION_BLOCKS * BLOCK_BYTES)  # what was there must go
    device, door = parts_of(flash, kind)
    vfs.VfsLfs2.mkfs(device)
    vfs.mount(vfs.VfsLfs2(device), MOUNT)
    fill(slots_of(door))
    made = flash.operations
    flash.cut_at = made + cut_at if cut_at else 0
    whole = not cut_at
    try:
        live(slots_of(door), good)
        whole = True
    except OSError:
        assert cut_at, "the flash failed by itself"
    vfs.umount(MOUNT)
    operations = flash.operations - made
    device, door = parts_of(flash.survivor(), kind)
    vfs.mount(vfs.VfsLfs2(device), MOUNT)
    check(slots_of(door), good, not cut_at or (whole and operations < cut_at))
    vfs.umount(MOUNT)
    return operations


def parts_of(flash, kind):
    """(what littlefs has, the door to the partition behind it or None)."""
    part = Part(flash, BLOCKS, PARTITION_BLOCKS)
    return Part(flash, 0, BLOCKS), kind(part) if kind else None


first, last, step = [int(argument) for argument in sys.argv[1:4]]
tried = 0
for kind in (None, Pieces, Device):
    for good in (True, False):
        total = run(0, good, kind)
        for k in range(first, min(last, total) + 1, step):
            try:
                run(k, good, kind)
            except AssertionError as error:
                print("FAIL cut at operation", k, "good", good, kind, error)
                raise
            tried += 1
        print("operations", total)
print("cuts", tried)
