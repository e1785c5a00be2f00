"""Driver codes on their way from the authority to a terminal's screen: read, kept, handed to the command
desk.

A newer push replaces a waiting one of the same holder, but only what it makes needless: a colour says nothing
of a code that has not arrived. One for a vehicle whose terminal nobody knows yet waits for it. A key for
proofs of presence that goes by is kept: with it scans are judged here. A push for a terminal whose key is
known leaves under its seal.
"""

import base64
import binascii
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from protocols.driver_code import push
from protocols.freight.registers import vehicle_key
from protocols.freight.values import seconds_of
from protocols.monitoring.fields import parse_object
from protocols.wire.errors import RemoteProtocolError

from ..log import event
from . import errands
from .book import Book
from .clock import Now
from .errands import Errand
from .registers import Registers
from .whose import Whose

VERSION: Final = 1
LIFE_MS: Final = 7 * 86_400_000  # a truck may be off for a holiday; what comes later is told anew
KEPT_MS: Final = 30 * 86_400_000  # ids of pushes that came
WAITING_MAX: Final = 20_000  # that wait for a terminal: more than a fleet that is being set up
WAITING_MS: Final = 400 * 86_400_000  # for what has no end of its own
_REPLACES: Final[dict[push.Kind, tuple[push.Kind, ...]]] = {
    push.Kind.CODE: (push.Kind.CODE, push.Kind.COLOUR, push.Kind.WITHDRAWN),
    push.Kind.WITHDRAWN: (push.Kind.CODE, push.Kind.COLOUR, push.Kind.WITHDRAWN),
    push.Kind.COLOUR: (push.Kind.COLOUR,),
    push.Kind.KEY: (push.Kind.KEY,),
}
_ONE: Final = "vehicle = ? AND terminal = ? AND kind = ?"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CodeDown:
    """id: of the push. terminal: phone or empty: then that of the vehicle. content: of 0x8900, without its
    type. values: as `push.parse` reads it."""

    id: str
    plate: str
    plate_colour: int
    terminal: str
    content: bytes
    values: Mapping[str, Any]

    @property
    def kind(self) -> push.Kind:
        """What it says."""
        return push.Kind(self.values["kind"])

    @property
    def vehicle(self) -> str:
        """`vehicle_key` of its vehicle."""
        return vehicle_key(self.plate, str(self.plate_colour))

    @property
    def rank(self) -> bytes:
        """Later pushes are greater."""
        return bytes(self.values["issued_bcd"]) + int(self.values["serial"]).to_bytes(4, "big")

    def ends_ms(self, now: Now) -> int:
        """How long it is worth waiting: to the end of the code."""
        until_s = seconds_of("20" + self.values["until_bcd"].hex()) if self.kind is push.Kind.CODE else None
        return now.ms + WAITING_MS if until_s is None else until_s * 1000


def decode(payload: bytes) -> CodeDown:
    """The message. Raises RemoteProtocolError, naming the field."""
    fields = parse_object(payload)
    fields.integer("v", VERSION, VERSION)
    try:
        content = base64.b64decode(fields.text("push"), validate=True)
    except (binascii.Error, ValueError):
        raise fields.fault("push", "no base64") from None
    return CodeDown(
        fields.text("id", r"[!-~]{1,80}"),
        fields.text("plate", r".{0,12}"),
        fields.integer("plate_colour", 0, 255),
        fields.text("terminal", r"[0-9]{0,20}"),
        content,
        push.parse(content),
    )


class CodesDown:
    """seals: terminal → the key that its board was set up with. counts: waited, expired, sealed."""

    def __init__(self, book: Book, registers: Registers, whose: Whose, seals: Mapping[str, bytes]) -> None:
        self._book, self._registers, self._whose = book, registers, whose
        self._seals = {terminal.lstrip("0"): key for terminal, key in seals.items()}
        self.counts: Counter[str] = Counter()

    def take(self, down: CodeDown, now: Now) -> bool:
        """Keeps it, as an errand or until its terminal is known; False when it came before. Within a turn.

        Raises RemoteProtocolError when WAITING_MAX wait already.
        """
        book = self._book
        if book.row("SELECT 1 FROM code WHERE id = ?", down.id):
            return False
        terminal = self._terminal_of(down)
        if terminal is None:
            self._wait(down, now)
        else:
            self._send(terminal, down.vehicle, down.content, now)
        book.run("INSERT INTO code VALUES (?, ?)", down.id, now.ms)
        book.run("DELETE FROM code WHERE at_ms < ?", now.ms - KEPT_MS)
        if down.kind is push.Kind.KEY:
            self._registers.add_presence(down.values["key"], bytes(down.values["secret"]))
        return True

    def look(self, now: Now) -> int:
        """Those whose terminal is known by now leave, in order of their issue; gives how many. Within a
        turn."""
        if not self.waiting():
            return 0
        ended = "SELECT count(*) FROM code_waiting WHERE until_ms <= ?"
        self.counts["push_expired"] += self._count(ended, now.ms)
        self._book.run("DELETE FROM code_waiting WHERE until_ms <= ?", now.ms)
        registered, found = self._whose.by_vehicle(), 0
        rows = self._book.rows("SELECT vehicle, terminal, kind, content FROM code_waiting ORDER BY rank")
        for vehicle, named, kind, content in rows:
            terminal = (
                (named if self._whose.is_registered(named) else None)
                if named
                else self._whose.known(vehicle, registered)
            )
            if terminal is None or not self._whose.is_registered(terminal):
                continue
            self._send(terminal, vehicle, bytes(content), now)
            self._forget(vehicle, named, (kind,))
            found += 1
        return found

    def waiting(self) -> int:
        """How many wait for a terminal."""
        return self._count("SELECT count(*) FROM code_waiting")

    def came(self) -> int:
        """How many came within KEPT_MS."""
        return self._count("SELECT count(*) FROM code")

    def _terminal_of(self, down: CodeDown) -> str | None:
        """None while the command desk would know nobody of that name."""
        terminal = down.terminal.lstrip("0") or self._whose.terminal_of(down.plate, down.plate_colour)
        return terminal if terminal and self._whose.is_registered(terminal) else None

    def _wait(self, down: CodeDown, now: Now) -> None:
        vehicle, named = down.vehicle, down.terminal.lstrip("0")
        newer = f"SELECT count(*) FROM code_waiting WHERE {_ONE} AND rank > ?"
        if self._count(newer, vehicle, named, int(down.kind), down.rank):
            return  # one that was issued later came first
        self._forget(vehicle, named, [int(kind) for kind in _REPLACES[down.kind]])
        if self.waiting() >= WAITING_MAX:
            self.counts["push_waiting_full"] += 1
            raise RemoteProtocolError(f"{WAITING_MAX} codes wait for terminals already", field="terminal")
        self._book.run(
            "INSERT INTO code_waiting VALUES (?, ?, ?, ?, ?, ?)",
            vehicle, named, int(down.kind), down.rank, down.ends_ms(now), down.content,
        )  # fmt: skip
        self.counts["push_waits"] += 1
        whose = named or "unknown"
        event(_log, logging.WARNING, "a code waits for its terminal", terminal=whose, push=down.id)

    def _send(self, terminal: str, vehicle: str, content: bytes, now: Now) -> None:
        kind = push.parse(content)["kind"]
        key = self._seals.get(terminal)
        if key is not None:
            content = push.seal(content, key, terminal)
            self.counts["push_sealed"] += 1
        errands.add(
            self._book,
            Errand(
                0,
                terminal,
                errands.PASSTHROUGH,
                {"type": push.PASSTHROUGH_TYPE, "content": {"hex": content.hex()}},
                now.ms + LIFE_MS,
                f"{terminal} {vehicle}",
                int(kind),
                [int(each) for each in _REPLACES[kind]],
            ),
        )

    def _forget(self, vehicle: str, named: str, kinds: tuple[int, ...] | list[int]) -> None:
        for kind in kinds:
            self._book.run(f"DELETE FROM code_waiting WHERE {_ONE}", vehicle, named, kind)

    def _count(self, query: str, *values: Any) -> int:
        found = self._book.row(query, *values)
        return int(found[0]) if found else 0
