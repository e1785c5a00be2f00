"""The states of a command. A pair that is not in the table is a bug of ours.

A terminal says that it took a command with a 0x0001; some commands have an answer of their own, which may
come instead of it or behind it. `acknowledged` is the end for the others only.
"""

from typing import Final

QUEUED: Final = "queued"  # waits for its terminal, or for its turn
SENT: Final = "sent"  # on the line, no word yet
ACKNOWLEDGED: Final = "acknowledged"  # 0x0001 with result 0
ANSWERED: Final = "answered"  # the message's own answer is there
REFUSED: Final = "refused"  # 0x0001 with another result
EXPIRED: Final = "expired"  # not done until its absolute end
CANCELLED: Final = "cancelled"  # before it was sent
FAILED: Final = "failed"  # no answer to any try, or it cannot be said to this terminal

ON_THE_LINE: Final = "on the line"
LINK_LOST: Final = "link lost"
ACCEPTED: Final = "accepted"
ANSWER_CAME: Final = "answer came"
TURNED_DOWN: Final = "turned down"
TIME_OVER: Final = "time over"
CALLED_OFF: Final = "called off"
GAVE_UP: Final = "gave up"

TRANSITIONS: Final[dict[str, dict[str, str]]] = {
    QUEUED: {
        ON_THE_LINE: SENT,
        TIME_OVER: EXPIRED,
        CALLED_OFF: CANCELLED,
        GAVE_UP: FAILED,
    },
    SENT: {
        ON_THE_LINE: SENT,  # said again, with the same serial
        LINK_LOST: QUEUED,  # it may have arrived or not: it is sent again on the next connection
        ACCEPTED: ACKNOWLEDGED,
        ANSWER_CAME: ANSWERED,
        TURNED_DOWN: REFUSED,
        TIME_OVER: EXPIRED,
        GAVE_UP: FAILED,
    },
    ACKNOWLEDGED: {
        ANSWER_CAME: ANSWERED,
        TURNED_DOWN: REFUSED,
        GAVE_UP: FAILED,
    },
    ANSWERED: {},
    REFUSED: {},
    EXPIRED: {},
    CANCELLED: {},
    FAILED: {},
}
FINAL: Final = frozenset(state for state, ways in TRANSITIONS.items() if not ways)
