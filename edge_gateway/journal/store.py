"""The writer's SQL. Every statement of the journal that changes something is here.

Knows how things are kept, not when: `writer` decides that and holds the transactions.
"""

import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator

from protocols.monitoring.records import Record
from protocols.wire.bcd import identity_of

from .damage import KEPT, is_readable, readable_groups
from .dedupe import RecentIds
from .origin import Origin
from .packed import pack_reports
from .packing import DamagedGroupError, pack_group, report_of, unpack_ids, unpack_records
from .rows import Rows
from .terminals import StateRow, TerminalBook

_log = logging.getLogger(__name__)


class Store:
    """The writer's connection, with names for what it does. Raises sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._page_bytes = int(connection.execute("PRAGMA page_size").fetchone()[0])

    def last_sequence(self) -> int:
        """The last sequence ever given: groups are deleted only behind the cursor, or set aside."""
        ends = [
            self._number(
                f"SELECT first_sequence + count - 1 FROM {table} ORDER BY first_sequence DESC LIMIT 1"
            )
            for table in ("record_group", "damaged_group")
        ]
        return max(*ends, self._number("SELECT max(confirmed) FROM cursor"))

    def deleted_through(self, last_sequence: int) -> int:
        """The sequence before the first kept record."""
        # min() would look at every group, and touch a page of each.
        first = self._number(
            f"SELECT first_sequence FROM record_group WHERE {KEPT} ORDER BY first_sequence LIMIT 1"
        )
        return first - 1 if first else last_sequence

    def confirmed(self) -> int:
        """The cursor of the slowest active destination."""
        return self._number("SELECT min(confirmed) FROM cursor WHERE active")

    def rejected(self) -> int:
        """How many dead letters there are."""
        return self._number("SELECT count(*) FROM dead_letter")

    def damaged(self) -> int:
        """How many records were set aside undelivered."""
        return self._number(
            "SELECT sum(first_sequence + count - 1 - max(confirmed, first_sequence - 1)) FROM damaged_group"
        )

    def queued(self) -> int:
        """How many kept records are behind the cursor."""
        return self._number(
            "SELECT sum(first_sequence + count - 1 - max(?1, first_sequence - 1)) FROM record_group"
            f" WHERE first_sequence + count - 1 > ?1 AND {KEPT}",
            self.confirmed(),
        )

    def used_bytes(self) -> int:
        """Bytes of the file in use; pages of deleted groups are free for new ones."""
        return self._page_bytes * (self._number("PRAGMA page_count") - self._number("PRAGMA freelist_count"))

    def insert_group(self, first_sequence: int, count: int, contents: bytes, records: bytes) -> None:
        """Stores one group."""
        self.connection.execute(
            "INSERT INTO record_group VALUES (?, ?, ?, ?)", (first_sequence, count, contents, records)
        )

    def save_states(self, rows: Iterable[StateRow], through: int) -> None:
        """Saves terminals; `through`: every record up to there is in saved rows."""
        self.connection.executemany(
            "INSERT INTO terminal_state (identity, through, journalled, duplicates, next_slot, ids)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO UPDATE SET through = excluded.through,"
            " journalled = excluded.journalled, duplicates = excluded.duplicates,"
            " next_slot = excluded.next_slot, ids = excluded.ids",
            rows,
        )
        self.connection.execute("UPDATE meta SET value = ? WHERE key = 'state_through'", (through,))

    def whole_groups_end(self, after: int, limit: int, records: int) -> int:
        """The end of the kept groups behind `after` that end at `limit` or before: at most `records` of them,
        but one group at least. `after` when there is none."""
        end = after
        for first, count in self.connection.execute(
            "SELECT first_sequence, count FROM record_group WHERE first_sequence > ? ORDER BY first_sequence",
            (after,),
        ):
            group_end = first + count - 1
            if group_end > limit or (end > after and group_end - after > records):
                break
            end = group_end
        return end

    def delete_through(self, sequence: int) -> None:
        """Deletes the groups that begin at `sequence` or before, but those that are set aside."""
        self.connection.execute(f"DELETE FROM record_group WHERE first_sequence <= ? AND {KEPT}", (sequence,))

    def set_aside(self, first_sequence: int, problem: str, readable: bool = True) -> None:
        """Takes a damaged group out of the way, its bytes kept. One that is not `readable` stays and is only
        noted: a statement that meets such a page spoils the whole transaction."""
        if not readable:
            self._note_damaged(first_sequence, problem, "x'', x''")
            return
        self._note_damaged(first_sequence, problem, "contents, records")
        self.connection.execute("DELETE FROM record_group WHERE first_sequence = ?", (first_sequence,))

    def undeletable(self) -> list[int]:
        """The beginnings of delivered groups that cannot be read, nor deleted therefore. Not in a
        transaction, which it would spoil."""
        delivered = self.connection.execute(
            f"SELECT first_sequence FROM record_group WHERE first_sequence <= ? AND {KEPT}",
            (self.confirmed(),),
        ).fetchall()
        return [first for (first,) in delivered if not is_readable(self.connection, first)]

    def _note_damaged(self, first_sequence: int, problem: str, kept: str) -> None:
        self.connection.execute(
            f"INSERT INTO damaged_group SELECT first_sequence, count, ?2, ?3, ?4, {kept}"
            " FROM record_group WHERE first_sequence = ?1",
            (first_sequence, self.confirmed(), time.time_ns() // 1_000_000, problem),
        )

    def reject(self, sequence: int, reason: str) -> int:
        """Keeps a copy of a refused record; gives 1, or 0 when it is there already or the record is gone."""
        row = next(self.groups_after(sequence - 1), None)
        if row is None or row[0] > sequence:
            return 0
        first_sequence, contents, records = row
        try:
            found = unpack_records(contents, records, first_sequence, sequence - first_sequence, 1)
        except DamagedGroupError as error:  # what others wait for in this commit must not fail by it
            _log.error("no copy of the refused record %d can be kept: %s", sequence, error)
            return 0
        if not found:
            return 0
        return self._insert_dead_letter(found[0], reason)

    def _insert_dead_letter(self, record: Record, reason: str) -> int:
        origin = Origin(record.phone, record.edition, record.version)
        rows = Rows()
        rows.add(0, record.received_ms, pack_reports([report_of(record)]), origin.named, RecentIds())
        changed = self.connection.execute(
            "INSERT OR IGNORE INTO dead_letter VALUES (?, ?, ?, ?, ?, ?)",
            (
                record.sequence,
                origin.identity,
                reason,
                time.time_ns() // 1_000_000,
                *pack_group([origin.packed], [1], rows),
            ),
        )
        return changed.rowcount

    def load(self, book: TerminalBook) -> None:
        """Fills the book from the saved rows and the groups that are younger."""
        book.load(
            self.connection.execute(
                "SELECT identity, through, journalled, duplicates, next_slot, ids FROM terminal_state"
            )
        )
        for first_sequence, contents, records in self.groups_after(self.state_through()):
            try:
                _replay(book, first_sequence, contents, records)
            except DamagedGroupError as error:  # its resends will be stored again; the receiver drops them
                _log.error("the group at sequence %d is damaged: %s", first_sequence, error)
        book.loaded()

    def state_through(self) -> int:
        """Every record up to here is contained in the saved rows."""
        return self._number("SELECT value FROM meta WHERE key = 'state_through'")

    def groups_after(self, sequence: int) -> Iterator[tuple[int, bytes, bytes]]:
        """(first_sequence, contents, records) of the groups that hold a record behind `sequence`."""
        row = self.connection.execute(
            "SELECT first_sequence, count FROM record_group WHERE first_sequence <= ?"
            " ORDER BY first_sequence DESC LIMIT 1",
            (sequence + 1,),
        ).fetchone()
        first = row[0] if row and row[0] + row[1] - 1 > sequence else sequence + 1
        yield from readable_groups(self.connection, first)

    def _number(self, query: str, *parameters: object) -> int:
        row = self.connection.execute(query, parameters).fetchone()
        return int(row[0] or 0) if row else 0


def _replay(book: TerminalBook, first_sequence: int, contents: bytes, records: bytes) -> None:
    identities: dict[str, str] = {}
    for offset, (phone, received_ms, prefix) in enumerate(unpack_ids(contents, records)):
        identity = identities.get(phone) or identities.setdefault(phone, identity_of(phone))
        book.replay(first_sequence + offset, identity, received_ms, prefix)
