"""Names that are not the program's own: the linker leaves them alone, since others ask for them by name.

And names that MicroPython has in its flash: as short names of the program they cost no heap, and in a
compiled file one or two bytes.
"""

from __future__ import annotations

import builtins
import errno
import gc
import hashlib
import io
import json
import os
import select
import socket
import struct
import sys
import termios
import time
from types import ModuleType

_MODULES: tuple[ModuleType, ...] = (
    builtins, errno, gc, hashlib, io, json, os, select, socket, struct, sys, termios, time,
)  # fmt: skip
_TYPES: tuple[object, ...] = (
    b"", bytearray(), "", (), [], {}, set(), 0, memoryview(b""), OSError(), object, type, dict.items, map,
    range, io.BytesIO, io.FileIO, io.TextIOWrapper, socket.socket, select.poll, hashlib.sha256,
)  # fmt: skip
# What only MicroPython has.
_DEVICE = """
    a2b_base64 b2a_base64 b2a_hex a2b_hex crc32 hexlify unhexlify ioctl readblocks writeblocks ipoll
    ilistdir mount umount VfsLfs1 VfsLfs2 VfsFat VfsPosix VfsRom ticks_ms ticks_us ticks_add ticks_diff
    sleep_ms sleep_us mem_alloc mem_free threshold readline readinto readinto1 recv_into settimeout
    setblocking makefile const RingIO mem_info qstr_info stack_use heap_lock heap_unlock schedule
    kbd_intr opt_level alloc_emergency_exception_buf DecompIO deflate machine UART Pin SPI I2C RTC WDT
    reset reset_cause PPP network WLAN active connect isconnected ifconfig status config any txdone
    sendbreak deinit init feed value irq on off high low freq unique_id idle lightsleep deepsleep
    datetime antirepeat digest update append appendleft popleft extend peek utf8 byteorder bytearray_at
    addressof sizeof
"""
# MicroPython's list of names that every .mpy may speak of by number, as far as they are no statement's word.
# Not among them: what `builtins` and the program's modules of others are called by.
_STATIC = """
    args bytecode clear copy count end endswith find format from_bytes get index insert isalpha isdigit
    islower isspace isupper items join key keys little lower lstrip pop popitem readline remove replace
    rfind rindex rsplit rstrip send sep setdefault sort split start startswith step stop strip throw
    to_bytes upper value values
"""


def foreign_names() -> set[str]:
    """Every attribute that modules and objects of others may have."""
    found = set(_DEVICE.split())
    for thing in (*_MODULES, *_TYPES):
        found |= set(dir(thing))
    return found


def static_names() -> list[str]:
    """Names that cost the program nothing, in an order that is always the same."""
    return _STATIC.split()
