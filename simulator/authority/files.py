"""How the authority opens its SQLite files. Any number of processes may read while one writes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

_BUSY_TIMEOUT_S: Final = 30.0


def open_to_read(path: Path | str) -> sqlite3.Connection:
    """Changes nothing. Raises sqlite3.Error when there is no such file."""
    address = f"{Path(path).resolve().as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=_BUSY_TIMEOUT_S, check_same_thread=False)


def open_to_write(path: Path | str) -> sqlite3.Connection:
    """Makes file and folder when absent. Transactions are begun by hand and durable when they end."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA synchronous = FULL")
    return database
