from collections import Counter
from typing import Any

from .connection import Connection
from .journal import Journal
from .journal.group import Submission
from .journal.origin import Origin
from .journal.terminals import TerminalState

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
