"""Which terminals may speak: who is registered under which identity, and with which authentication codes.

The truth is a SQLite file; all of it is held in memory, so that an authentication costs no disk. Codes are
random, handed out once and kept as SHA-256 only. Changes are written by one thread, many in one commit, and
called back after it: a code that a terminal holds is a code that survives a power cut.

Knows the rules of registration, nothing of frames.
"""

import hashlib
import hmac
import logging
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .log import Throttle
from .threads import BatchThread

# Results of 0x8100 (unverified: JT/T 808-2013 §8.6).
REGISTERED: Final = 0
TERMINAL_ALREADY_REGISTERED: Final = 3
TERMINAL_UNKNOWN: Final = 4

CODE_BYTES: Final = 16  # 128 random bits, as 32 hex digits on the wire
TERMINALS_MAX: Final = 100_000  # by default: each costs memory here and in the journal
UNUSED_CODES_MAX: Final = 3  # issued and never used yet; the answers that carried them may have been lost

_log = logging.getLogger(__name__)


class RegistryError(Exception):
    """The registry cannot be opened or read; the message names the file."""


@dataclass(frozen=True)
class Device:
    """What a 0x0100 says, as on the wire but padding stripped: bytes stay bytes, GBK text too."""

    province: int
    city: int
    maker: bytes
    model: bytes
    terminal_id: bytes
    plate_colour: int
    plate: bytes

    def same_as(self, other: "Device") -> bool:
        """Whether it is the same piece of hardware; the vehicle it sits in may have changed."""
        mine, its = (self.maker, self.model, self.terminal_id), (other.maker, other.model, other.terminal_id)
        return mine == its


@dataclass
class Terminal:
    """One registered identity. codes: SHA-256 digests, oldest first; the first may be in use, the others
    were issued later. device is None once the terminal deregistered."""

    identity: str
    edition: int
    device: Device | None
    codes: list[bytes] = field(default_factory=list)
    in_use: bool = False  # whether codes[0] was used to authenticate


# Called after the commit: (result of 0x8100 or None when it could not be written, the code or b"").
Registered = Callable[[int | None, bytes], None]
Change = tuple[Terminal, Callable[[bool], None]]  # as it is to be written; called with whether it was
Deliver = Callable[[list[tuple[Callable[[bool], None], bool]]], None]


def _digest(code: bytes) -> bytes:
    return hashlib.sha256(code).digest()


def _call_here(released: list[tuple[Callable[[bool], None], bool]]) -> None:
    for release, written in released:
        release(written)


class Registry:
    """Used from one thread (the event loop); `deliver` brings its callbacks there, as the journal's does."""

    def __init__(
        self,
        path: Path,
        closed: bool = False,
        deliver: Deliver = _call_here,
        max_terminals: int = TERMINALS_MAX,
    ) -> None:
        """Opens or makes the file. `closed`: only identities that are there already may register.
        `max_terminals`: nor may a new one when there are so many; anybody can make identities up.

        Raises RegistryError.
        """
        self._max_terminals = max_terminals
        self._throttle = Throttle()
        self._closed_to_new = closed
        self._deliver = deliver
        self._path = path
        try:
            self._connection = _open(path)
            self._terminals = _load(self._connection)
        except sqlite3.Error as error:
            raise RegistryError(f"the registry {path} cannot be opened: {error}") from error
        self._thread: BatchThread[Change] = BatchThread("registry", self._write, self._abandon)

    def __len__(self) -> int:
        return len(self._terminals)

    def edition_of(self, identity: str) -> int | None:
        """The edition the terminal registered with; None for a stranger."""
        terminal = self._terminals.get(identity)
        return terminal.edition if terminal else None

    def register(self, identity: str, edition: int, device: Device, answer: Registered) -> None:
        """Decides a 0x0100 and calls `answer`, after the commit where something is written.

        The same device again gets a fresh code, and its old one stays good until the new one is first used:
        the answer may get lost. Another device on a bound identity is refused.
        """
        known = self._terminals.get(identity)
        if known is None and (self._closed_to_new or len(self._terminals) >= self._max_terminals):
            answer(TERMINAL_UNKNOWN, b"")
        elif known and known.device and not known.device.same_as(device):
            answer(TERMINAL_ALREADY_REGISTERED, b"")
        else:
            code = secrets.token_hex(CODE_BYTES).encode("ascii")
            terminal = known or Terminal(identity, edition, device)
            self._terminals[identity] = terminal
            terminal.edition, terminal.device = edition, device
            _issue(terminal, _digest(code))
            self._change(
                terminal, lambda written: answer(REGISTERED if written else None, code if written else b"")
            )

    def authenticate(self, identity: str, code: bytes, layout_2019: bool) -> int | None:
        """The edition to speak with the terminal, or None when the code is wrong or revoked.

        A newer code, used for the first time, revokes the older ones. `layout_2019`: of the header that
        carried the code; a terminal whose software changed sides is remembered with its new edition.
        """
        terminal = self._terminals.get(identity)
        if terminal is None:
            return None
        digest = _digest(code)
        place = next((n for n, kept in enumerate(terminal.codes) if hmac.compare_digest(kept, digest)), None)
        if place is None:
            return None
        edition = edition_of_layout(terminal.edition, layout_2019)
        if place or not terminal.in_use or edition != terminal.edition:
            terminal.codes = terminal.codes[place:]
            terminal.in_use, terminal.edition = True, edition
            self._change(terminal, _ignore)  # when it is lost, the code is still among those issued
        return edition

    def deregister(self, identity: str, answer: Callable[[bool], None]) -> None:
        """Ends the binding and revokes every code (0x0003); `answer(written)` after the commit."""
        terminal = self._terminals.get(identity)
        if terminal is None:
            answer(True)
            return
        terminal.device, terminal.codes, terminal.in_use = None, [], False
        self._change(terminal, answer)

    def close(self) -> None:
        """Writes what was asked for, closes the file."""
        self._thread.close()
        self._connection.close()

    def _change(self, terminal: Terminal, answer: Callable[[bool], None]) -> None:
        snapshot = Terminal(**{**vars(terminal), "codes": list(terminal.codes)})
        self._thread.put((snapshot, answer))

    def _write(self, changes: list[Change]) -> None:
        written = True
        try:
            with self._connection:
                for terminal, _ in changes:
                    _save(self._connection, terminal)
        except sqlite3.Error as error:
            written = False
            if self._throttle.allows("registry", str(error), time.monotonic()):
                _log.error("the registry could not be written: %s", error)
        self._deliver([(answer, written) for _, answer in changes])

    def _abandon(self, changes: list[Change]) -> None:
        self._deliver([(answer, False) for _, answer in changes])


def _issue(terminal: Terminal, digest: bytes) -> None:
    """Adds a code; of those never used, the oldest goes when they are too many. The used one stays."""
    terminal.codes.append(digest)
    used = 1 if terminal.in_use else 0
    if len(terminal.codes) > used + UNUSED_CODES_MAX:
        del terminal.codes[used]


def edition_of_layout(remembered: int, layout_2019: bool) -> int:
    """The edition behind a header: the layout shows 2019; of the older two the remembered one is kept."""
    if layout_2019:
        return 2019
    return remembered if remembered != 2019 else 2013


def _ignore(written: bool) -> None:
    """Nobody waits for it; a failure is in the log."""


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > 1:
        raise RegistryError(f"the registry {path} has version {version}, this program knows 1: upgrade it")
    with connection:
        connection.execute("BEGIN")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS terminal (identity TEXT PRIMARY KEY, edition INTEGER NOT NULL,"
            " bound INTEGER NOT NULL, province INTEGER, city INTEGER, maker BLOB, model BLOB,"
            " terminal_id BLOB, plate_colour INTEGER, plate BLOB, in_use INTEGER NOT NULL,"
            " codes BLOB NOT NULL) WITHOUT ROWID"
        )
        connection.execute("PRAGMA user_version=1")
    return connection


def _load(connection: sqlite3.Connection) -> dict[str, Terminal]:
    terminals = {}
    for identity, edition, bound, *device, in_use, codes in connection.execute("SELECT * FROM terminal"):
        digests = [codes[at : at + 32] for at in range(0, len(codes), 32)]
        terminals[identity] = Terminal(
            identity, edition, Device(*device) if bound else None, digests, bool(in_use)
        )
    return terminals


def _save(connection: sqlite3.Connection, terminal: Terminal) -> None:
    device = terminal.device or Device(0, 0, b"", b"", b"", 0, b"")
    connection.execute(
        "INSERT OR REPLACE INTO terminal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            terminal.identity,
            terminal.edition,
            terminal.device is not None,
            device.province,
            device.city,
            device.maker,
            device.model,
            device.terminal_id,
            device.plate_colour,
            device.plate,
            terminal.in_use,
            b"".join(terminal.codes),
        ),
    )
