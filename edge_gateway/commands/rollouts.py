"""Roll-outs of a running gateway: asks for the upgrade commands of each ring, judges their ends. Durable."""

import asyncio
import hashlib
import json
import logging
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from . import bodies, table
from .command import UPGRADE_PACKAGE, Command, CommandError
from .rollout import RUNNING, Rollout, ring_ends
from .service import CommandService, Request, resolve
from .views import iso

STEP_S: Final = 1.0
ASKED_AT_ONCE: Final = 200  # commands of one step
FILE_BYTES_MAX: Final = 16 << 20
LISTED_MAX: Final = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """body: the 0x8108 without its file. rings: numbers or shares, see `ring_ends`. wants_result: whether a
    terminal is done with its 0x0108 or with its 0x0001."""

    terminals: list[str]
    body: dict[str, Any]
    file: str
    rings: list[float | int]
    max_failures: int
    not_after_ms: int
    wants_result: bool


class Rollouts:
    """`await start()` after the commands' service; `await stop()` before it."""

    def __init__(self, commands: CommandService) -> None:
        self._commands = commands
        self._running: dict[int, tuple[Rollout, Plan, str]] = {}
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._unsettled: set[int] = set()  # whose ring or state is to be written
        commands.on_change.append(self._changed)

    def start(self) -> None:
        """Takes up the roll-outs that were running."""
        found = self._commands.store.query(
            "SELECT number, plan, ring, asked_by FROM rollout WHERE state = ?", (RUNNING,)
        )
        for number, plan, ring, asked_by in found:
            self._take_up(number, Plan(**json.loads(plan)), ring, asked_by)
            self._unsettled.add(number)  # its last step may not have got to the disk
        self._task = asyncio.get_running_loop().create_task(self._work())

    @property
    def running(self) -> bool:
        """Whether anybody sees to them."""
        return self._task is not None and not self._task.done()

    async def stop(self) -> None:
        """Nothing more is asked for; it goes on after the next start."""
        if self._task:
            self._task.cancel()

    async def upload(self, content: bytes, who: str) -> str:
        """Keeps a file, durably; gives its SHA-256, which names it. Raises CommandError."""
        if not 1 <= len(content) <= min(FILE_BYTES_MAX, self._commands.limits.body_bytes):
            raise CommandError(f"{len(content)} bytes; 1 to {FILE_BYTES_MAX} are taken", "file")
        sha256 = hashlib.sha256(content).hexdigest()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR IGNORE INTO file VALUES (?, ?, ?)", (sha256, _utc_ms(), content))

        await self._write(write)
        await self._commands.note(who, "file uploaded", "", f"{sha256} {len(content)} bytes")
        return sha256

    async def create(self, plan: Plan, asked_by: str) -> Rollout:
        """Begins a roll-out. Raises CommandError, naming the field."""
        terminals = [terminal.lstrip("0") for terminal in plan.terminals]
        if len(set(terminals)) != len(terminals):
            raise CommandError("a terminal is named twice", "terminals")
        ends = ring_ends(plan.rings, len(terminals))
        self._commands.check_end(plan.not_after_ms)
        content = self._commands.store.file(plan.file)
        if content is None:
            raise CommandError("no such file was uploaded", "file", "unknown")
        bodies.encode(UPGRADE_PACKAGE, 2013, plan.body, content)
        numbers: list[int] = []

        def write(connection: sqlite3.Connection) -> None:
            values = (json.dumps(vars(plan)), RUNNING, asked_by, _utc_ms())
            cursor = connection.execute(
                "INSERT INTO rollout (plan, ring, state, reason, asked_by, created_ms)"
                " VALUES (?, 0, ?, '', ?, ?)",
                values,
            )
            numbers.append(int(cursor.lastrowid or 0))

        await self._write(write)
        rollout = Rollout(numbers[0], terminals, ends, plan.max_failures)
        self._running[rollout.number] = (rollout, plan, asked_by)
        await self._commands.note(asked_by, "rollout begun", "", f"rollout {rollout.number}: {plan.file}")
        return rollout

    def listed(self, state: str = "", before: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Roll-outs, youngest first, those before number `before`; without their terminals one by one."""
        found = self._commands.store.query(
            "SELECT number, state, reason, ring, asked_by, created_ms, json_array_length(plan, '$.terminals')"
            " FROM rollout WHERE (? = '' OR state = ?) AND number < ? ORDER BY number DESC LIMIT ?",
            (state, state, before or 2**62, min(limit, LISTED_MAX)),
        )
        names = ("id", "state", "reason", "ring", "asked_by", "created_at", "terminals")
        rows = [dict(zip(names, row, strict=True)) for row in found]
        for row in rows:
            row["ring"], row["created_at"] = row["ring"] + 1, iso(row["created_at"])
            if held := self._running.get(row["id"]):
                row |= {name: value for name, value in held[0].as_json().items() if name in row}
        return rows

    def get(self, number: int) -> dict[str, Any]:
        """Where a roll-out stands. Raises CommandError."""
        if number in self._running:
            return self._running[number][0].as_json()
        found = self._commands.store.query(
            "SELECT plan, ring, state, reason FROM rollout WHERE number = ?", (number,)
        )
        if not found:
            raise CommandError(f"there is no roll-out {number}", "id", "unknown")
        plan, ring, state, reason = found[0]
        return self._rebuilt(number, Plan(**json.loads(plan)), ring, state, reason).as_json()

    async def halt(self, number: int, who: str) -> dict[str, Any]:
        """Stops a roll-out and cancels what is not on the line. Raises CommandError."""
        if number not in self._running:
            self.get(number)
            raise CommandError("is over already", "id", "conflict")
        rollout = self._running[number][0]
        rollout.stop(f"stopped by {who}")
        self._unsettled.add(number)  # in case that it cannot be written now
        await self._settle(rollout)
        return rollout.as_json()

    def _take_up(self, number: int, plan: Plan, ring: int, asked_by: str) -> None:
        self._running[number] = (self._rebuilt(number, plan, ring, RUNNING, ""), plan, asked_by)

    def _rebuilt(self, number: int, plan: Plan, ring: int, state: str, reason: str) -> Rollout:
        """As it was, from the commands on the disk. One that runs is judged by them anew: what ended a ring
        or was one failure too many may be written, and what followed from it not."""
        terminals = [terminal.lstrip("0") for terminal in plan.terminals]
        rollout = Rollout(number, terminals, ring_ends(plan.rings, len(terminals)), plan.max_failures, ring)
        found = self._commands.store.query(
            "SELECT number FROM command WHERE rollout = ? ORDER BY changed_ms, number", (number,)
        )
        rows = [row for (each,) in found if (row := self._commands.row(each)) is not None]
        rollout.asked = {row.command.terminal for row in rows}
        done = [row.command for row in rows if row.command.done]
        if state == RUNNING:
            for command in done:
                rollout.outcome(command.terminal, problem_of(command))
            return rollout
        problems = {command.terminal: problem_of(command) for command in done}
        rollout.well = {terminal for terminal, problem in problems.items() if not problem}
        rollout.badly = {terminal: problem for terminal, problem in problems.items() if problem}
        rollout.state, rollout.reason = state, reason
        return rollout

    def _changed(self, command: Command) -> None:
        held = self._running.get(command.rollout)
        if held and command.done and held[0].outcome(command.terminal, problem_of(command)):
            self._unsettled.add(command.rollout)
            self._wake.set()

    async def _settle(self, rollout: Rollout) -> None:
        """Writes ring and state; at an end cancels what still waits. Raises CommandError."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE rollout SET ring = ?, state = ?, reason = ? WHERE number = ?",
                (rollout.ring, rollout.state, rollout.reason, rollout.number),
            )

        await self._write(write)
        if rollout.state == RUNNING or self._running.pop(rollout.number, None) is None:
            return
        self._unsettled.discard(rollout.number)
        await self._commands.note("gateway", f"rollout {rollout.state}", "", f"rollout {rollout.number}")
        found = self._commands.store.query(
            "SELECT number FROM command WHERE rollout = ? AND done = 0", (rollout.number,)
        )
        for (number,) in found:
            await self._call_back(number, rollout)

    async def _call_back(self, number: int, rollout: Rollout) -> None:
        with suppress(CommandError):  # it is on the line or done
            await self._commands.cancel(number, f"rollout {rollout.number}")

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            for rollout, plan, asked_by in list(self._running.values()):
                try:
                    await self._step(rollout, plan, asked_by)
                except CommandError as error:  # the disk; it is tried again
                    _log.error("roll-out %d waits: %s", rollout.number, error)
                except Exception:  # a bug with one; the others go on
                    _log.exception("roll-out %d", rollout.number)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), STEP_S)

    async def _step(self, rollout: Rollout, plan: Plan, asked_by: str) -> None:
        if rollout.number in self._unsettled:
            self._unsettled.discard(rollout.number)
            try:
                await self._settle(rollout)
            except CommandError:
                self._unsettled.add(rollout.number)
                raise
        for terminal in rollout.due()[:ASKED_AT_ONCE]:
            if rollout.state != RUNNING or not await self._ask(rollout, terminal, plan, asked_by):
                return

    async def _ask(self, rollout: Rollout, terminal: str, plan: Plan, asked_by: str) -> bool:
        """Makes the command of one terminal; False when it cannot be made now."""
        request = Request(
            terminal, UPGRADE_PACKAGE, plan.body, plan.not_after_ms,
            f"rollout {rollout.number} {terminal}", plan.file, plan.wants_result, rollout.number,
        )  # fmt: skip
        try:
            row, _ = await self._commands.create(request, asked_by)
        except CommandError as error:
            if error.kind in ("full", "failed"):
                return False
            if rollout.outcome(terminal, str(error)):
                self._unsettled.add(rollout.number)
                self._wake.set()
        else:
            if rollout.state != RUNNING:  # stopped while the command was written
                await self._call_back(row.command.number, rollout)
        rollout.asked.add(terminal)
        return True

    async def _write(self, write: Any) -> None:
        written: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._commands.store.run(write, lambda error: resolve(written, error))
        error = await written
        if error is not None:
            raise CommandError(f"it could not be written: {error}", kind="failed")


def problem_of(command: Command) -> str:
    """Why a terminal's upgrade is not well; empty when it is."""
    if command.state not in (table.ACKNOWLEDGED, table.ANSWERED):
        return f"{command.state}: {command.error}" if command.error else command.state
    if command.state == table.ANSWERED:
        result = bodies.decode(command.answer_id, command.answer_edition, command.answer).get("result")
        return "" if result in (0, "success", "ok") else f"upgrade result {result}"
    return ""


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000
