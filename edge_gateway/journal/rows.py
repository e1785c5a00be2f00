"""The new records of one commit, by column: what is already known is told apart by name and left out.

Knows names and columns; not terminals, SQLite or who waits.
"""

import struct
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate, chain, compress, repeat
from typing import TYPE_CHECKING, Any, Final

from protocols.monitoring.records import MESSAGE, message_hasher, record_hasher

from .dedupe import PortableRing
from .packed import BODY, FIELDS, ITEM, KIND, LENGTH, SERIAL, fields_of
from .packing import ID_BYTES

if TYPE_CHECKING:
    from .group import Submission

Hasher = Callable[[], blake2b]  # gives one for a position of its terminal, before the body
_TIME_CODES: Final = {4: "I", 8: "Q"}
_LENGTH_CODES: Final = {2: "H", 4: "I"}
_ORIGINS_KEPT: Final = 20_000  # as many as `records` keeps; some 4 MB more


class PortableRows:
    """What a group will hold, row by row: told apart run by run as it comes, made into columns at once.

    body_bytes: of the rows so far. A run of which everything is new, as nearly every one is, is taken whole.
    """

    __slots__ = ("_counts", "_fields", "_indexes", "_names", "_seen", "_times", "body_bytes")

    def __init__(self) -> None:
        self._fields: list[Any] = []  # of every row, as `packed.fields_of` gives them
        self._names: list[bytes] = []  # of every row
        self._seen: set[bytes] = set()
        # Of every run: index of its terminal, received_ms, rows.
        self._indexes: list[int] = []
        self._times: list[int] = []
        self._counts: list[int] = []
        self.body_bytes = 0

    @property
    def count(self) -> int:
        """Rows so far."""
        return len(self._names)

    @property
    def longest(self) -> int:
        """Bytes of the longest body."""
        return max(self._fields[LENGTH::FIELDS], default=0)

    @property
    def earliest_ms(self) -> int:
        """Of the receive times; 0 without rows."""
        return min(self._times, default=0)

    @property
    def latest_ms(self) -> int:
        """Of the receive times; 0 without rows."""
        return max(self._times, default=0)

    def add(
        self, index: int, received_ms: int, packed: bytes, named: bytes, ring: PortableRing
    ) -> tuple[int, int, int]:
        """Takes a packed run of the terminal that `index` names here; `named`: its identity and a zero byte,
        which its reports' names begin with. Gives how many were new, how many repeat what is new here, how
        many what `ring` holds. Raises ValueError for what is no packed run."""
        fields = fields_of(packed)
        bodies = fields[BODY::FIELDS]
        if MESSAGE in fields[KIND::FIELDS]:
            reports = zip(fields[SERIAL::FIELDS], fields[KIND::FIELDS], bodies, strict=True)
            names = [_name_of(named, *report) for report in reports]
        else:
            names = _names_of(repeat(_hasher(named)), bodies)
        count, again, known = len(names), 0, 0
        different, seen = set(names), self._seen
        if len(different) == count and seen.isdisjoint(different) and not ring.holds_any(names):
            seen |= different
            self._names += names
            self._fields += fields
            self.body_bytes += len(packed) - count * ITEM.size
        else:
            count = 0
            for at, name in enumerate(names):
                if name in seen:
                    again += 1
                elif name in ring:
                    known += 1
                else:
                    seen.add(name)
                    count += 1
                    row = fields[at * FIELDS : (at + 1) * FIELDS]
                    self._names.append(name)
                    self._fields += row
                    self.body_bytes += row[LENGTH]
        if count:
            self._indexes.append(index)
            self._times.append(received_ms)
            self._counts.append(count)
        return count, again, known

    def add_new(self, runs: "list[Submission]", indexes: list[int], rings: list[PortableRing]) -> bool:
        """Takes many runs at once when all in them is new and nothing a MESSAGE; otherwise does nothing and
        gives False. indexes, rings: of the terminals that sent them."""
        fields = fields_of(b"".join([run[2] for run in runs]))
        counts = [run[3] for run in runs]
        if MESSAGE in fields[KIND::FIELDS] or sum(counts) * FIELDS != len(fields):
            return False
        hashers = [_hasher(run[0].named) for run in runs]
        names = _names_of(chain.from_iterable(map(repeat, hashers, counts)), fields[BODY::FIELDS])
        different = set(names)
        if len(different) < len(names) or not self._seen.isdisjoint(different):
            return False
        for ring, count, end in zip(rings, counts, accumulate(counts), strict=True):
            if ring.holds_any(names[end - count : end]):
                return False
        self._seen |= different
        self._names += names
        self._fields += fields
        self.body_bytes += sum(fields[LENGTH::FIELDS])
        # Of an empty run, as the journal's own is, nothing counts, nor its time.
        self._indexes += compress(indexes, counts)
        self._times += [run[1] for run in runs if run[3]]
        self._counts += filter(None, counts)
        return True

    def counts(self, terminals: int) -> list[int]:
        """How many rows each of so many terminals has."""
        found = [0] * terminals
        for index, count in zip(self._indexes, self._counts, strict=True):
            found[index] += count
        return found

    def columns(self, time_bytes: int, length_bytes: int) -> bytes:
        """The columns one behind the other: index, milliseconds after the earliest, serial, kind, length,
        name, body."""
        fields, rows, earliest_ms = self._fields, len(self._names), self.earliest_ms
        indexes = self._of_each_row(self._indexes)
        later = self._of_each_row([received_ms - earliest_ms for received_ms in self._times])
        return b"".join(
            [
                struct.pack(f"<{rows}H", *indexes),
                struct.pack(f"<{rows}{_TIME_CODES[time_bytes]}", *later),
                struct.pack(f"<{rows}H", *fields[SERIAL::FIELDS]),
                bytes(fields[KIND::FIELDS]),
                struct.pack(f"<{rows}{_LENGTH_CODES[length_bytes]}", *fields[LENGTH::FIELDS]),
                *self._names,
                *fields[BODY::FIELDS],
            ]
        )

    def _of_each_row(self, of_runs: list[int]) -> Iterable[int]:
        """What is known of each run, for each of its rows."""
        if len(of_runs) == len(self._names):  # most reads are of one report
            return of_runs
        return chain.from_iterable(map(repeat, of_runs, self._counts))

    def apply(self, rings: list[PortableRing]) -> None:
        """Gives each name to the ring of its terminal."""
        at = 0
        for index, received_ms, count in zip(self._indexes, self._times, self._counts, strict=True):
            if count == 1:
                rings[index].add(self._names[at], received_ms)
            else:
                rings[index].extend(self._names[at : at + count], received_ms)
            at += count


def _names_of(hashers: Iterable[Hasher], bodies: Iterable[bytes]) -> list[bytes]:
    """The names of positions, each with the hasher of its terminal, as much of them as a ring holds."""
    names = []
    for body, begun in zip(bodies, hashers, strict=False):
        name = begun()
        name.update(body)
        names.append(name.digest()[:ID_BYTES])
    return names


def _name_of(named: bytes, serial: int, kind: int, body: bytes) -> bytes:
    if kind != MESSAGE:
        return _names_of((_hasher(named),), (body,))[0]
    name = message_hasher(named[:-1].decode("ascii"))
    name.update(serial.to_bytes(2, "big"))
    name.update(body)
    return name.digest()[:ID_BYTES]


@lru_cache(_ORIGINS_KEPT)
def _hasher(named: bytes) -> Hasher:
    """What makes the hashers of this terminal."""
    return record_hasher(named[:-1].decode("ascii")).copy


# CPython may have a twin in C. ImportError: it was not built, or DIANYUN_PURE is set.
try:
    from .._hotpath import Rows
except ImportError:
    Rows = PortableRows  # type: ignore
