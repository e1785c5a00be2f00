"""Freight in a running gateway: follows the journal, talks to the broker and the authority, asks the command
desk.

Made and started in the loop. One thread follows the journal, one serves the broker; the loop runs errands and
timers. What each of them does is one turn of the book, so a kill at any moment is taken up where it stood.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine
from typing import Any, Final

from protocols.driver_code.lists import ListError
from protocols.freight.capacity import Code
from protocols.freight.documents import PROVINCE_2_0, SPECIFICATION
from protocols.freight.registers import SnapshotError, vehicle_key
from protocols.guomi import choose
from protocols.monitoring.documents import decode_document_receipt

from ..commands import CommandError, CommandService, Request, StoreError
from ..commands.store import Audit
from ..config import Config
from ..delivery.settings import settings_of
from ..journal import Journal, JournalError
from ..log import Throttle, event
from ..registry import Registry
from . import codes_down, errands, outbox
from .authority import Authority
from .authority_api import AuthorityApi
from .book import Book
from .closing import Closing
from .cursor import CURSOR
from .desk import DeskRules, FreightDesk
from .errands import Errand
from .gate import Moment, Policy
from .gatekeeper import Gatekeeper
from .intake import Intake
from .line import FreightLine, Handlers
from .outbox import Retry
from .paperwork import Paperwork
from .proof import Evidence
from .registers import Registers, content_of, presence_of, trust_of
from .releasing import gate_of
from .trips import Rules, Trips

ASKER: Final = "freight"  # who stands in audit lines
RECORDS_MAX: Final = 2000
BYTES_MAX: Final = 1 << 20
TICK_S: Final = 0.25
CONFIRM_S: Final = 0.5  # between two moves of the journal's cursor
ERRANDS_AT_ONCE: Final = 50
AGAIN_S: Final = 2.0
CLEAN_UP_S: Final = 3600.0
COUNT_S: Final = 1.0  # between two looks at how many documents stand where
_log = logging.getLogger(__name__)


class FreightService:
    """`start()` in the loop, `await stop()`. desk: what the API asks. Raises StoreError, with the key that is
    to be changed."""

    def __init__(
        self, config: Config, journal: Journal, registry: Registry, commands: CommandService
    ) -> None:
        self._config, self._commands, self._registry = config, commands, registry
        section = config.freight
        self._loop = asyncio.get_running_loop()
        self._view = journal.destination(CURSOR)
        self._journal = journal
        self._book = Book(config.freight_path)
        self._registers = self._known()
        self._evidence = Evidence(self._book, config.gateway.id, section.evidence)
        api = self._authority_api()
        self._authority = Authority(api, config.gateway.id, self._registers) if api else None
        self._papers = self._paperwork()
        self.desk = self._desk()
        self.desk.trips = trips = self._trips()
        self._papers.paid = trips.pay
        self._intake = Intake(self._book, self._registers, trips)
        self._retry = Retry(int(section.receipt_timeout_s * 1000), int(section.receipt_timeout_max_s * 1000))
        handlers = Handlers(self._receipt, self._snapshot, self._code)
        self._line = (
            FreightLine(settings_of(config)[0], self._book, self._evidence, handlers, self._retry)
            if config.mqtt.enabled
            else None
        )
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._errand = asyncio.Event()
        self._follower = threading.Thread(target=self._follow, name="freight", daemon=True)
        self._tasks: list[asyncio.Task[None]] = []
        self._throttle = Throttle()
        self._cleaned_s = self._counted_s = 0.0
        self._looked = self._registers.snapshot is None
        self._figures = self.desk.stats()

    def start(self) -> None:
        """Begins to follow, to send and to run errands."""
        self._journal.on_commit(self._news.set)
        self._follower.start()
        if self._line:
            self._line.start()
        self._errand.set()
        self._begin(self._run_errands())
        self._begin(self._look())
        if self._authority:
            self._begin(self._refresh(self._authority))

    async def stop(self) -> None:
        """Ends what runs; what is not done waits on the disk."""
        self._stopping.set()
        self._news.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._join)
        try:
            await asyncio.to_thread(self.desk.write_verdicts)
        except StoreError as error:
            _log.error("verdicts are lost to the evidence: %s", error)
        self._book.close()

    def stats(self) -> dict[str, Any]:
        """Figures for status, API and metrics."""
        line = self._line.stats() if self._line else None
        unread = dict(self._intake.counts)
        return {**self._figures, "cursor": self._intake.cursor, "line": line, "unread": unread}

    # What comes from above, in the line's thread.

    def _receipt(self, payload: bytes) -> None:
        receipt = decode_document_receipt(payload)
        now = self.desk.now()
        with self._book.turn():
            moved = outbox.answered(self._book, receipt, now.ms, self._retry)
            self._papers.answered(moved, now)

    def _snapshot(self, payload: bytes) -> None:
        if self._registers.take_snapshot(payload):
            self._registers_changed()

    def _code(self, payload: bytes) -> None:
        down = codes_down.decode(payload)
        with self._book.turn():
            taken = codes_down.take(self._book, self._registers, down, self._terminal_of, self.desk.now())
        if taken:
            self._wake()

    def _registers_changed(self) -> None:
        self._looked = False  # a disk that fails here: the next tick looks again
        with self._book.turn():
            self.desk.trips.on_registers(self.desk.now())
        self._looked = True
        self._wake()

    # The follower's thread.

    def _follow(self) -> None:
        """From the journal's cursor on; where the book is ahead, its own place tells what was taken."""
        after, confirmed_s, tick_s = self._view.confirmed_sequence, 0.0, 0.0
        if self._intake.cursor > self._view.last_sequence:  # the journal was set up anew
            self._intake.cursor = after
        while not self._stopping.is_set():
            try:
                moved = self._view.read_after(after, RECORDS_MAX, BYTES_MAX)
                if moved:
                    self._intake.take(moved, self.desk.now())
                    after = moved[-1].sequence
                now_s = time.monotonic()
                if now_s >= tick_s:
                    tick_s = now_s + TICK_S
                    self._tick(now_s)
                if after > self._view.confirmed_sequence and now_s >= confirmed_s:
                    self._view.confirm(after)
                    confirmed_s = now_s + CONFIRM_S
            except (StoreError, JournalError, errands.FullError) as error:
                if self._throttle.allows("freight", str(error), time.monotonic()):
                    _log.error("freight stands still: %s", error)
                self._stopping.wait(AGAIN_S)
                continue
            except Exception:  # a bug: the road of the reports goes on, and so does freight behind it
                _log.exception("freight goes on")
                self._stopping.wait(AGAIN_S)
                continue
            if moved:
                self._wake()
            else:
                self._news.wait(TICK_S)
                self._news.clear()

    def _tick(self, now_s: float) -> None:
        now = self.desk.now()
        if not self._looked:  # killed between new registers and the look at the trips, nobody else would look
            self._registers_changed()
        with self._book.turn():
            self.desk.trips.closing.tick(now)
        self.desk.write_verdicts()
        if now_s >= self._counted_s:
            self._counted_s = now_s + COUNT_S
            self._figures = self.desk.stats()
        if now_s >= self._cleaned_s:
            self._cleaned_s = now_s + CLEAN_UP_S
            with self._book.turn():
                outbox.forget_before(self._book, now.ms - self._config.freight.keep_days * 86_400_000)

    # In the loop.

    async def _run_errands(self) -> None:
        while True:
            await self._errand.wait()
            self._errand.clear()
            try:
                again = await self._run_waiting()
            except _NotNowError:
                again = True
            except StoreError as error:
                _log.error("errands wait: %s", error)
                again = True
            except Exception:  # a bug with one of them must not end them for good
                _log.exception("errands go on")
                again = True
            if again:
                self._loop.call_later(AGAIN_S, self._errand.set)

    async def _run_waiting(self) -> bool:
        """All of them, in order for each terminal; whether some wait for a terminal that is full: it holds up
        nobody else."""
        full: set[str] = set()
        after = 0
        while waiting := await asyncio.to_thread(errands.waiting, self._book, ERRANDS_AT_ONCE, after):
            for errand in waiting:
                after = errand.id
                if errand.terminal in full:
                    continue
                try:
                    await self._run_errand(errand)
                except _NotNowError as error:
                    if not error.terminal:
                        raise
                    full.add(errand.terminal)
        return bool(full)

    async def _run_errand(self, errand: Errand) -> None:
        for number in await asyncio.to_thread(errands.replaced, self._book, errand):
            try:
                await self._commands.cancel(number, ASKER)
            except CommandError:
                continue  # on the line or done already: the terminal takes the newer one after it
        request = Request(errand.terminal, errand.message, dict(errand.body), errand.not_after_ms, errand.key)
        command = 0
        try:
            row, _ = await self._commands.create(request, ASKER)
            command = row.command.number
        except CommandError as error:
            if error.kind in ("full", "failed"):
                raise _NotNowError(error.kind == "full" and error.field == "terminal") from error
            event(
                _log,
                logging.WARNING,
                "errand given up",
                terminal=errand.terminal,
                asked=errand.message,
                why=str(error),
            )
        await asyncio.to_thread(errands.done, self._book, errand, command)

    async def _look(self) -> None:
        """Anchors, where there is news."""
        while True:
            await asyncio.sleep(self._config.freight.anchor_interval_s)
            try:
                await asyncio.to_thread(self._anchor)
            except StoreError as error:
                _log.error("no anchor: %s", error)
            except Exception:  # a bug: the next look tries again
                _log.exception("no anchor")

    def _anchor(self) -> None:
        made = True
        while made:
            with self._book.turn():
                made = self._evidence.anchor(self.desk.now().ms) is not None
        self._wake()

    async def _refresh(self, authority: Authority) -> None:
        while True:
            try:
                if await asyncio.to_thread(authority.refresh):
                    await asyncio.to_thread(self._registers_changed)
            except StoreError as error:
                _log.error("the registers cannot be kept: %s", error)
            except Exception:  # full errands, or a bug: the next look tries again
                _log.exception("the registers are looked at again")
            await asyncio.sleep(self._config.freight.refresh_s)

    # Below: how the parts are made.

    def _known(self) -> Registers:
        section = self._config.freight
        try:
            registers = Registers(self._book, choose(), trust_of(section.trust_file))
            with self._book.turn():
                for reference, key in presence_of(section.presence_file).items():
                    registers.add_presence(reference, key)
            if section.revocations_file:
                registers.take_revocations(content_of(section.revocations_file))
            if section.snapshot_file:
                registers.take_snapshot(content_of(section.snapshot_file))
        except (ListError, SnapshotError) as error:
            raise StoreError(f"freight: {error}") from error
        return registers

    def _authority_api(self) -> AuthorityApi | None:
        section = self._config.freight
        if not section.authority_url:
            return None
        try:
            return AuthorityApi(
                section.authority_url, section.authority_account, section.authority_secret_file,
                section.authority_ca_file,
            )  # fmt: skip
        except ValueError as error:
            raise StoreError(f"freight.authority_url: {error}") from error

    def _paperwork(self) -> Paperwork:
        profile = PROVINCE_2_0 if self._config.freight.profile == PROVINCE_2_0.name else SPECIFICATION
        return Paperwork(
            self._book,
            self._registers,
            self._evidence,
            profile=profile,
            gate=gate_of(),
            audit=self._audit,
            moved=self._wake,
            utc_ms=lambda: time.time_ns() // 1_000_000,
        )

    def _desk(self) -> FreightDesk:
        section = self._config.freight
        rules = DeskRules(
            section.presence_required,
            section.order_type,
            section.order_life_s * 1000,
        )
        return FreightDesk(
            self._book,
            self._registers,
            self._evidence,
            rules=rules,
            papers=self._papers,
            audit=self._audit,
            terminal_of=self._terminal_of,
            edition_of=self._registry.edition_of,
            moved=self._wake,
            ask_colour=self._authority.colour if self._authority else lambda _: None,
        )

    def _trips(self) -> Trips:
        section = self._config.freight
        policy = Policy(
            frozenset(Moment(each) for each in section.gate),
            frozenset(Code(each) for each in section.overridable),
            section.stop_unverified,
        )
        rules = Rules(section.location_delay_s, round(section.moving_kmh * 10))
        gate = Gatekeeper(
            self._book,
            self._registers,
            self._evidence,
            policy=policy,
            edition_of=self._registry.edition_of,
            vehicle_of=self._vehicle_of,
        )
        interval_s = section.location_interval_s
        closing = Closing(self._book, self._registers, self._evidence, self._papers.submit, interval_s)
        return Trips(self._book, gate, closing, rules)

    def _vehicle_of(self, terminal: str) -> str:
        """By what the terminal registered with, else by the authority's registers."""
        known = self._registry.get(terminal)
        if known is not None and known.device is not None and known.device.plate:
            return vehicle_key(known.device.plate.decode("gbk", "replace"), str(known.device.plate_colour))
        snapshot = self._registers.snapshot
        vehicle = snapshot.vehicle_by_terminal.get(terminal) if snapshot else None
        return vehicle.key if vehicle else ""

    def _terminal_of(self, plate: str, colour: int) -> str | None:
        """The terminal of a vehicle, by the same two."""
        snapshot = self._registers.snapshot
        vehicle = snapshot.vehicle_by_key.get(vehicle_key(plate, str(colour))) if snapshot else None
        if vehicle is not None and vehicle.terminal:
            return vehicle.terminal.lstrip("0")
        key = vehicle_key(plate, str(colour))
        return next(
            (each.identity for each in self._registry if self._vehicle_of(each.identity) == key), None
        )

    def _audit(self, who: str, what: str, terminal: str, detail: str) -> None:
        self._commands.store.note(Audit(self.desk.now().ms, who, what, terminal, detail))

    def _wake(self) -> None:
        """There may be something for the broker or for the command desk. From any thread."""
        if self._line:
            self._line.wake()
        if not self._stopping.is_set():
            self._loop.call_soon_threadsafe(self._errand.set)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(self._loop.create_task(work))

    def _join(self) -> None:
        if self._follower.ident is not None:
            self._follower.join()
        if self._line:
            self._line.stop()


class _NotNowError(Exception):
    """The command desk is full, or its disk is: later. terminal: only for the errand's terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal
