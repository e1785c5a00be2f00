"""What the platform asks of the terminal: takes each message apart and answers it; silence is no answer.

Answers: 0x0001 result 3 for what is not known here, 2 for a body that breaks the standard. A reply
(0x8001, 0x8100) is never answered.
"""

from protocols.wire.bodies import decode_body
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.header import parse_header
from protocols.wire.tables import (
    MSG_PLATFORM_GENERAL_RESPONSE,
    MSG_POSITION_QUERY,
    MSG_POSITION_QUERY_RESPONSE,
    MSG_POSITION_REPORT,
    MSG_TEMPORARY_TRACKING_CONTROL,
    MSG_TERMINAL_REGISTRATION_RESPONSE,
    RESULT_BAD_MESSAGE,
    RESULT_FAILED,
    RESULT_OK,
    RESULT_UNSUPPORTED,
)

REPLIES = (MSG_PLATFORM_GENERAL_RESPONSE, MSG_TERMINAL_REGISTRATION_RESPONSE)


def handle(terminal, payload, now_ms):
    """One payload (header + body) from the platform. Raises nothing for a fault of the platform."""
    header = parse_header(payload)  # its length was checked by the splitter
    handler = HANDLERS.get(header.message_id)
    if handler is None or header.subpackaged or header.encryption:
        terminal.unsupported += 1
        terminal.session.acknowledge(header, RESULT_UNSUPPORTED)
        return
    try:
        values = decode_body(header.message_id, terminal.settings.edition, payload[header.body_at :])
    except RemoteProtocolError:
        terminal.bad_messages += 1
        if header.message_id not in REPLIES:
            terminal.session.acknowledge(header, RESULT_BAD_MESSAGE)
        return
    handler(terminal, header, values, now_ms)


def _general_response(terminal, header, values, now_ms):
    terminal.answered(values["reply_id"], values["reply_serial"], values["result"], now_ms)


def _registration_response(terminal, header, values, now_ms):
    terminal.session.registration_answered(values, now_ms)


def _position_query(terminal, header, values, now_ms):
    """0x8201. The answer carries a report that is on flash too, so it is accounted for like any other."""
    body = terminal.report_for_query(now_ms)
    if not body:
        terminal.session.acknowledge(header, RESULT_FAILED)  # no time yet, so no position to tell
        return
    position = decode_body(MSG_POSITION_REPORT, terminal.settings.edition, body)
    terminal.session.reply(MSG_POSITION_QUERY_RESPONSE, {"reply_serial": header.serial, "position": position})


def _temporary_tracking(terminal, header, values, now_ms):
    terminal.track(values["interval_s"], values.get("validity_s", 0), now_ms)
    terminal.session.acknowledge(header, RESULT_OK)


HANDLERS = {
    MSG_PLATFORM_GENERAL_RESPONSE: _general_response,
    MSG_TERMINAL_REGISTRATION_RESPONSE: _registration_response,
    MSG_POSITION_QUERY: _position_query,
    MSG_TEMPORARY_TRACKING_CONTROL: _temporary_tracking,
}
