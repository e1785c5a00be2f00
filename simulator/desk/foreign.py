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
    addressof sizeof ADC Timer WDT atten read_uv read_u16 disconnect poll ONE_SHOT period callback mode
"""
# MicroPython's list of names that every .mpy may speak of by number: of the first a byte, of the others two.
_STATIC = """
    ArithmeticError AssertionError AttributeError BaseException EOFError Ellipsis Exception GeneratorExit
    ImportError IndentationError IndexError KeyError KeyboardInterrupt LookupError MemoryError NameError
    NoneType NotImplementedError OSError OverflowError RuntimeError StopIteration SyntaxError SystemExit
    TypeError ValueError ZeroDivisionError abs all any append args bool builtins bytearray bytecode bytes
    callable chr classmethod clear close const copy count dict dir divmod end endswith eval exec extend find
    format from_bytes get getattr globals hasattr hash id index insert int isalpha isdigit isinstance
    islower isspace issubclass isupper items iter join key keys len list little locals lower lstrip main
    map micropython next object open ord pop popitem pow print range read readinto readline remove replace
    repr reverse rfind rindex round rsplit rstrip send sep set setattr setdefault sort sorted split start
    startswith staticmethod step stop str strip sum throw to_bytes tuple type update upper value
    values write zip
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
