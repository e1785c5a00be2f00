"""The demo's real terminals: firmware under MicroPython, fed through a UART, each behind its own bad network.

Joins desk, sky and network; the firmware itself is not touched. Their reports are read from the trace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from ..desk.desk import Desk
from ..desk.feeder import epochs
from ..faults.link_cut import LinkCut
from ..fleet.events import FleetLog
from ..fleet.scenario import Options, TruckPlan
from ..fleet.source import Source
from ..fleet.truck import NO_RECORDS

EPOCH_S: Final = 1.0
RECONNECT_MAX_S: Final = 4  # a demo is over in a minute; the firmware's own limit is a minute
RECORDED_INTERVAL_S: Final = 1  # every second of a recording is reported
PLAYED_IN: Final = 0.8  # of the time of driving; the rest is for what the faults held up
_POLL_S: Final = 0.1


class DeskTerminal:
    """One real terminal. `open`, then `drive` as a task, then `drain`, then `close`.

    plan: who it is and where it drives. folder: gets flash and traces. recording: NMEA to play instead of
    the simulated sky; a recording has no tunnels, and is played faster than it was made when it would not
    fit into the `seconds` of driving. settings: more of the desk's configuration, such as a display. today:
    its receiver's time is that of the clock, whatever the options say.
    errors: after `close`, what the firmware printed beside its trace.
    """

    def __init__(
        self,
        plan: TruckPlan,
        options: Options,
        folder: Path,
        recording: Path | None = None,
        *,
        seconds: float = 60.0,
        settings: Mapping[str, Any] | None = None,
        today: bool = False,
    ) -> None:
        self.plan = plan
        self._settings = dict(settings or {})
        self.recording = recording
        self._play_s = PLAYED_IN * seconds
        self._options = options
        self._folder = folder
        self._today = today
        self._network: LinkCut | None = None
        self._desk: Desk | None = None
        self.errors = ""

    @property
    def state(self) -> str:
        """The session state that the firmware last told, or `off`."""
        return self._desk.state if self._desk is not None and self._desk.running else "off"

    @property
    def counts(self) -> tuple[int, int]:
        """Reports and letters emitted and acknowledged so far; nothing any more once `close` has written them
        down."""
        desk = self._desk
        if desk is None:
            return 0, 0
        return len(desk.emitted) + len(desk.posted), len(desk.acknowledged) + len(desk.taken)

    async def open(self, host: str, port: int) -> None:
        """Builds the firmware when needed and switches it on. Raises OSError, RuntimeError when it cannot."""
        self._network = LinkCut(host, port, seed=self.plan.seed)
        await self._network.open()
        self._desk = Desk(
            self._folder,
            [("127.0.0.1", self._network.port)],
            self.plan.phone,
            plate=self.plan.plate,
            edition=self.plan.edition,
            plate_colour=self.plan.plate_colour,
            terminal_id=f"D{self.plan.number:06d}",
            interval_s=self._options.interval_s if self.recording is None else RECORDED_INTERVAL_S,
            reconnect_max_s=RECONNECT_MAX_S,
            **self._settings,
        )
        await asyncio.to_thread(self._desk.start)

    async def drive(self) -> None:
        """Feeds it until cancelled: the recording, or an epoch a second."""
        assert self._desk is not None
        if self.recording is not None:
            await self._play(self.recording.read_bytes())
        loop = asyncio.get_running_loop()
        due = loop.time()
        # Of this moment, not of the plan's: parts may have taken a minute to come up.
        options = replace(self._options, base=datetime.now(UTC)) if self._today else self._options
        source = Source(self.plan, options)
        while True:
            epoch = source.next_epoch()
            self._desk.feed(epoch.sentences)
            self._cover(epoch.covered)
            due += EPOCH_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def drain(self, timeout_s: float) -> bool:
        """Waits until all is acknowledged and switches it off in that moment. False: not in time.

        A report made between the last look and the power cut is on flash: then it is switched on once more.
        """
        assert self._desk is not None
        self._cover(False)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while loop.time() < deadline:
            if self._desk.errors:
                return False  # a crash is not healed by switching it on again
            if not self._desk.running:
                await asyncio.to_thread(self._desk.start)
            if self._settled():
                await asyncio.to_thread(self._desk.kill)
                if self._settled():
                    return True
            await asyncio.sleep(_POLL_S)
        return self._settled()

    async def close(self, log: FleetLog) -> None:
        """Ends everything and writes what it did into the log."""
        desk, self._desk = self._desk, None
        if desk is not None:
            await asyncio.to_thread(desk.stop)
            self.errors = desk.errors
            self._write(desk, log)
        if self._network is not None:
            await self._network.close()

    def _write(self, desk: Desk, log: FleetLog) -> None:
        phone = self.plan.phone
        for sequence, body in sorted(desk.emitted.items()):
            log.emit(phone, sequence, body)
        for sequence in sorted(desk.acknowledged):
            log.acknowledge(phone, sequence)
        for message_id, serial, body in desk.posted:
            log.post(phone, message_id, serial, body)
        for message_id, serial in desk.taken:
            log.deliver(phone, message_id, serial)
        for message_id, serial, body in desk.sent:
            if message_id not in NO_RECORDS:
                log.post(phone, message_id, serial, body, promised=False)

    async def _play(self, data: bytes) -> None:
        assert self._desk is not None
        length_s = sum(step_s for step_s, _ in epochs(data))
        feeder = self._desk.play(data, max(1.0, length_s / self._play_s))
        try:
            await asyncio.Event().wait()
        finally:
            feeder.stop()

    def _cover(self, covered: bool) -> None:
        assert self._network is not None
        if covered and not self._network.refusing:
            self._network.start()
        elif not covered:
            self._network.stop()

    def _settled(self) -> bool:
        assert self._desk is not None
        letters = {(message_id, serial) for message_id, serial, _ in self._desk.posted}
        return self._desk.emitted.keys() <= self._desk.acknowledged and letters <= set(self._desk.taken)
