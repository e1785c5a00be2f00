"""An upgrade that waits for packages: asks for the missing ones (0x0005), gives up what nobody sends."""

from protocols.wire.bodies import encode_layout, layout_of
from protocols.wire.pages.ids import MSG_TERMINAL_MISSING_PACKAGES_REQUEST
from protocols.wire.pages.link import BODIES

from ..transfer import ASK_MS, RECEIVING, drop

ASKS = 5  # without any package in between
NUMBERS_MAX = 200  # of one question
IDLE_MS = 1800000  # without a package; then the upgrade is given up
AGE_MS = 86400000


def work(terminal, now_ms):
    """Called at `due_ms`: asks for what is missing, gives up what nobody sends any more."""
    transfer = terminal.upgrade
    transfer.due_ms = now_ms + ASK_MS
    if now_ms - transfer.touched_ms >= IDLE_MS or now_ms - transfer.began_ms >= AGE_MS:
        terminal.health.note(b"upgrade: packages are missing", now_ms)
        drop(terminal)
        return
    layout = layout_of(BODIES, MSG_TERMINAL_MISSING_PACKAGES_REQUEST, terminal.settings.edition)
    same_line = terminal.online and transfer.line == terminal.session.connections
    if transfer.phase != RECEIVING or layout is None or not same_line or transfer.asked == ASKS:
        return
    transfer.asked += 1
    numbers = _missing(transfer)
    values = {"first_serial": transfer.first_serial, "count": len(numbers), "numbers": numbers}
    terminal.mail.answer(MSG_TERMINAL_MISSING_PACKAGES_REQUEST, encode_layout(layout, values), None)


def _missing(transfer):
    numbers = []
    for number in range(1, transfer.total + 1):
        here = transfer.places[2 * number - 2] or transfer.places[2 * number - 1]
        if not here and not (number == transfer.total and transfer.last is not None):
            numbers.append(number)
            if len(numbers) == NUMBERS_MAX:
                break
    return numbers
