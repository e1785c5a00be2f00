"""Which handler takes which message: the whole catalog of what terminals send, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from protocols.wire.tables import (
    MSG_POSITION_BATCH_UPLOAD,
    MSG_POSITION_QUERY_RESPONSE,
    MSG_POSITION_REPORT,
    MSG_TERMINAL_AUTHENTICATION,
    MSG_TERMINAL_DEREGISTRATION,
    MSG_TERMINAL_GENERAL_RESPONSE,
    MSG_TERMINAL_HEARTBEAT,
    MSG_TERMINAL_REGISTRATION,
)

from . import access, ciphers, downlink, pictures, uplink
from .ids import (
    ATTACHMENTS,
    MSG_MEDIA_DATA,
    MSG_SERVER_TIME_QUERY,
    MSG_TERMINAL_KEY,
    MSG_TERMINAL_MISSING_PACKAGES,
    UPLINK,
)
from .packages import Received

if TYPE_CHECKING:
    from .core import Session

Handler = Callable[["Session", Received], None]

# Session control: what a session needs for itself. Never in packages, never in the journal.
CONTROL: Final[dict[int, Handler]] = {
    MSG_TERMINAL_GENERAL_RESPONSE: uplink.general_response,
    MSG_TERMINAL_HEARTBEAT: access.heartbeat,
    MSG_TERMINAL_DEREGISTRATION: access.deregistration,
    MSG_SERVER_TIME_QUERY: access.server_time,
    MSG_TERMINAL_MISSING_PACKAGES: downlink.missing_request,
    MSG_TERMINAL_REGISTRATION: access.registration,
    MSG_TERMINAL_AUTHENTICATION: access.authentication,
    MSG_TERMINAL_KEY: ciphers.terminal_key,
}

HANDLERS: Final[dict[int, Handler]] = (
    dict.fromkeys(UPLINK - ATTACHMENTS, uplink.message)
    | CONTROL
    | {
        MSG_POSITION_REPORT: uplink.position,
        MSG_POSITION_QUERY_RESPONSE: uplink.query_response,
        MSG_POSITION_BATCH_UPLOAD: uplink.batch,
        MSG_MEDIA_DATA: pictures.data,
    }
)

BEFORE_AUTHENTICATION: Final = (MSG_TERMINAL_REGISTRATION, MSG_TERMINAL_AUTHENTICATION)
