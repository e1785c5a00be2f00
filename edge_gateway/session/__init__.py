"""The session core: what is said to one terminal, and what of its words goes to the journal.

Bytes and the time come in; answers, reports for the journal and events come out. No sockets, no clocks, no
asyncio, no SQL here: `edge_gateway.server` is the shell around it.
"""

from .core import Session
from .events import Authenticated, Close, Deregister, Event, Left, Register, Submission
from .ports import SessionLimits

__all__ = [
    "Authenticated",
    "Close",
    "Deregister",
    "Event",
    "Left",
    "Register",
    "Session",
    "SessionLimits",
    "Submission",
]
