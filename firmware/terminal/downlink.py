"""What the platform asks of the terminal: finds who works on each message; silence is no answer.

Answers 0x0001 with result 3 for what is not known here, 2 for a body that breaks the standard, 1 where memory
or flash did not suffice. A reply (0x8001, 0x8100, 0x8004, 0x8800) is never answered. The work that is rare is
on pages, whose `handle(terminal, header, body, now_ms)` gives the result for 0x0001, or None when the page
has answered by another message.
"""

import struct

from protocols.wire.bodies import decode_body, knows
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import parse_header
from protocols.wire.pages.ids import (
    MSG_ALARM_CONFIRMATION,
    MSG_AREA_QUERY,
    MSG_ATTRIBUTE_QUERY,
    MSG_CAMERA_SHOOTING,
    MSG_CIRCLE_SETTING,
    MSG_DOWNLINK_PASSTHROUGH,
    MSG_DRIVER_IDENTITY_QUERY,
    MSG_LISTED_PARAMETER_QUERY,
    MSG_MEDIA_DATA_RESPONSE,
    MSG_MISSING_PACKAGES_REQUEST,
    MSG_PARAMETER_QUERY,
    MSG_PARAMETER_SETTING,
    MSG_PHONE_BOOK_SETTING,
    MSG_RECORDER_DATA_COMMAND,
    MSG_RECORDER_PARAMETER_COMMAND,
    MSG_SERVER_TIME_RESPONSE,
    MSG_SINGLE_MEDIA_UPLOAD,
    MSG_TERMINAL_CONTROL,
    MSG_TEXT_MESSAGE,
    MSG_UPGRADE_PACKAGE,
    MSG_VEHICLE_CONTROL,
)
from protocols.wire.tables import (
    MSG_LINK_CHECK,
    MSG_PLATFORM_GENERAL_RESPONSE,
    MSG_POSITION_QUERY,
    MSG_POSITION_QUERY_RESPONSE,
    MSG_TEMPORARY_TRACKING_CONTROL,
    MSG_TERMINAL_REGISTRATION_RESPONSE,
    RESULT_BAD_MESSAGE,
    RESULT_FAILED,
    RESULT_OK,
    RESULT_UNSUPPORTED,
)

from . import pages

# Which page works on which ids, as first, last, name. The first range that holds an id counts.
ROUTES = (
    MSG_MISSING_PACKAGES_REQUEST,
    MSG_SERVER_TIME_RESPONSE,
    "link",
    MSG_PARAMETER_SETTING,
    MSG_PARAMETER_QUERY,
    "parameters",
    MSG_TERMINAL_CONTROL,
    MSG_TERMINAL_CONTROL,
    "control",
    MSG_LISTED_PARAMETER_QUERY,
    MSG_LISTED_PARAMETER_QUERY,
    "parameters",
    MSG_ATTRIBUTE_QUERY,
    MSG_ATTRIBUTE_QUERY,
    "attributes",
    MSG_UPGRADE_PACKAGE,
    MSG_UPGRADE_PACKAGE,
    "upgrade",
    MSG_ALARM_CONFIRMATION,
    MSG_ALARM_CONFIRMATION,
    "confirmation",
    MSG_TEXT_MESSAGE,
    MSG_PHONE_BOOK_SETTING,
    "text",
    MSG_VEHICLE_CONTROL,
    MSG_VEHICLE_CONTROL,
    "vehicle_control",
    MSG_CIRCLE_SETTING,
    MSG_AREA_QUERY,
    "areas",
    MSG_RECORDER_DATA_COMMAND,
    MSG_RECORDER_PARAMETER_COMMAND,
    "recorder",
    MSG_DRIVER_IDENTITY_QUERY,
    MSG_DRIVER_IDENTITY_QUERY,
    "driver",
    MSG_MEDIA_DATA_RESPONSE,
    MSG_MEDIA_DATA_RESPONSE,
    "media_answer",
    MSG_CAMERA_SHOOTING,
    MSG_SINGLE_MEDIA_UPLOAD,
    "media",
    MSG_DOWNLINK_PASSTHROUGH,
    MSG_DOWNLINK_PASSTHROUGH,
    "passthrough",
)
REPLIES = (
    MSG_PLATFORM_GENERAL_RESPONSE,
    MSG_TERMINAL_REGISTRATION_RESPONSE,
    MSG_SERVER_TIME_RESPONSE,
    MSG_MEDIA_DATA_RESPONSE,
)


def handle(terminal, payload, now_ms):
    """One payload (header + body) from the platform. Raises nothing for a fault of the platform."""
    header = parse_header(payload)  # its length was checked by the splitter
    try:
        try:
            result = _result(terminal, header, payload[header.body_at :], now_ms)
        except MemoryError:
            # The picture can wait, a message cannot. A message that comes twice is nothing new to a handler.
            view = terminal.view
            if view is None or view.screen is None or not view.screen.give_way(now_ms):
                raise
            result = _result(terminal, header, payload[header.body_at :], now_ms)
    except RemoteProtocolError:
        result = RESULT_BAD_MESSAGE
        terminal.bad_messages += 1
    except (MemoryError, OSError):
        result = RESULT_FAILED
    if result == RESULT_UNSUPPORTED:
        terminal.unsupported += 1
    if result is not None and header.message_id not in REPLIES:
        terminal.session.acknowledge(header, result)


def page_of(message_id):
    """The name of the page that works on this id, "" when none does."""
    for at in range(0, len(ROUTES), 3):
        if ROUTES[at] <= message_id <= ROUTES[at + 1]:
            return ROUTES[at + 2]
    return ""


def _result(terminal, header, body, now_ms):
    """What 0x0001 is to say, None for nothing."""
    if header.encryption:
        return RESULT_UNSUPPORTED
    handler = HANDLERS.get(header.message_id)
    page = page_of(header.message_id)
    if handler is None and not page:
        return RESULT_UNSUPPORTED
    edition = terminal.settings.edition
    if handler is not None and not knows(header.message_id, edition):
        return RESULT_UNSUPPORTED
    if header.subpackaged and header.message_id != MSG_UPGRADE_PACKAGE:  # that one is never whole in RAM
        body = pages.use("packages").add(terminal, header, body, now_ms)
        if body is None:
            return RESULT_OK
    if handler is not None:
        return handler(terminal, header, decode_body(header.message_id, edition, body), now_ms)
    try:
        module = pages.use(page)
    except ImportError:  # a program that was built without it
        return RESULT_UNSUPPORTED
    return module.handle(terminal, header, body, now_ms)


def _general_response(terminal, header, values, now_ms):
    terminal.answered(values["reply_id"], values["reply_serial"], values["result"], now_ms)


def _registration_response(terminal, header, values, now_ms):
    terminal.session.registration_answered(values, now_ms)


def _position_query(terminal, header, values, now_ms):
    """0x8201. The answer carries a report that is on flash too, so it is accounted for like any other."""
    body = terminal.report_for_query(now_ms)
    if not body:
        return RESULT_FAILED  # no time yet, so no position to tell
    terminal.mail.answer(MSG_POSITION_QUERY_RESPONSE, struct.pack(">H", header.serial) + body, header)
    return None


def _temporary_tracking(terminal, header, values, now_ms):
    terminal.track(values["interval_s"], values.get("validity_s", 0), now_ms)
    return RESULT_OK


def _link_check(terminal, header, values, now_ms):
    return RESULT_OK


HANDLERS = {
    MSG_PLATFORM_GENERAL_RESPONSE: _general_response,
    MSG_TERMINAL_REGISTRATION_RESPONSE: _registration_response,
    MSG_POSITION_QUERY: _position_query,
    MSG_TEMPORARY_TRACKING_CONTROL: _temporary_tracking,
    MSG_LINK_CHECK: _link_check,
}
