"""Runs under MicroPython: what one fix costs from the receiver's bytes to a frame, in time and in heap.

Prints one JSON object. Uses no file and no line, so it measures the terminal's code and nothing else.
"""

import gc
import json
import time

from firmware.terminal.nmea import NmeaParser
from firmware.terminal.outbox import Outbox
from firmware.terminal.position import PositionBody
from firmware.terminal.settings import Settings
from protocols.wire.tables import MSG_POSITION_REPORT

ROUNDS = 2000
RMC = b"$GNRMC,120000.00,A,2452.80000,N,10249.98000,E,32.667,90.0,211126,,,A,V*0D\r\n"
GGA = b"$GNGGA,120000.00,2452.80000,N,10249.98000,E,1,14,0.8,1891.0,M,-36.0,M,,*57\r\n"


def with_check(sentence):
    """The sentence with its right checksum."""
    body = sentence[1 : sentence.index(b"*")]
    check = 0
    for byte in body:
        check ^= byte
    return b"$" + body + b"*%02X\r\n" % check


def feed(parser, line):
    """All of `line` through the parser."""
    at = 0
    while at < len(line):
        at = parser.feed(line, at, len(line))


class Probe:
    """The pieces of the hot path, made once."""

    def __init__(self):
        self.parser = NmeaParser()
        self.body = PositionBody()
        self.outbox = Outbox(Settings(phone="013800138000", edition=2019, servers=[("127.0.0.1", 1)]))
        self.rmc = with_check(RMC)
        self.gga = with_check(GGA)

    def sentence_rmc(self):
        feed(self.parser, self.rmc)

    def sentence_gga(self):
        feed(self.parser, self.gga)

    def report(self):
        length = self.body.write(self.parser.fix, True, 1, 0, 0, 9821, 43200, 123456, 25)
        self.outbox.offer(1, self.body.buffer, length, 7)
        self.outbox.next_to_send()
        self.outbox.answered(MSG_POSITION_REPORT, 7)
        self.outbox.clear()

    def whole(self):
        self.sentence_rmc()
        self.sentence_gga()
        self.report()


def measure(step):
    """(µs, bytes allocated) of one call, over ROUNDS of them."""
    step()
    gc.collect()
    before = gc.mem_alloc()
    start = time.ticks_us()
    for _ in range(ROUNDS):
        step()
    elapsed_us = time.ticks_diff(time.ticks_us(), start)
    return elapsed_us / ROUNDS, (gc.mem_alloc() - before) // ROUNDS


probe = Probe()
result = {}
for name in ("sentence_rmc", "sentence_gga", "report", "whole"):
    result[name] = measure(getattr(probe, name))
print(json.dumps(result))
