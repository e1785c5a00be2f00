"""The life of a waybill as a table: state → event → next state. A pair that is not in it is refused."""

from typing import Final

CREATED: Final = "created"
DISPATCHED: Final = "dispatched"
LOADED: Final = "loaded"
UNDER_WAY: Final = "under_way"
UNLOADED: Final = "unloaded"
PAID: Final = "paid"
CANCELLED: Final = "cancelled"

DISPATCH: Final = "dispatch"  # the order went to the terminal
LOAD: Final = "load"  # 0x0701, loaded
MOVE: Final = "move"  # the first position that moves
UNLOAD: Final = "unload"  # 0x0701, unloaded
PAY: Final = "pay"  # a funds document that lists it was taken in
CANCEL: Final = "cancel"

TRANSITIONS: Final[dict[str, dict[str, str]]] = {
    CREATED: {DISPATCH: DISPATCHED, LOAD: LOADED, CANCEL: CANCELLED},  # loaded: typed in at the keypad
    DISPATCHED: {DISPATCH: DISPATCHED, LOAD: LOADED, CANCEL: CANCELLED},
    LOADED: {MOVE: UNDER_WAY, UNLOAD: UNLOADED},
    UNDER_WAY: {UNLOAD: UNLOADED},
    UNLOADED: {PAY: PAID},
    PAID: {PAY: PAID},  # paid in several parts
    CANCELLED: {},
}
ON_THE_ROAD: Final = frozenset({LOADED, UNDER_WAY})
BEFORE_DEPARTURE: Final = frozenset({CREATED, DISPATCHED})
OVER: Final = frozenset({UNLOADED, PAID, CANCELLED})


def following(state: str, event: str) -> str | None:
    """The state that this event leads to; None when it does not belong here."""
    return TRANSITIONS[state].get(event)
