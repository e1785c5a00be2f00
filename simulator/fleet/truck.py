"""One virtual truck: the real terminal core on a fake board, under a simulated sky.

Pure: bytes and `now_ms` in, bytes out; `runner` has the sockets and the clock. Flash is memory that outlives
the terminal object, so `power_cut` is what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from firmware.terminal.ram_files import RamFiles
from firmware.terminal.record_log import BODY_BYTES_MAX, RecordLog
from firmware.terminal.settings import Settings
from firmware.terminal.store import Store
from firmware.terminal.terminal import Terminal

from .events import FleetLog
from .geometry import Point
from .scenario import Options, TruckPlan
from .source import Source

EPOCH_MS: Final = 1000  # receivers speak once a second
LOG_CAPACITY: Final = 4000  # reports held at most; a virtual truck's flash costs real memory

Server = tuple[str, int]


class Truck:
    """plan: who it is and what it does. servers: (host, port), main first. log: told of every report.

    covered: in a tunnel, so without network. parked: drives and hears no more. true_point: where it is,
    without noise. settings: more values for the terminal, by the names of firmware.terminal.settings.
    flash: what holds reports and codes; memory of its own when None.
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
    ) -> None:
        self.plan = plan
        self.covered = self.parked = False
        self.ignition = True
        self.true_point: Point = plan.route.line.at(plan.motion.start_m)
        self._log = log
        self._source = Source(plan, options)
        self._flash = flash or RamFiles()
        self._random = Random(plan.seed + 1)
        self._next_epoch_ms: int | None = 0
        self._settings = {**_settings_of(plan, options, servers), **(settings or {})}
        self.terminal = self._boot()

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
        """No more sentences: the receiver is switched off, and the truck stands under open sky."""
        self._next_epoch_ms = None
        self.parked = True
        self.covered = False

    def power_cut(self) -> None:
        """All that is not on flash is gone; the terminal boots anew from the flash."""
        self.terminal = self._boot()
        self.ignition = True  # what a terminal takes for granted at its start; the next epoch corrects it

    def _hear(self, now_ms: int) -> None:
        epoch = self._source.next_epoch()
        self.covered, self.true_point = epoch.covered, epoch.true_point
        if epoch.ignition != self.ignition:
            self.ignition = epoch.ignition
            self.terminal.set_ignition(epoch.ignition, now_ms)
        self.terminal.feed_gnss(epoch.sentences, len(epoch.sentences), now_ms)

    def _boot(self) -> Terminal:
        settings = Settings(store=Store(self._flash), **self._settings)
        log = RecordLog(self._flash, LOG_CAPACITY)
        terminal = Terminal(settings, log, lambda: self._random.getrandbits(16))
        terminal.on_report = self._on_report
        terminal.on_acknowledged = self._on_acknowledged
        self._tell_what_is_held(log)
        return terminal

    def _tell_what_is_held(self, log: RecordLog) -> None:
        """What is on flash is emitted, also when the power failed before anybody was told."""
        body = bytearray(BODY_BYTES_MAX)
        sequence = log.next_held(0)
        while sequence:
            self._on_report(sequence, body, log.read(sequence, body))
            sequence = log.next_held(sequence + 1)

    def _on_report(self, sequence: int, body: bytes | bytearray, length: int) -> None:
        self._log.emit(self.plan.phone, sequence, bytes(body[:length]))

    def _on_acknowledged(self, sequence: int) -> None:
        self._log.acknowledge(self.plan.phone, sequence)


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
