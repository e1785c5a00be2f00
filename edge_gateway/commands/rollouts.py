"""Roll-outs of a running gateway: asks for the upgrade commands of each ring, judges their ends. Durable."""

import asyncio
import hashlib
import json
import logging
import sqlite3
import time
from dataclasses import dataclass
from typing import Any, Final

from . import bodies, table
from .command import UPGRADE_PACKAGE, Command, CommandError
from .rollout import RUNNING, Rollout, ring_ends
from .service import CommandService, Request, resolve

STEP_S: Final = 1.0
ASKED_AT_ONCE: Final = 200  # commands of one step
FILE_BYTES_MAX: Final = 16 << 20
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
        commands.on_change.append(self._changed)

    def start(self) -> None:
        """Takes up the roll-outs that were running."""
        found = self._commands.store.query(
            "SELECT number, plan, ring, asked_by FROM rollout WHERE state = ?", (RUNNING,)
        )
        for number, plan, ring, asked_by in found:
            self._take_up(number, Plan(**json.loads(plan)), ring, asked_by)
        self._task = asyncio.get_running_loop().create_task(self._work())

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
        await self._settle(rollout)
        return rollout.as_json()

    def _take_up(self, number: int, plan: Plan, ring: int, asked_by: str) -> None:
        self._running[number] = (self._rebuilt(number, plan, ring, RUNNING, ""), plan, asked_by)

    def _rebuilt(self, number: int, plan: Plan, ring: int, state: str, reason: str) -> Rollout:
        """As it was, from the commands on the disk."""
        terminals = [terminal.lstrip("0") for terminal in plan.terminals]
        rollout = Rollout(number, terminals, ring_ends(plan.rings, len(terminals)), plan.max_failures, ring)
        found = self._commands.store.query("SELECT number FROM command WHERE rollout = ?", (number,))
        for (command_number,) in found:
            row = self._commands.row(command_number)
            if row is None:
                continue
            rollout.asked.add(row.command.terminal)
            if row.command.done:
                problem = problem_of(row.command)
                (rollout.badly.__setitem__(row.command.terminal, problem) if problem
                 else rollout.well.add(row.command.terminal))  # fmt: skip
        rollout.state, rollout.reason = state, reason
        return rollout

    def _changed(self, command: Command) -> None:
        held = self._running.get(command.rollout)
        if held and command.done and held[0].outcome(command.terminal, problem_of(command)):
            asyncio.get_running_loop().create_task(self._settle(held[0]))

    async def _settle(self, rollout: Rollout) -> None:
        """Writes ring and state; at an end cancels what still waits."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE rollout SET ring = ?, state = ?, reason = ? WHERE number = ?",
                (rollout.ring, rollout.state, rollout.reason, rollout.number),
            )

        await self._write(write)
        if rollout.state == RUNNING:
            return
        self._running.pop(rollout.number, None)
        await self._commands.note("gateway", f"rollout {rollout.state}", "", f"rollout {rollout.number}")
        found = self._commands.store.query(
            "SELECT number FROM command WHERE rollout = ? AND state = ?", (rollout.number, table.QUEUED)
        )
        for (number,) in found:
            try:
                await self._commands.cancel(number, f"rollout {rollout.number}")
            except CommandError:  # it went on the line meanwhile
                continue

    async def _work(self) -> None:
        while True:
            try:
                for rollout, plan, asked_by in list(self._running.values()):
                    await self._ask(rollout, plan, asked_by)
            except Exception:  # a bug with one; the commands go on
                _log.exception("the roll-outs")
            await asyncio.sleep(STEP_S)

    async def _ask(self, rollout: Rollout, plan: Plan, asked_by: str) -> None:
        for terminal in rollout.due()[:ASKED_AT_ONCE]:
            request = Request(
                terminal, UPGRADE_PACKAGE, plan.body, plan.not_after_ms,
                f"rollout {rollout.number} {terminal}", plan.file, plan.wants_result, rollout.number,
            )  # fmt: skip
            try:
                await self._commands.create(request, asked_by)
            except CommandError as error:
                if error.kind == "full":
                    return  # the next step tries again
                if rollout.outcome(terminal, str(error)):
                    await self._settle(rollout)
            rollout.asked.add(terminal)

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
