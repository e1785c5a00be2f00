"""Freight in a running gateway: follows the journals, talks to the broker and the authority, asks the command
desk.

Made and started in the loop of the one process that has the desk: the gateway, or the supervisor of several
workers. One thread follows the journals, one serves the broker; the loop runs errands and timers. What each
of them does is one turn of the book, so a kill at any moment is taken up where it stood.
"""

import asyncio
import logging
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from protocols.monitoring.documents import decode_document_receipt

from ..commands import CommandService, StoreError
from ..commands.store import Audit
from ..config import Config
from ..delivery.settings import settings_of
from . import codes_down, outbox, upkeep
from .authority import Authority
from .following import Follower
from .intake import Intake
from .line import FreightLine, Handlers
from .making import House
from .outbox import Retry
from .running import Runner
from .sources import Source
from .whose import Terminals

CLEAN_UP_S: Final = 3600.0
COUNT_S: Final = 1.0  # between two looks at how many documents stand where
CODES_S: Final = 1.0  # between two looks whether a code's terminal is known by now
_log = logging.getLogger(__name__)


class FreightService:
    """`start()` in the loop, `await stop()`. desk: what the API asks. sources: every journal with records.

    Raises StoreError, with the key that is to be changed.
    """

    def __init__(
        self, config: Config, sources: Sequence[Source], terminals: Terminals, commands: CommandService
    ) -> None:
        self._config, self._commands = config, commands
        self._loop = asyncio.get_running_loop()
        section = config.freight
        self._house = house = House(config, terminals, self._audit, self._wake)
        self._book, self.desk = house.book, house.desk
        self._intake = Intake(self._book, house.registers, house.trips)
        self._retry = Retry(int(section.receipt_timeout_s * 1000), int(section.receipt_timeout_max_s * 1000))
        handlers = Handlers(self._receipt, self._snapshot, self._code, self._handed_over)
        self._line = (
            FreightLine(settings_of(config)[0], self._book, house.evidence, handlers, self._retry)
            if config.mqtt.enabled
            else None
        )
        self._follower = Follower(
            self._book, self._intake, sources, now=self.desk.now, tick=self._tick, moved=self._wake
        )
        self._runner = Runner(self._book, commands)
        self._stopping = threading.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._cleaned_s = self._counted_s = self._codes_s = 0.0
        self._looked = house.registers.snapshot is None
        self._figures = self.desk.stats()

    def start(self) -> None:
        """Begins to follow, to send and to run errands."""
        self._follower.start()
        if self._line:
            self._line.start()
        self._runner.wake()
        self._begin(self._runner.run())
        self._begin(self._look())
        if self._house.authority:
            self._begin(self._refresh(self._house.authority))

    async def stop(self) -> None:
        """Ends what runs; what is not done waits on the disk."""
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._follower.stop)
        if self._line:
            await asyncio.to_thread(self._line.stop)
        try:
            await asyncio.to_thread(self.desk.write_verdicts)
        except StoreError as error:
            _log.error("verdicts are lost to the evidence: %s", error)
        self._book.close()

    def stats(self) -> dict[str, Any]:
        """Figures for status, API and metrics."""
        line = self._line.stats() if self._line else None
        cursors = self._follower.cursors()
        return {**self._figures, "cursors": cursors, "line": line, "unread": dict(self._intake.counts)}

    def hindrances(self) -> list[str]:
        """What a restart does not mend: why freight stands still; empty while it moves."""
        problem = self._follower.problem
        return [f"freight stands still: {problem}"] if problem else []

    # What comes from above, in the line's thread.

    def _receipt(self, payload: bytes) -> None:
        receipt = decode_document_receipt(payload)
        now = self.desk.now()
        with self._book.turn():
            moved = outbox.answered(self._book, receipt, now.ms, self._retry)
            self._house.papers.answered(moved, now)

    def _handed_over(self, message: int) -> None:
        """The broker has this message, and nobody behind it answers."""
        now = self.desk.now()
        with self._book.turn():
            self._house.papers.answered(outbox.handed_over(self._book, message, now.ms), now, by="broker")

    def _snapshot(self, payload: bytes) -> None:
        if self._house.registers.take_snapshot(payload):
            self._registers_changed()

    def _code(self, payload: bytes) -> None:
        down = codes_down.decode(payload)
        with self._book.turn():
            taken = self._house.codes.take(down, self.desk.now())
        if taken:
            self._wake()

    def _registers_changed(self) -> None:
        self._looked = False  # a disk that fails here: the next tick looks again
        with self._book.turn():
            self._house.trips.on_registers(self.desk.now())
        self._looked = True
        self._wake()

    # In the follower's thread.

    def _tick(self, now_s: float) -> None:
        now = self.desk.now()
        if not self._looked:  # killed between new registers and the look at the trips, nobody else would look
            self._registers_changed()
        with self._book.turn():
            self._house.trips.closing.tick(now)
        self.desk.write_verdicts()
        if now_s >= self._codes_s:
            self._codes_s = now_s + CODES_S
            with self._book.turn():
                found = self._house.codes.look(now)
            if found:
                self._wake()
        if now_s >= self._counted_s:
            self._counted_s = now_s + COUNT_S
            self._figures = self.desk.stats()
        if now_s >= self._cleaned_s:
            self._cleaned_s = now_s + CLEAN_UP_S
            upkeep.clean(self._book, now, self._config.freight.keep_days)

    # In the loop.

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
                made = self._house.evidence.anchor(self.desk.now().ms) is not None
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

    def _audit(self, who: str, what: str, terminal: str, detail: str) -> None:
        self._commands.store.note(Audit(self.desk.now().ms, who, what, terminal, detail))

    def _wake(self) -> None:
        """There may be something for the broker or for the command desk. From any thread."""
        if self._line:
            self._line.wake()
        if not self._stopping.is_set():
            self._loop.call_soon_threadsafe(self._runner.wake)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(self._loop.create_task(work))
