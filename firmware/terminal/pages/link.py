"""What is asked about the link: missing packages (0x8003), the platform's time (0x8004)."""

from protocols.wire.bodies import decode_layout, layout_of
from protocols.wire.pages.ids import MSG_MISSING_PACKAGES_REQUEST
from protocols.wire.pages.link import BODIES
from protocols.wire.tables import RESULT_FAILED, RESULT_UNSUPPORTED

from ..calendar import BEIJING_OFFSET_S, DAY_SECONDS, read_beijing_bcd


def handle(terminal, header, body, now_ms):
    """Sends packages again, or believes the platform's time where the satellites gave none."""
    layout = layout_of(BODIES, header.message_id, terminal.settings.edition)
    if layout is None:
        return RESULT_UNSUPPORTED
    values = decode_layout(layout, body)
    if header.message_id == MSG_MISSING_PACKAGES_REQUEST:
        return _send_again(terminal, values)
    return _set_time(terminal, values["server_time_bcd"], now_ms)


def _send_again(terminal, values):
    if terminal.media is not None and terminal.media.again(values["first_serial"], values["numbers"]):
        return None
    frames = terminal.mail.again(values["first_serial"], values["numbers"])
    for frame in frames:
        terminal.session.queue(frame)
    return None if frames else RESULT_FAILED


def _set_time(terminal, bcd, now_ms):
    """0x8004 is UTC (one source says so); the setting `server_time_utc` says what this platform gives.

    The satellites know better: a terminal that has their time does not look.
    """
    day, second = read_beijing_bcd(bcd, 0)
    if day >= 0 and _is_time_of_day(bcd) and not terminal.clock.known:
        if terminal.settings.server_time_utc:
            second += BEIJING_OFFSET_S
        terminal.clock.set(day + second // DAY_SECONDS, second % DAY_SECONDS, 0, now_ms)
    return None


def _is_time_of_day(bcd):
    """Whether all digits are digits, and hour, minute and second are some; the date was looked at."""
    for byte in bcd:
        if byte & 0x0F > 9 or byte > 0x99:
            return False
    return bcd[3] <= 0x23 and bcd[4] <= 0x59 and bcd[5] <= 0x59
