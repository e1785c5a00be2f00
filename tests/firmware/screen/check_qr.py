"""The QR encoder on the device: a known symbol, small slices, nothing allocated. Portable."""

import binascii

from harness import run

from firmware.terminal.qr.codewords import Coder
from firmware.terminal.qr.drawer import Drawer
from firmware.terminal.qr.tables import (
    LEVEL_L,
    LEVEL_M,
    LEVEL_Q,
    VERSION_MAX,
    buffer_bytes,
    data_bytes,
    is_alphanumeric,
    total_bytes,
    version_for,
)

try:
    from micropython import heap_lock, heap_unlock
except ImportError:  # CPython: the same work, with nothing to lock

    def heap_lock():
        """No heap to lock."""

    def heap_unlock():
        """No heap to unlock."""


# What the reference encoder (PyPI qrcode 8.2) makes of the text of check_a_known_symbol, as CRC-32 of
# its packed rows.
# The whole comparison is in test_qr.py; this one runs on the device too.
KNOWN = 0x74C103DF


def drawn(text, version, level, mask=-1):
    buffer = bytearray(buffer_bytes(version, level))
    coder = Coder(buffer, text, version, level, is_alphanumeric(text))
    slices = 1
    while coder.work():
        slices += 1
    drawer = Drawer(buffer, total_bytes(version, level), version, level, mask)
    while drawer.work():
        slices += 1
    return drawer, slices


def check_a_known_symbol():
    drawer, _ = drawn(b"HTTPS://EXAMPLE.ORG/:12", 2, LEVEL_M, 3)
    assert drawer.size == 25 and binascii.crc32(drawer.pack()) == KNOWN, hex(binascii.crc32(drawer.pack()))


def check_nothing_is_allocated_while_it_works():
    for text, version, level in ((b"A1" * 100, 10, LEVEL_M), (b"a1" * 100, 13, LEVEL_Q), (b"7", 1, LEVEL_L)):
        buffer = bytearray(buffer_bytes(version, level))
        coder = Coder(buffer, text, version, level, is_alphanumeric(text))
        drawer = Drawer(buffer, total_bytes(version, level), version, level)
        heap_lock()
        try:
            while coder.work():
                pass
            while drawer.work():
                pass
        finally:
            heap_unlock()
        assert 0 <= drawer.mask <= 7


def check_the_work_comes_in_many_slices():
    _, slices = drawn(b"A1" * 100, 10, LEVEL_M)
    assert slices >= 8 * 57 * 2


def check_what_fits_and_what_does_not():
    assert version_for(b"", LEVEL_M, 1, VERSION_MAX, True) == 1
    for level in (LEVEL_L, LEVEL_M, LEVEL_Q):
        room = data_bytes(VERSION_MAX, level) - 3  # mode and count of byte mode are 20 bits
        assert version_for(bytes(room), level, 1, VERSION_MAX, False) == VERSION_MAX
        assert version_for(bytes(room + 1), level, 1, VERSION_MAX, False) == 0
    assert is_alphanumeric(b"A0 $%*+-./:") and not is_alphanumeric(b"a") and not is_alphanumeric(b"A\n")


run(globals())
