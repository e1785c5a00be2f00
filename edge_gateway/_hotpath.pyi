from collections import Counter
from typing import Any

from .connection import Connection
from .journal import Journal
from .journal.group import Submission
from .journal.origin import Origin

class ReportLane:
    def __init__(self, opening: bytes, sender: bytes, flag: int, overhead: int, base: int) -> None: ...
    def take(self, data: bytes, at: int, serial: int, /) -> tuple[int, int, bytes, bytes]: ...

class RecentIds:
    slots: int
    def __init__(self, packed: bytes = ..., next_slot: int = ...) -> None: ...
    def __contains__(self, prefix: bytes, /) -> bool: ...
    def add(self, prefix: bytes, now_ms: int, /) -> None: ...
    def pack(self) -> tuple[bytes, int]: ...

class Rows:
    count: int
    body_bytes: int
    longest: int
    earliest_ms: int
    latest_ms: int
    def add(
        self, index: int, received_ms: int, packed: bytes, named: bytes, ring: RecentIds, /
    ) -> tuple[int, int, int]: ...
    def counts(self, terminals: int, /) -> list[int]: ...
    def columns(self, time_bytes: int, length_bytes: int, /) -> bytes: ...
    def apply(self, rings: list[RecentIds], /) -> None: ...

class TerminalState:
    identity: str
    recent: RecentIds
    journalled: int
    duplicates: int
    def __init__(self, identity: str) -> None: ...

class Passenger:
    allowance: float
    heard_ms: int
    held: int
    fd: int
    serial: int
    due_serial: int

class Batch:
    def __getitem__(self, index: int, /) -> Any: ...

class Express:
    count: int
    unserved: bool
    def __init__(self, journal: Journal, release: Any, counters: Counter[str], held_max: int) -> None: ...
    def fileno(self) -> int: ...
    def board(
        self, connection: Connection, fd: int, allowance: float, data: bytes, now_ms: int, received_ms: int, /
    ) -> Passenger | None: ...
    def run(self, now_ms: int, received_ms: int, /) -> list[tuple[Connection, bytes]]: ...
    def answer(
        self, batch: Batch, outcome: int, touched: list[Connection], /
    ) -> tuple[list[tuple[int, int]], list[tuple[Connection, bytes]]]: ...
    def alight(self, passenger: Passenger, /) -> None: ...
    def close(self) -> None: ...

def take_read(
    connection: Connection, data: bytes, now_ms: int, received_ms: int, journal: Journal, release: Any, /
) -> int: ...
def hand_out(submissions: list[Submission], touched: list[Connection], /) -> list[tuple[int, int]]: ...
def write_out(touched: list[Connection], /) -> None: ...
def collect(
    rows: Rows,
    submissions: list[Submission],
    at: int,
    indexes: dict[Origin, int],
    states: list[TerminalState],
    known: dict[str, TerminalState],
    duplicates: Counter[int],
    waiting: list[Submission],
    safe: list[Submission],
    limits: tuple[int, int, int],
    /,
) -> int: ...
def settle(
    rows: Rows,
    states: list[TerminalState],
    duplicates: Counter[int],
    unsaved: dict[str, int],
    first_sequence: int,
    /,
) -> None: ...
