"""MicroPython only: from the sentence to the frame, the flash record included, nothing is allocated.

Argument: a path for the flash image. Prints the time from sentence to frame in microseconds.
"""

import gc
import sys
import time

import micropython
from platform_script import Road, sentence

from firmware.board.files import Folder
from firmware.board.unix.flash import mount
from firmware.terminal import pages
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.store import Store

ROUNDS = 40


def sentences(second):
    clock = f"{second // 3600:02}{second // 60 % 60:02}{second % 60:02}.00"
    place = f"25{second % 60:02}.123456,N,10243.654321,E"
    rmc = sentence(f"GNRMC,{clock},A,{place},30.0,{second % 360}.5,020326,,,A")
    return sentence(f"GNGGA,{clock},{place},1,12,0.8,1891.5,M,-30.0,M,,") + rmc


def measure(files, senses):
    """Feeds ROUNDS epochs with the heap locked; gives microseconds an epoch. senses: with the vehicle."""
    road = Road(files, Store(RamFiles()), window=16, distance_m=100, turn_deg=15)
    terminal = road.terminal
    if senses:
        pages.keep("senses").attach(terminal, lambda: 0)
    road.pass_ms(300)
    assert terminal.state == "online"
    terminal.on_report = None
    first = 2000 if senses else 1000  # a second is used once
    streams = [sentences(first + number) for number in range(ROUNDS)]
    sizes = [len(stream) for stream in streams]
    spent_us = 0
    for number in range(ROUNDS):
        stream, size = streams[number], sizes[number]
        if terminal.log.next_sequence % 10 == 0 or number < 2:  # a new segment opens a file, every 42 reports
            terminal.feed_gnss(stream, size, road.now_ms)
        else:
            began = time.ticks_us()
            micropython.heap_lock()
            try:
                terminal.feed_gnss(stream, size, road.now_ms)
            finally:
                micropython.heap_unlock()
            spent_us += time.ticks_us() - began
        assert terminal.emitted >= number + 1 and terminal._outbox.next_to_send() is not None
        road.pass_ms(1000)
    assert terminal.acknowledged >= ROUNDS and terminal.emitted >= ROUNDS
    return spent_us // ROUNDS


mount(sys.argv[1], "/flash")
print("sentence to frame with flash record, us:", measure(Folder("/flash"), False))
gc.collect()
print("the same with the vehicle's senses, us:", measure(Folder("/flash"), True))
