"""The journal: where a report becomes durable before it is acknowledged, and stays until it is delivered.

One SQLite file, one writer thread. What arrives while one commit runs is the next group, so many
connections share one fsync and no timer is needed. Knows nothing of sockets, sessions, MQTT or the meaning
of a report body; must not answer anybody, only call back once a group is on the disk.
"""

from .group import FAILED, FULL, STORED
from .journal import Journal, JournalLimits
from .origin import Origin
from .packed import BODY_MAX, Report, pack_reports, unpack_reports
from .schema import JournalError
from .totals import read_queued, read_totals

__all__ = [
    "BODY_MAX",
    "FAILED",
    "FULL",
    "STORED",
    "Journal",
    "JournalError",
    "JournalLimits",
    "Origin",
    "Report",
    "pack_reports",
    "read_queued",
    "read_totals",
    "unpack_reports",
]
