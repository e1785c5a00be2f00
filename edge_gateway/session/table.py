"""The states of a session. A pair that is not in the table is a bug of ours.

Registration and deregistration are answered after a commit, so their answers may find another state than
their question did.
"""

from typing import Final

CONNECTED: Final = "connected"  # a socket, nobody we know
REGISTERING: Final = "registering"  # a 0x0100 waits for its commit
ONLINE: Final = "online"  # authenticated: the only state in which reports are taken
LEAVING: Final = "leaving"  # a 0x0003 waits for its commit
CLOSED: Final = "closed"

REGISTRATION_ASKED: Final = "registration asked"
REGISTRATION_ANSWERED: Final = "registration answered"
CODE_ACCEPTED: Final = "code accepted"
CODE_REFUSED: Final = "code refused"
DEREGISTRATION_ASKED: Final = "deregistration asked"
DEREGISTRATION_ANSWERED: Final = "deregistration answered"
CLOSING: Final = "closing"

TRANSITIONS: Final[dict[str, dict[str, str]]] = {
    CONNECTED: {
        REGISTRATION_ASKED: REGISTERING,
        CODE_ACCEPTED: ONLINE,
        CODE_REFUSED: CONNECTED,
        REGISTRATION_ANSWERED: CONNECTED,
        DEREGISTRATION_ANSWERED: CONNECTED,
        CLOSING: CLOSED,
    },
    REGISTERING: {
        REGISTRATION_ASKED: REGISTERING,
        REGISTRATION_ANSWERED: CONNECTED,
        CODE_ACCEPTED: ONLINE,
        CODE_REFUSED: REGISTERING,
        DEREGISTRATION_ANSWERED: REGISTERING,
        CLOSING: CLOSED,
    },
    ONLINE: {
        REGISTRATION_ASKED: ONLINE,  # the code in use stays good until the new one is used
        REGISTRATION_ANSWERED: ONLINE,
        CODE_ACCEPTED: ONLINE,
        CODE_REFUSED: CONNECTED,
        DEREGISTRATION_ASKED: LEAVING,
        DEREGISTRATION_ANSWERED: ONLINE,
        CLOSING: CLOSED,
    },
    LEAVING: {
        REGISTRATION_ASKED: REGISTERING,
        REGISTRATION_ANSWERED: LEAVING,
        CODE_ACCEPTED: ONLINE,
        CODE_REFUSED: LEAVING,
        DEREGISTRATION_ANSWERED: CONNECTED,
        CLOSING: CLOSED,
    },
    CLOSED: {
        REGISTRATION_ANSWERED: CLOSED,
        DEREGISTRATION_ANSWERED: CLOSED,
        CLOSING: CLOSED,
    },
}
