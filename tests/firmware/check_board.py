"""What a board lends the terminal: a clock over a counter that goes round, files that keep. Portable."""

from harness import raised, run

from firmware.board import files
from firmware.board.uptime import Uptime

PERIOD = 1 << 30  # of ticks_ms on a 32-bit board


class Ticks:
    """The tick counter of a 32-bit board, set by hand."""

    def __init__(self, ticks):
        self.ticks = ticks

    def ticks_ms(self):
        return self.ticks % PERIOD

    def ticks_diff(self, later, earlier):
        return (later - earlier + PERIOD // 2) % PERIOD - PERIOD // 2


def check_the_clock_survives_a_counter_that_goes_round():
    ticks = Ticks(PERIOD - 2500)
    uptime = Uptime(ticks.ticks_ms, ticks.ticks_diff)
    assert uptime.now_ms() == 0
    for second in range(1, 10):
        ticks.ticks += 1000
        assert uptime.now_ms() == 1000 * second
    for day in range(1, 30):
        ticks.ticks += 86400000
        assert uptime.now_ms() == 9000 + 86400000 * day


def check_a_file_that_cannot_be_opened_is_not_emptied():
    tried = []

    def refuse(path, mode):
        tried.append(mode)
        raise OSError(5)

    files.open = refuse
    try:
        raised(OSError, files.Folder("/somewhere").open, "00000000.seg", True)
    finally:
        del files.open
    assert tried == ["r+b"]


run(globals())
