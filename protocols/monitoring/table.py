"""Many records as columns: how journal, line and authority hand them on without an object for each.

To the outside a sequence of `Record`, made when one is asked for, so whoever wants objects need not know.
Knows no rule of the contract (`batch` does) and no written form.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, overload

import numpy as np

from ..wire.errors import LocalProtocolError
from .byte_rows import INT, ByteRows, Column
from .records import KIND_MESSAGE_IDS, MESSAGE, Record, message_hasher, record_hasher

Sender = tuple[str, int, int]  # phone digits, edition, version byte of the header
MESSAGE_IDS_OF_KINDS: Final = np.array([*KIND_MESSAGE_IDS, 0], INT)


class Columns(NamedTuple):
    """Integers of 64 bits. numbers: who sent each record, by place among the senders; the others as in
    `Record`."""

    numbers: Column
    sequences: Column
    received_ms: Column
    message_ids: Column
    serials: Column
    kinds: Column


class RecordTable(Sequence[Record]):
    """Columns of one length, the bodies, and the senders that `numbers` mean. Immutable by agreement."""

    __slots__ = (
        "_is_compact", "bodies", "columns", "kinds", "message_ids", "numbers", "received_ms", "senders",
        "sequences", "serials",
    )  # fmt: skip

    def __init__(self, senders: Sequence[Sender], columns: Columns, bodies: ByteRows) -> None:
        self._is_compact = False
        self.senders = senders
        self.columns = columns
        self.numbers, self.sequences, self.received_ms, self.message_ids, self.serials, self.kinds = columns
        self.bodies = bodies

    @classmethod
    def of(cls, records: Sequence[Record]) -> RecordTable:
        """The table of any records; of a table itself. Raises LocalProtocolError, naming the field, for a
        number that 64 bits do not hold."""
        if isinstance(records, RecordTable):
            return records
        if not records:
            return cls([], Columns._make([np.zeros(0, INT)] * len(Columns._fields)), ByteRows.of([]))
        sequences, received, phones, editions, versions, ids, serials, kinds, bodies = zip(
            *records, strict=True
        )
        senders: dict[Sender, int] = {}
        numbers = [
            senders.setdefault(sender, len(senders))
            for sender in zip(phones, editions, versions, strict=True)
        ]
        columns = Columns(
            _column("sender", numbers),
            _column("sequence", sequences),
            _column("received_ms", received),
            _column("message_id", ids),
            _column("serial", serials),
            _column("kind", kinds),
        )
        return cls(list(senders), columns, ByteRows.of(bodies))

    @classmethod
    def joined(cls, parts: Sequence[RecordTable]) -> RecordTable:
        """One behind the other; one part at least."""
        if len(parts) == 1:
            return parts[0]
        senders: dict[Sender, int] = {}
        numbers = []
        for part in parts:
            places = [senders.setdefault(sender, len(senders)) for sender in part.senders]
            numbers.append(np.array(places, INT)[part.numbers])
        columns = Columns._make(map(np.concatenate, zip(*(part.columns for part in parts), strict=True)))
        columns = columns._replace(numbers=np.concatenate(numbers))
        return cls(list(senders), columns, ByteRows.joined([part.bodies for part in parts]))

    def take(self, which: slice | Column) -> RecordTable:
        """Some of the records; which: a slice, indexes or a mask. The bytes of bodies are shared."""
        columns = Columns._make([column[which] for column in self.columns])
        return RecordTable(self.senders, columns, self.bodies.take(which))

    def compact(self) -> RecordTable:
        """The same with no sender that sent nothing, in the order in which each comes first."""
        if self._is_compact:
            return self
        used, first, places = np.unique(self.numbers, return_index=True, return_inverse=True)
        order = np.argsort(first, kind="stable")
        ranks = np.empty(len(order), INT)
        ranks[order] = np.arange(len(order))
        senders = [self.senders[number] for number in used[order].tolist()]
        table = RecordTable(senders, self.columns._replace(numbers=ranks[places]), self.bodies)
        table._is_compact = True
        return table

    def names(self) -> list[bytes]:
        """The `id_of` each record, computed from what stands here."""
        hashers = [record_hasher(phone) for phone, _, _ in self.senders]
        names = []
        for number, body in zip(self.numbers.tolist(), self.bodies.to_list(), strict=True):
            hasher = hashers[number].copy()
            hasher.update(body)
            names.append(hasher.digest())
        for at in np.flatnonzero(self.kinds == MESSAGE).tolist():
            names[at] = self._message_name(at)
        return names

    def _message_name(self, at: int) -> bytes:
        hasher = message_hasher(self.senders[self.numbers[at]][0])
        hasher.update(int(self.serials[at]).to_bytes(2, "big"))
        hasher.update(int(self.message_ids[at]).to_bytes(2, "big") + self.bodies[at])
        return hasher.digest()

    def __len__(self) -> int:
        return len(self.sequences)

    @overload
    def __getitem__(self, at: int) -> Record: ...
    @overload
    def __getitem__(self, at: slice) -> RecordTable: ...
    def __getitem__(self, at: int | slice) -> Record | RecordTable:
        """One record, or a table of some."""
        if isinstance(at, slice):
            return self.take(at)
        number, sequence, received_ms, message_id, serial, kind = (int(column[at]) for column in self.columns)
        phone, edition, version = self.senders[number]
        return Record(
            sequence, received_ms, phone, edition, version, message_id, serial, kind, self.bodies[at]
        )

    def __iter__(self) -> Iterator[Record]:
        senders, columns = self.senders, [column.tolist() for column in self.columns]
        for number, sequence, received_ms, message_id, serial, kind, body in zip(
            *columns, self.bodies.to_list(), strict=True
        ):
            phone, edition, version = senders[number]
            yield Record(sequence, received_ms, phone, edition, version, message_id, serial, kind, body)

    def __eq__(self, other: object) -> bool:
        """Equal to any list or table of equal records."""
        if not isinstance(other, (list, tuple, RecordTable)):
            return NotImplemented
        return len(self) == len(other) and all(map(Record.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"RecordTable({list(self)!r})"


def _column(name: str, values: Sequence[int]) -> Column:
    try:
        return np.array(values, INT)
    except OverflowError:
        worst = max(values, key=abs)
        raise LocalProtocolError(f"{worst} is outside of 64 bits", field=name) from None
