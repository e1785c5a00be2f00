"""The new records of one commit, by column: what is already known is told apart by name and left out.

Knows names and columns; not terminals, SQLite or who waits.
"""

import struct
from collections import Counter
from typing import Final

from protocols.monitoring.records import MESSAGE, message_hasher, record_hasher

from .dedupe import PortableRing
from .packed import unpack_reports
from .packing import ID_BYTES

_TIME_CODES: Final = {4: "I", 8: "Q"}
_LENGTH_CODES: Final = {2: "H", 4: "I"}


class PortableRows:
    """count, body_bytes, longest: of the rows so far; earliest_ms, latest_ms: of their receive times."""

    __slots__ = ("_columns", "_seen", "body_bytes", "earliest_ms", "latest_ms", "longest")

    def __init__(self) -> None:
        # terminal index, received_ms, serial, kind, id prefix, body
        self._columns: list[tuple[int, int, int, int, bytes, bytes]] = []
        self._seen: set[bytes] = set()
        self.body_bytes = self.longest = self.earliest_ms = self.latest_ms = 0

    @property
    def count(self) -> int:
        """Rows so far."""
        return len(self._columns)

    def add(
        self, index: int, received_ms: int, packed: bytes, named: bytes, ring: PortableRing
    ) -> tuple[int, int, int]:
        """Takes a packed run of the terminal that `index` names here; `named`: its identity and a zero byte,
        which its reports' names begin with. Gives how many were new, how many repeat what is new here, how
        many what `ring` holds. Raises ValueError for what is no packed run."""
        phone = named[:-1].decode("ascii")
        copy, seen, columns = record_hasher(phone).copy, self._seen, self._columns
        again = known = size = 0
        before = len(columns)
        if not columns:
            self.earliest_ms = self.latest_ms = received_ms
        for serial, kind, body in unpack_reports(packed):
            if kind == MESSAGE:
                name = message_hasher(phone)
                name.update(serial.to_bytes(2, "big"))
            else:
                name = copy()
            name.update(body)
            prefix = name.digest()[:ID_BYTES]
            if prefix in seen:
                again += 1
            elif prefix in ring:
                known += 1
            else:
                seen.add(prefix)
                columns.append((index, received_ms, serial, kind, prefix, body))
                length = len(body)
                size += length
                self.longest = max(self.longest, length)
        self.body_bytes += size
        fresh = len(columns) - before
        if fresh:
            self.earliest_ms = min(self.earliest_ms, received_ms)
            self.latest_ms = max(self.latest_ms, received_ms)
        return fresh, again, known

    def counts(self, terminals: int) -> list[int]:
        """How many rows each of so many terminals has."""
        found = Counter([row[0] for row in self._columns])
        return [found[index] for index in range(terminals)]

    def columns(self, time_bytes: int, length_bytes: int) -> bytes:
        """The columns one behind the other: index, milliseconds after the earliest, serial, kind, length,
        name, body."""
        rows = self._columns
        if not rows:
            return b""
        count = len(rows)
        indexes, times, serials, kinds, ids, bodies = zip(*rows, strict=True)
        later = [received_ms - self.earliest_ms for received_ms in times]
        return b"".join(
            [
                struct.pack(f"<{count}H", *indexes),
                struct.pack(f"<{count}{_TIME_CODES[time_bytes]}", *later),
                struct.pack(f"<{count}H", *serials),
                bytes(kinds),
                struct.pack(f"<{count}{_LENGTH_CODES[length_bytes]}", *map(len, bodies)),
                *ids,
                *bodies,
            ]
        )

    def apply(self, rings: list[PortableRing]) -> None:
        """Gives each name to the ring of its terminal."""
        for index, received_ms, _, _, prefix, _ in self._columns:
            rings[index].add(prefix, received_ms)


# CPython may have a twin in C. ImportError: it was not built, or DIANYUN_PURE is set.
try:
    from .._hotpath import Rows
except ImportError:
    Rows = PortableRows  # type: ignore
