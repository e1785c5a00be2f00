"""The states of the session with the platform and what leads from one to the other. A table, nothing else."""

WAITING = "waiting"  # no link; the pause before the next attempt runs
CONNECTING = "connecting"  # the board is asked for a link
REGISTERING = "registering"  # 0x0100 is out
AUTHENTICATING = "authenticating"  # 0x0102 is out, nothing else may be sent
ONLINE = "online"
CLOSING = "closing"  # the board is asked to close the link

PAUSE_OVER = 0
LINK_UP_UNKNOWN = 1  # no authentication code is stored
LINK_UP_KNOWN = 2
LINK_DOWN = 3
REGISTERED = 4
ACCEPTED = 5
CODE_REFUSED = 6
GIVE_UP = 7  # no answer after all retransmissions, or refused once too often

# JT/T 808-2013 §7 (connection, registration, authentication). A pair that is not here is a bug.
TRANSITIONS = {
    WAITING: {PAUSE_OVER: CONNECTING, LINK_DOWN: WAITING},
    CONNECTING: {LINK_UP_UNKNOWN: REGISTERING, LINK_UP_KNOWN: AUTHENTICATING, LINK_DOWN: WAITING},
    REGISTERING: {REGISTERED: AUTHENTICATING, GIVE_UP: CLOSING, LINK_DOWN: WAITING},
    AUTHENTICATING: {ACCEPTED: ONLINE, CODE_REFUSED: REGISTERING, GIVE_UP: CLOSING, LINK_DOWN: WAITING},
    ONLINE: {GIVE_UP: CLOSING, LINK_DOWN: WAITING},
    CLOSING: {LINK_DOWN: WAITING, GIVE_UP: CLOSING},
}
