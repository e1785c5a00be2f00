"""Sub-packaged messages of one terminal, put together before anybody reads them.

No package is answered before its whole message is on the disk: a terminal may forget what was answered, and
a message of which the gateway holds a part in memory would be lost with it. A package that comes again after
that gives the whole message again, so the journal, which knows it, answers once more: all of its packages,
and once a second at most, or one small frame sent over and over were the work of a large message each time.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from protocols.wire.header import Header
from protocols.wire.reassembly import PIECE_COST_BYTES, Missing, Reassembly

from .ports import Budget, PackageLimits

MSG_MEDIA_DATA: Final = 0x0801
AGAIN_MS: Final = 1000  # between two times that a repeated package gives its whole message
_SERIALS: Final = 0x10000


class Received(NamedTuple):
    """One whole message in the clear.

    header: of its frame, or of the package that completed it. first_serial: of its frame or its package 1;
    the record's. serials: those that are to be answered. again: the whole message was given before.
    """

    header: Header
    body: bytes
    first_serial: int
    serials: Sequence[int]
    again: bool = False


class Repeated(Exception):
    """A package that is here already, of a message that is not whole: its answer got no further than us."""


class _Whole:
    """A message that was given: until when it is kept, its bytes, when it may be given again."""

    __slots__ = ("again_at_ms", "body", "until_ms")

    def __init__(self, body: bytes, until_ms: int, again_at_ms: int) -> None:
        self.body = body
        self.until_ms = until_ms
        self.again_at_ms = again_at_ms


class NoRoom(Exception):
    """All sessions together hold as much of unfinished messages as they may."""


def first_serial_of(header: Header) -> int:
    """The serial of package 1 of the message that this package belongs to."""
    return (header.serial - header.number + 1) % _SERIALS


class Packages:
    """Made when a terminal sends its first package; `close` gives back what it held of the budget."""

    __slots__ = ("_budget", "_counters", "_held", "_idle_ms", "_kept_max", "_reassembly", "_sets", "_whole")

    def __init__(self, limits: PackageLimits, budget: Budget, counters: Counter[str]) -> None:
        self._reassembly = Reassembly(
            limits.sets, limits.bytes_max, limits.idle_ms, limits.ask_ms, limits.asks
        )
        self._budget = budget
        self._counters = counters
        self._held = 0  # our part of the budget
        self._sets = limits.sets
        self._kept_max = limits.bytes_max
        self._idle_ms = limits.idle_ms
        self._whole: dict[tuple[int, int], _Whole] = {}  # by id and first serial

    def take(self, header: Header, body: bytes, now_ms: int) -> Received | None:
        """The message that this package completes, or that it repeats a part of; None when more must come.

        Raises Repeated, NoRoom; RemoteProtocolError for a number outside 1…total and for what is too long.
        """
        if not self._budget.has_room(len(body) + PIECE_COST_BYTES):
            raise NoRoom
        key = (header.message_id, first_serial_of(header))
        before = dict(self._reassembly.counters)
        try:
            whole = self._reassembly.add("", header, body, now_ms)
            if whole is not None:
                self._keep(key, whole, now_ms)
        finally:
            self._count(before)
            self._settle()
        if whole is not None:
            return Received(header, whole, key[1], _serials_of(key[1], header.total))
        if self._reassembly.counters["repeated"] == before["repeated"]:
            return None
        kept = self._whole.get(key)
        if kept is None:
            raise Repeated
        if kept.body and now_ms < kept.again_at_ms:
            return None
        kept.again_at_ms = now_ms + AGAIN_MS
        return Received(header, kept.body, key[1], _serials_of(key[1], header.total), again=True)

    def tick(self, now_ms: int) -> list[Missing]:
        """Gives up what waits for too long; what is to be asked for now."""
        before = dict(self._reassembly.counters)
        requests: list[Missing] = self._reassembly.tick(now_ms)
        for key in [key for key, kept in self._whole.items() if now_ms >= kept.until_ms]:
            del self._whole[key]
        self._count(before)
        self._settle()
        return requests

    def close(self) -> None:
        """Forgets everything: what is open, and what was whole."""
        self._whole.clear()
        self._reassembly.forget("")
        self._settle()

    def _keep(self, key: tuple[int, int], whole: bytes, now_ms: int) -> None:
        """For late repeats; a picture is not kept, it is answered by its number."""
        self._whole.pop(key, None)
        body = b"" if key[0] == MSG_MEDIA_DATA else whole
        self._whole[key] = _Whole(body, now_ms + self._idle_ms, now_ms + AGAIN_MS)
        while len(self._whole) > self._sets or self._kept_bytes() > self._kept_max:
            del self._whole[next(iter(self._whole))]

    def _kept_bytes(self) -> int:
        return sum([len(kept.body) for kept in self._whole.values()])

    def _settle(self) -> None:
        """Brings our part of the budget up to date."""
        held = self._reassembly.open_bytes() + self._kept_bytes()
        self._budget.used += held - self._held
        self._held = held

    def _count(self, before: dict[str, int]) -> None:
        for name, count in self._reassembly.counters.items():
            if count != before[name]:
                self._counters["packages_" + name] += count - before[name]


def _serials_of(first_serial: int, total: int) -> list[int]:
    return [(first_serial + index) % _SERIALS for index in range(total)]
