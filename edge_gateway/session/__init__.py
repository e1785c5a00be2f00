"""The session core: what is said to one terminal, and what of its words goes to the journal.

Bytes and the time come in; answers, reports for the journal and events come out. No sockets, no clocks, no
asyncio, no SQL here: `edge_gateway.server` is the shell around it.
"""

from .core import Session
from .events import (
    Answered,
    Authenticated,
    Close,
    Deregister,
    EditionSeen,
    Event,
    Left,
    Register,
    StoreMedia,
    Submission,
    Uplink,
)
from .ports import Budget, House, PackageLimits, SessionLimits

__all__ = [
    "Answered",
    "Authenticated",
    "Budget",
    "Close",
    "Deregister",
    "EditionSeen",
    "Event",
    "House",
    "Left",
    "PackageLimits",
    "Register",
    "Session",
    "SessionLimits",
    "StoreMedia",
    "Submission",
    "Uplink",
]
