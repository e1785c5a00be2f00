"""One virtual truck: the real terminal core on a fake board, under a simulated sky.

Pure: bytes and `now_ms` in, bytes out; `runner` has the sockets and the clock. Flash is memory that outlives
the terminal object, so `power_cut` is what it says.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from random import Random
from typing import Final, Protocol

from firmware.terminal import mail
from firmware.terminal.clock import DeviceClock
from firmware.terminal.ram_files import RamFiles
from firmware.terminal.record_log import BODY_BYTES_MAX, RecordLog
from firmware.terminal.settings import Settings
from firmware.terminal.store import Store
from firmware.terminal.terminal import Terminal
from firmware.terminal.vehicle import inputs
from firmware.terminal.vehicle.vehicle import Vehicle

from .cab import card_in, card_out, driver_of
from .events import FleetLog
from .geometry import Point
from .scenario import Options, TruckPlan
from .source import Epoch, Source

EPOCH_MS: Final = 1000  # receivers speak once a second
LOG_CAPACITY: Final = 4000  # reports held at most; a virtual truck's flash costs real memory

NO_RECORDS: Final = (0x0004, 0x0201)  # a question to the gateway; a position, which is named as such
RUNNING_MV: Final = 27_600  # a 24 V system with the alternator charging, and without
STANDING_MV: Final = 25_000

Server = tuple[str, int]


class Sky(Protocol):
    """What a truck asks second by second; `source.Source` unless it is given another."""

    def next_epoch(self) -> Epoch:
        """The next second."""


class StoppedClock(DeviceClock):  # type: ignore[misc]  # portable code has no types
    """Of a terminal that is switched off: it never knows the time, so there is nothing to report."""

    __slots__ = ()

    def set(self, *_: int) -> None:
        """Nothing is learnt."""


class Truck:
    """plan: who it is and what it does. servers: (host, port), main first. log: told of every report.

    covered: in a tunnel, so without network. parked: drives and hears no more. true_point: where it is,
    without noise. settings: more values for the terminal, by the names of firmware.terminal.settings.
    flash: what holds reports and codes; memory of its own when None. sky: what it senses; the plan's when
    None. cards: whether drivers put their cards in when the engine starts, and take them out when it stops.
    fitted(terminal): told of each terminal that boots, before it lives, to give it more than this truck does.
    """

    def __init__(
        self,
        plan: TruckPlan,
        options: Options,
        servers: Sequence[Server],
        log: FleetLog,
        *,
        settings: dict[str, object] | None = None,
        flash: RamFiles | None = None,
        sky: Sky | None = None,
        cards: bool = True,
        fitted: Callable[[Terminal], None] | None = None,
    ) -> None:
        self.plan = plan
        self.covered = self.parked = False
        self.cards = cards
        self.ignition = True
        self.true_point: Point = plan.route.line.at(plan.motion.start_m)
        self._log = log
        self._fitted = fitted
        self._sky = sky or Source(plan, options)
        self._flash = flash or RamFiles()
        self._random = Random(plan.seed + 1)
        self._next_epoch_ms: int | None = 0
        self._shift = 0  # which of the two drivers sits here
        self._card = False  # whether his card is in the reader
        self._settings = {**_settings_of(plan, options, servers), **(settings or {})}
        self.terminal = self._boot()

    @property
    def held(self) -> int:
        """Reports and letters on flash that the gateway has not acknowledged."""
        return int(self.terminal.held + self.terminal.mail.held)

    def tick(self, now_ms: int) -> None:
        """Live up to `now_ms` of the terminal's clock: hear due sentences, turn the key, run timers."""
        while self._next_epoch_ms is not None and now_ms >= self._next_epoch_ms:
            due_ms, self._next_epoch_ms = self._next_epoch_ms, self._next_epoch_ms + EPOCH_MS
            self._hear(due_ms)
        self.terminal.tick(now_ms)

    def next_deadline_ms(self) -> int | None:
        """When `tick` has something to do again; None: never by itself."""
        deadlines = (self._next_epoch_ms, self.terminal.next_deadline_ms())
        return min((at for at in deadlines if at is not None), default=None)

    def stop_driving(self) -> None:
        """Receiver and clock are switched off, and the truck stands under open sky: what is held is still
        sent, and nothing new is reported."""
        self._next_epoch_ms = None
        self.parked = True
        self.covered = False
        self.terminal.clock = StoppedClock()

    def power_cut(self) -> None:
        """All that is not on flash is gone; the terminal boots anew from the flash."""
        self.terminal = self._boot()
        if self.parked:
            self.terminal.clock = StoppedClock()
        self.ignition = True  # what a terminal takes for granted at its start; the next epoch corrects it

    def _hear(self, now_ms: int) -> None:
        epoch = self._sky.next_epoch()
        self.covered, self.true_point = epoch.covered, epoch.true_point
        if epoch.ignition != self.ignition:
            self.ignition = epoch.ignition
            self.terminal.set_ignition(epoch.ignition, now_ms)
            self.terminal.on_input(inputs.SUPPLY_MV, RUNNING_MV if epoch.ignition else STANDING_MV, now_ms)
        self._use_card(epoch.ignition)
        self.terminal.feed_gnss(epoch.sentences, len(epoch.sentences), now_ms)

    def _use_card(self, ignition: bool) -> None:
        """The engine stands for a change of driver: one card comes out, and later the other goes in."""
        if ignition == self._card or not self.cards:
            return
        self._card = ignition
        line = card_in(driver_of(self.plan.number, self._shift)) if ignition else card_out()
        self._shift += not ignition
        self.terminal.vehicle.feed_card(line)

    def _boot(self) -> Terminal:
        store = Store(self._flash)
        settings = Settings(store=store, **self._settings)
        log = RecordLog(self._flash, LOG_CAPACITY)
        terminal = Terminal(settings, log, self._random16)
        terminal.attach_vehicle(
            Vehicle(terminal.parameters, store, terminal.mail, self._random16, self.plan.edition)
        )
        terminal.on_report = self._on_report
        terminal.on_acknowledged = self._on_acknowledged
        terminal.mail.observer = self._on_mail
        self._tell_what_is_held(log)
        self._tell_what_letters_are_held()
        if self._fitted is not None:
            self._fitted(terminal)
        return terminal

    def _random16(self) -> int:
        return self._random.getrandbits(16)

    def _tell_what_is_held(self, log: RecordLog) -> None:
        """What is on flash is emitted, also when the power failed before anybody was told."""
        body = bytearray(BODY_BYTES_MAX)
        sequence = log.next_held(0)
        while sequence:
            self._on_report(sequence, body, log.read(sequence, body))
            sequence = log.next_held(sequence + 1)

    def _tell_what_letters_are_held(self) -> None:
        for name in self._flash.names():
            if name.endswith(mail.SUFFIX):
                letter = bytes(self._flash.contents[name])
                _, message_id, serial = struct.unpack_from(mail.HEAD, letter)
                self._log.post(self.plan.phone, message_id, serial, letter[mail.HEAD_BYTES :], again=True)

    def _on_report(self, sequence: int, body: bytes | bytearray, length: int) -> None:
        self._log.emit(self.plan.phone, sequence, bytes(body[:length]))

    def _on_acknowledged(self, sequence: int) -> None:
        self._log.acknowledge(self.plan.phone, sequence)

    def _on_mail(self, what: int, message_id: int, serial: int, body: bytes | None) -> None:
        if what == mail.DELIVERED:
            self._log.deliver(self.plan.phone, message_id, serial)
        elif body is not None and message_id not in NO_RECORDS:
            self._log.post(self.plan.phone, message_id, serial, bytes(body), promised=what == mail.POSTED)


def _settings_of(plan: TruckPlan, options: Options, servers: Sequence[Server]) -> dict[str, object]:
    return {
        "phone": plan.phone,
        "edition": plan.edition,
        "province": 53,  # Yunnan, GB/T 2260
        "city": 100,
        "terminal_id": b"T%06d" % plan.number,
        "plate_colour": plan.plate_colour,
        "plate": plan.plate.encode("gbk"),
        "imei": b"86%013d" % plan.number,
        "servers": tuple(servers),
        "interval_s": options.interval_s,
    }
