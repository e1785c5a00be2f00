"""What the journal's file says about every terminal, for `status`: whether the gateway runs or not.

Reads in one snapshot, writes nothing.
"""

import sqlite3
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from protocols.wire.bcd import identity_of

from .damage import readable_groups
from .destinations import read_destinations
from .packing import DamagedGroupError, unpack_contents, unpack_ids
from .schema import JournalError, connect
from .store import Store


def read_totals(path: Path) -> dict[str, Any]:
    """journalled, delivered, queued, rejected, damaged, and all but the last per terminal identity, with
    duplicates.

    journalled = delivered + queued + rejected + damaged; with several destinations delivered means to every
    one of them or given up, and `destinations` has the figures of each. For a terminal damaged is not known:
    what of its reports was damaged is missing from its other figures or counted as delivered. duplicates
    (resends that were recognised) are saved now and then and exact after a clean end; they lag while the
    gateway runs and after a kill. An absent file gives zeros. Raises JournalError.
    """
    if not path.exists():
        return {
            "journalled": 0,
            "delivered": 0,
            "queued": 0,
            "rejected": 0,
            "damaged": 0,
            "destinations": {},
            "terminals": {},
        }
    connection = connect(path, durable=False)
    try:
        connection.execute("BEGIN")
        return _read(connection)
    except sqlite3.Error as error:
        raise JournalError(f"the journal {path} cannot be read: {error}") from error
    finally:
        connection.close()


def read_queued(path: Path) -> int:
    """How many undelivered records the file holds. Raises JournalError."""
    connection = connect(path, durable=False)
    try:
        return Store(connection).queued()
    except sqlite3.Error as error:
        raise JournalError(f"the journal {path} cannot be read: {error}") from error
    finally:
        connection.close()


def _read(connection: sqlite3.Connection) -> dict[str, Any]:
    store = Store(connection)
    confirmed = store.confirmed()
    journalled, duplicates = _journalled(connection, store)
    queued = _queued(connection, confirmed)
    rejected = Counter(
        dict(
            connection.execute(
                "SELECT identity, count(*) FROM dead_letter WHERE sequence <= ? GROUP BY identity",
                (confirmed,),
            )
        )
    )
    return _totals(store, rejected.total()) | {
        "destinations": read_destinations(connection, store.last_sequence()),
        "terminals": _terminals(journalled, duplicates, queued, rejected),
    }


def _totals(store: Store, rejected: int) -> dict[str, Any]:
    journalled, queued, damaged = store.last_sequence(), store.queued(), store.damaged()
    return {
        "journalled": journalled,
        "delivered": journalled - queued - rejected - damaged,
        "queued": queued,
        "rejected": rejected,
        "damaged": damaged,
    }


def _journalled(connection: sqlite3.Connection, store: Store) -> tuple[Counter[str], dict[str, int]]:
    """Distinct reports of each identity: the saved row and what was journalled since; and its resends."""
    journalled: Counter[str] = Counter()
    through, duplicates = {}, {}
    for identity, row_through, count, resends in connection.execute(
        "SELECT identity, through, journalled, duplicates FROM terminal_state"
    ):
        journalled[identity], through[identity], duplicates[identity] = count, row_through, resends
    for first_sequence, contents, records in store.groups_after(store.state_through()):
        for offset, phone in enumerate(_phones(contents, records)):
            identity = identity_of(phone)
            if first_sequence + offset > through.get(identity, 0):
                journalled[identity] += 1
    return journalled, duplicates


def _queued(connection: sqlite3.Connection, confirmed: int) -> Counter[str]:
    """Undelivered reports of each identity. Whole groups are counted by their contents alone."""
    queued: Counter[str] = Counter()
    for _, contents in readable_groups(connection, confirmed + 1, "contents"):
        with suppress(DamagedGroupError):  # found, counted and logged when it is its turn to be delivered
            for terminal in unpack_contents(contents):
                queued[identity_of(terminal.phone)] += terminal.records
    split = next(Store(connection).groups_after(confirmed), None)
    if split and split[0] <= confirmed:
        for offset, phone in enumerate(_phones(split[1], split[2])):
            queued[identity_of(phone)] += split[0] + offset > confirmed
    return queued


def _phones(contents: bytes, records: bytes) -> list[str]:
    """Of each record of a group, in order; none of a damaged one."""
    try:
        return [phone for phone, _, _ in unpack_ids(contents, records)]
    except DamagedGroupError:
        return []


def _terminals(
    journalled: Counter[str], duplicates: dict[str, int], queued: Counter[str], rejected: Counter[str]
) -> dict[str, dict[str, int]]:
    delivered = journalled - queued - rejected
    return {
        identity: {
            "journalled": journalled[identity],
            "delivered": delivered[identity],
            "queued": queued[identity],
            "rejected": rejected[identity],
            "duplicates": duplicates.get(identity, 0),
        }
        for identity in sorted(journalled)
    }
