"""Pins, keys, supply and serial devices of a board as the terminal hears of them. Portable."""

from harness import run

from firmware.board.inputs import STEP_MS, Inputs, Switch
from firmware.board.serial_ports import PIECE_BYTES, UNSENT_BYTES_MAX, CardReaderPort, PassthroughPort
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.record_log import RecordLog
from firmware.terminal.settings import Settings
from firmware.terminal.store import Store
from firmware.terminal.terminal import Terminal
from firmware.terminal.vehicle.inputs import EMERGENCY, IGNITION, SUPPLY_MV


class Terminals:
    """Records inputs; its own view and console, which records keys."""

    def __init__(self):
        self.heard = []
        self.keys = []
        self.view = self
        self.console = self

    def on_input(self, kind, value, now_ms):
        self.heard.append((kind, value))

    def on_key(self, terminal, code, now_ms):
        self.keys.append(code)


class Stream:
    """A serial line that never waits. takes: bytes of one write, None: a full buffer."""

    def __init__(self):
        self.inbox = self.written = b""
        self.takes = 1 << 14

    def readinto(self, buffer):
        count = min(len(buffer), len(self.inbox))
        buffer[:count] = self.inbox[:count]
        self.inbox = self.inbox[count:]
        return count or None

    def write(self, data):
        if self.takes is None:
            return None
        self.written += bytes(data[: self.takes])
        return min(len(data), self.takes)


class Dog:
    fed = 0

    def feed(self):
        self.fed += 1


def turns(inputs, terminal, levels, seen):
    """One look for each level of a pin."""
    for number in range(len(levels)):
        seen[0] = levels[number]
        inputs.serve(terminal, number * STEP_MS)


def check_a_contact_that_bounces_is_told_once():
    level = [0]
    inputs = Inputs([Switch(lambda: level[0], IGNITION)], [])
    terminal = Terminals()
    turns(inputs, terminal, (0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0, 0), level)
    assert terminal.heard == [(IGNITION, 0), (IGNITION, 1), (IGNITION, 0)], terminal.heard


def check_a_key_is_told_when_it_is_pressed_and_not_when_it_is_let_go():
    level = [0]
    inputs = Inputs([], [Switch(lambda: level[0], 3)])
    terminal = Terminals()
    turns(inputs, terminal, (0, 0, 1, 1, 1, 1, 0, 0, 1, 1), level)
    assert terminal.keys == [3, 3], terminal.keys


def check_the_supply_is_measured_each_second_and_the_watchdog_fed_each_turn():
    dog = Dog()
    terminal = Terminals()
    inputs = Inputs([], [], lambda: 24100, (), dog)
    for now_ms in range(0, 3000, 20):
        inputs.serve(terminal, now_ms)
    assert terminal.heard == [(SUPPLY_MV, 24100)] * 3 and dog.fed == 150
    assert inputs.deadline_ms(10**6) <= 3000 + STEP_MS


def real_terminal():
    files = RamFiles()
    settings = Settings(phone="13800138000", servers=(("main", 1),), store=Store(files))
    return Terminal(settings, RecordLog(files, 100, 10), lambda: 0)


def check_what_a_device_says_goes_up_when_it_pauses():
    stream = Stream()
    port = PassthroughPort(stream, 1)
    terminal = real_terminal()
    stream.inbox = b"12.5"
    port.serve(terminal, 0)
    stream.inbox = b" t"
    port.serve(terminal, 50)
    assert terminal.mail.held == 0
    port.serve(terminal, 150)
    assert terminal.mail.held == 1 and port.lost == 0
    stream.inbox = bytes(3 * PIECE_BYTES)  # one that never pauses
    for now_ms in range(200, 205):
        port.serve(terminal, now_ms)
    assert terminal.mail.held == 4


def check_a_device_that_talks_without_end_is_counted_not_kept():
    stream = Stream()
    port = PassthroughPort(stream, 2)
    terminal = real_terminal()
    for now_ms in range(100):
        stream.inbox = bytes(PIECE_BYTES)
        port.serve(terminal, now_ms)
    assert terminal.mail.held == 64 and port.lost == 36


def check_what_is_for_a_slow_device_waits_within_bounds():
    stream = Stream()
    port = PassthroughPort(stream, 1)
    stream.takes = None
    assert port.write(bytes(UNSENT_BYTES_MAX)) and not port.write(b"x")
    port.serve(real_terminal(), 0)
    stream.takes = 100
    port.serve(real_terminal(), 1)
    assert len(stream.written) == 100 and port.write(b"x")


def check_a_damaged_line_of_the_card_reader_is_noted():
    stream = Stream()
    terminal = real_terminal()
    stream.inbox = b"IN,0,garbage*00\r\n"
    CardReaderPort(stream).serve(terminal, 1000)
    assert terminal.health.errors() == [b"error 1 card reader: a line that is not understood"]


def check_the_emergency_button_reaches_the_alarms():
    level = [1]
    terminal = real_terminal()
    from firmware.terminal.pages.senses import attach

    attach(terminal, lambda: 0)
    turns(Inputs([Switch(lambda: level[0], EMERGENCY)], []), terminal, [1] * 100, level)
    terminal.tick(5000)  # it counts when it is held
    assert terminal.vehicle.alarm_low & 1


run(globals())
