"""The commands of a running gateway: joins desk, store and the sessions' lines. Lives in one event loop.

To the server it is the listener (`online`, `offline`, `answered`, `uplink`), to the API and to MQTT it is
`create`, `cancel`, `get`. A command is on the disk before anybody hears that it was taken, and each move of
it is written before it is published.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..log import Throttle, event
from . import bodies
from .command import Command, CommandError, Now
from .desk import Desk
from .sending import Send, Sender
from .settings import CommandLimits
from .store import Audit, Row, Store
from .views import command_as_json, iso

TICK_S: Final = 0.25
AGAIN_S: Final = 5.0  # between two tries to write what could not be written
KEEP_MS: Final = 90 * 86_400_000  # done commands are forgotten after so long; audit lines never
CLEAN_UP_S: Final = 3600.0
KEY_CHARACTERS: Final = 200
WAITING_MAX: Final = 1000  # requests that wait for a command's end
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What is asked for. body: by field names, or {"hex": …}. not_after_ms: UTC, None for the default life.
    file: SHA-256 of an uploaded file that becomes the message's file field."""

    terminal: str
    message: str | int
    body: dict[str, Any]
    not_after_ms: int | None = None
    idempotency_key: str | None = None
    file: str = ""
    wants_upgrade_result: bool = False
    rollout: int = 0


class CommandService:
    """Made inside the loop; `start()` begins to work, `await stop()` writes what is to be written.

    `edition_of(identity)`: the edition a terminal registered with, None for a stranger.
    """

    def __init__(
        self,
        path: Path,
        limits: CommandLimits,
        edition_of: Callable[[str], int | None],
        utc_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Opens the file and takes up what was not done. Raises StoreError."""
        self._loop = asyncio.get_running_loop()
        self.store = Store(path, self._deliver)
        self.limits = limits
        self._edition_of = edition_of
        self._utc_ms = utc_ms
        self._desk = Desk(limits)
        self._desk.restore(self.store.open_commands(), self.now())
        self._sender = Sender(self._desk, self._body, self.now, self._pump)
        self._keys: dict[tuple[str, str], asyncio.Future[Row]] = {}  # being written
        self._adding: Counter[str] = Counter()  # terminal → commands that are being written
        self._unsaved: dict[int, Command] = {}  # done, and not on the disk yet
        self._unwritten: dict[int, Command] = {}  # the disk refused them: to be written again
        self._throttle = Throttle()
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}
        self.on_change: list[Callable[[Command], None]] = []  # after the commit
        self._ticker: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to look at the clock."""
        self._ticker = self._loop.create_task(self._tick())
        self._pump()

    async def stop(self) -> None:
        """Writes everything; what is not done waits on the disk for the next start."""
        if self._ticker:
            self._ticker.cancel()
        self._sender.stop()
        await asyncio.to_thread(self.store.close)
        await asyncio.sleep(0)

    def now(self) -> Now:
        """This moment."""
        return Now(int(self._loop.time() * 1000), self._utc_ms())

    # For the API and for MQTT.

    async def create(self, request: Request, asked_by: str) -> tuple[Row, bool]:
        """Takes a command, durably; gives it and whether it is new. Raises CommandError, naming the field.

        The same idempotency key of the same asker gives the command that was made then; with other contents
        it is a conflict.
        """
        key, fingerprint = request.idempotency_key, _fingerprint(request)
        if key is not None and not 1 <= len(key) <= KEY_CHARACTERS:
            raise CommandError(f"1 to {KEY_CHARACTERS} characters", "idempotency_key")
        if key is None:
            return await self._add(request, asked_by, fingerprint), True
        while (asked_by, key) in self._keys:
            await asyncio.wait([self._keys[asked_by, key]])
        known = self.store.by_key(asked_by, key)
        if known is not None:
            if known.fingerprint != fingerprint:
                raise CommandError("was used for another command", "idempotency_key", "conflict")
            return self.row(known.command.number) or known, False
        self._keys[asked_by, key] = self._loop.create_future()
        try:
            return await self._add(request, asked_by, fingerprint), True
        finally:
            self._keys.pop((asked_by, key)).cancel()

    def row(self, number: int) -> Row | None:
        """The command as it stands now."""
        row = self.store.get(number)
        live = self._desk.find(number) or self._unsaved.get(number)
        if row is None or live is None:
            return row
        return Row(live, row.body, row.file, row.idempotency_key, row.fingerprint, row.asked_by)

    async def cancel(self, number: int, who: str) -> Row:
        """Takes back what is not on the line yet. Raises CommandError."""
        row = self.row(number)
        if row is None:
            raise CommandError(f"there is no command {number}", "id", "unknown")
        self._desk.cancel(number, self.now())
        self._pump()
        await self.note(who, "command cancelled", row.command.terminal, f"command {number}")
        return row

    async def wait_until_done(self, number: int, timeout_s: float) -> None:
        """Returns when the command is done, or after the time."""
        command = self._desk.find(number)
        if command is None or len(self._waiting) >= WAITING_MAX:
            await self._written()  # its end may still be on the way to the disk
            return
        future: asyncio.Future[None] = self._loop.create_future()
        self._waiting.setdefault(number, []).append(future)
        await asyncio.wait([future], timeout=timeout_s)
        waiting = self._waiting.get(number, [])
        if future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[number]

    async def note(self, who: str, what: str, terminal: str, detail: str = "") -> None:
        """Writes an audit line. Raises CommandError when it cannot be."""
        written: asyncio.Future[Exception | None] = self._loop.create_future()
        audit = Audit(self._utc_ms(), who, what, terminal, detail)
        self.store.note(audit, lambda error: resolve(written, error))
        if error := await written:
            raise CommandError(f"the audit line could not be written: {error}", kind="failed")
        event(_log, logging.INFO, what, terminal=terminal or "-", by=who, detail=detail)

    def is_online(self, terminal: str) -> bool:
        """Whether a connection speaks for the terminal."""
        return self._desk.is_online(terminal)

    def stats(self) -> dict[str, Any]:
        """Commands that are not done, and counters since the start."""
        return {"open": len(self._desk), "counters": dict(sorted(self._desk.counters.items()))}

    def dead(self) -> list[str]:
        """What of it must run and does not, in words."""
        found = []
        if self.store.died:
            found.append("the commands' writer died; see the log")
        if self._ticker is None or self._ticker.done():
            found.append("the command desk stands still")
        return found

    def as_json(self, row: Row) -> dict[str, Any]:
        """The command for people."""
        return command_as_json(row)

    # The listener: what the server tells.

    def online(self, identity: str, edition: int, send: Send) -> None:
        """A connection speaks for this terminal from now on."""
        self._sender.lines[identity] = send
        self._hear(self._desk.online, identity, edition)

    def offline(self, identity: str) -> None:
        """No connection speaks for this terminal."""
        self._sender.lines.pop(identity, None)
        self._hear(self._desk.offline, identity)

    def edition_seen(self, identity: str, edition: int) -> None:
        """The terminal speaks this edition, whatever it registered as."""
        self._hear(self._desk.edition_seen, identity, edition)

    def answered(self, identity: str, message_id: int, serial: int, result: int) -> None:
        """A 0x0001 of the terminal, to our message `message_id` with `serial`."""
        self._hear(self._desk.answered, identity, message_id, serial, result)

    def uplink(
        self, identity: str, message_id: int, reply_serial: int | None, body: bytes, edition: int
    ) -> None:
        """Another message of the terminal that may be an answer, to be read by this edition."""
        self._hear(self._desk.uplink, identity, message_id, reply_serial, body, edition)

    def _hear(self, tell: Callable[..., None], *said: Any) -> None:
        """Tells the desk. What goes wrong with commands never reaches the road of the reports."""
        try:
            tell(*said, self.now())
            self._pump()
        except Exception:  # a bug with one command; the others, and the terminal, go on
            _log.exception("the command desk")

    async def _add(self, request: Request, asked_by: str, fingerprint: str) -> Row:
        command, body = self._checked(request)
        self._desk.limits_allow(command.terminal, self._adding[command.terminal], self._adding.total())
        row = Row(command, body, request.file, request.idempotency_key, fingerprint, asked_by)
        name = bodies.name_of(command.message_id)
        audit = Audit(
            command.created_ms, asked_by, f"command {name}", command.terminal, f"command {command.number}"
        )
        written: asyncio.Future[Exception | None] = self._loop.create_future()

        def told(error: Exception | None) -> None:
            """Whoever asked may be gone; what is on the disk is sent all the same."""
            self._adding[command.terminal] -= 1
            if not self._adding[command.terminal]:
                del self._adding[command.terminal]
            if error is None:
                self._hear(self._desk.submit, command)
            resolve(written, error)

        self._adding[command.terminal] += 1
        self.store.add(row, audit, told)
        error = await written
        if error is not None:
            _log.error("a command could not be written: %s", error)
            raise CommandError(f"it could not be written: {error}", kind="failed")
        shown = {"id": command.number, "terminal": command.terminal, "name": name, "by": asked_by}
        event(_log, logging.INFO, "command", **shown)
        return row

    def _checked(self, request: Request) -> tuple[Command, str]:
        """The command of a good request and its body's text. Raises CommandError, naming the field."""
        identity = request.terminal.lstrip("0")
        edition = self._edition_of(identity)
        if edition is None:
            raise CommandError(f"no terminal {request.terminal!r} is registered", "terminal", "unknown")
        utc_ms = self._utc_ms()
        message_id = bodies.message_of(request.message)
        not_after_ms = utc_ms + self.limits.life_ms if request.not_after_ms is None else request.not_after_ms
        self.check_end(not_after_ms)
        encoded = bodies.encode(
            message_id,
            self._desk.edition(identity) or edition,
            request.body,
            self._file(request.file, message_id),
        )
        if len(encoded) > self.limits.body_bytes:
            raise CommandError(f"{len(encoded)} bytes, {self.limits.body_bytes} at most", "body")
        command = Command(
            self.store.number(), identity, message_id, utc_ms, not_after_ms, changed_ms=utc_ms,
            wants_upgrade_result=request.wants_upgrade_result, rollout=request.rollout,
        )  # fmt: skip
        return command, json.dumps(request.body, ensure_ascii=False)

    def check_end(self, not_after_ms: int) -> None:
        """Raises CommandError for an expiry that no command may have."""
        utc_ms = self._utc_ms()
        if not utc_ms < not_after_ms <= utc_ms + self.limits.life_max_ms:
            raise CommandError(f"is not between now and {iso(utc_ms + self.limits.life_max_ms)}", "not_after")

    def _file(self, sha256: str, message_id: int) -> bytes:
        if not sha256:
            return b""
        content = self.store.file(sha256)
        if content is None:
            raise CommandError("no such file was uploaded", "file", "unknown")
        if message_id not in bodies.FILE_FIELD:
            raise CommandError(f"{bodies.name_of(message_id)} takes no file", "file")
        return content

    def _pump(self) -> None:
        """Sends what is to be sent, writes what moved, until neither is left."""
        while True:
            changed = self._desk.changed()
            for command in changed:
                self._sender.moved(command)
                self._note_change(command)
            sendings = self._desk.to_send() + self._sender.released()
            if not sendings and not changed:
                return
            for command in sendings:
                self._sender.send(command)

    def _note_change(self, command: Command) -> None:
        audit = None
        if command.done:
            self._unsaved[command.number] = command
            audit = Audit(
                command.changed_ms, "gateway", f"command {command.state}", command.terminal,
                f"command {command.number}" + (f": {command.error}" if command.error else ""),
            )  # fmt: skip
        done = command.done  # now: when the commit is told of it may have moved on
        self.store.save(command, audit, lambda error: self._saved(command, error, done))

    def _saved(self, command: Command, error: Exception | None, done: bool) -> None:
        if error is not None:  # not told of: a start before it is written takes it up where it stood
            self._unwritten[command.number] = command
            if self._throttle.allows("commands", str(error), self._loop.time()):
                _log.error("command %d could not be written, tried again: %s", command.number, error)
            return
        if done:
            self._unsaved.pop(command.number, None)
            for future in self._waiting.pop(command.number, ()):
                resolve(future, None)
        for told in self.on_change:
            told(command)

    def _body(self, command: Command) -> bytes:
        """Encoded in the edition of the connection it goes to. Raises CommandError."""
        row = self.store.get(command.number)
        if row is None:
            raise CommandError("it is gone from the disk")
        file = self._file(row.file, command.message_id)
        edition = self._desk.edition(command.terminal)
        return bodies.encode(command.message_id, edition, json.loads(row.body), file)

    async def _tick(self) -> None:
        clean_up_s = again_s = 0.0
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self._desk.tick(self.now())
                self._sender.tick(self.now())
                self._pump()
            except Exception:  # a bug with one command; the others go on
                _log.exception("the command desk")
            if self._unwritten and self._loop.time() >= again_s:
                again_s = self._loop.time() + AGAIN_S
                self._write_again()
            if self._loop.time() >= clean_up_s:
                clean_up_s = self._loop.time() + CLEAN_UP_S
                self.store.forget_before(self._utc_ms() - KEEP_MS)

    def _write_again(self) -> None:
        unwritten, self._unwritten = self._unwritten, {}
        for command in unwritten.values():
            self._note_change(command)

    async def _written(self) -> None:
        """Returns when all that was changed until now is on the disk."""
        written: asyncio.Future[Exception | None] = self._loop.create_future()
        self.store.run(lambda connection: None, lambda error: resolve(written, error))
        await written

    def _deliver(self, released: list[tuple[Callable[..., None], Any]]) -> None:
        """The store's: from its thread to the loop, one call per commit."""

        def tell() -> None:
            for told, outcome in released:
                try:
                    told(outcome)
                except Exception:
                    _log.exception("what a commit of commands released could not be told")

        self._loop.call_soon_threadsafe(tell)


def resolve(future: "asyncio.Future[Any]", value: Any) -> None:
    """Gives a future its value unless whoever waited went away."""
    if not future.done():
        future.set_result(value)


def _fingerprint(request: Request) -> str:
    """Tells requests under one idempotency key apart."""
    parts = [request.terminal.lstrip("0"), request.message, request.body, request.not_after_ms, request.file]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
