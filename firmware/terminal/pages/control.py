"""The terminal under control: 0x8105. Commands that cut the line are carried out after their answer.

What needs the board (power off, radio, upgrade from a URL) is not supported where it does not offer it.
"""

from protocols.wire.bodies import decode_layout, layout_of
from protocols.wire.pages.control import BODIES
from protocols.wire.tables import RESULT_BAD_MESSAGE, RESULT_OK, RESULT_UNSUPPORTED

from .. import actions

UPGRADE = 1
CONNECT = 2
POWER_OFF = 3
RESET = 4
FACTORY_RESET = 5
CLOSE_DATA = 6
CLOSE_RADIO = 7

# Fields of command 2 behind the control: code; APN; user; password; address; TCP port; UDP port; minutes.
BACK_TO_DEFAULT = b"1"
CODE = 1
ADDRESS = 5
TCP_PORT = 6
UDP_PORT = 7
MINUTES = 8
KEPT = ("parameters", "auth")  # files that a factory reset removes


def handle(terminal, header, body, now_ms):
    """Gives the result for 0x0001. The fields are text, parted by semicolons (in the wild also bytes)."""
    values = decode_layout(layout_of(BODIES, header.message_id, terminal.settings.edition), body)
    command = values["command"]
    fields = values["parameters"].rstrip(b"\x00").split(b";")
    if command == CONNECT:
        return _connect(terminal, fields, now_ms)
    if command == UPGRADE:
        done = terminal.act(actions.UPGRADE_FROM, values["parameters"])
        return RESULT_OK if done else RESULT_UNSUPPORTED
    if command == CLOSE_DATA:
        terminal.session.held = True
        terminal.reconnect_later(now_ms)
        return RESULT_OK
    if command == FACTORY_RESET:
        return _forget_all(terminal, now_ms)
    action = {POWER_OFF: actions.POWER_OFF, RESET: actions.RESET, CLOSE_RADIO: actions.RADIO_OFF}.get(command)
    if action is None or terminal.board is None or not terminal.board.offers(action):
        return RESULT_UNSUPPORTED
    terminal.act_later(action, 0, now_ms)
    return RESULT_OK


def _connect(terminal, fields, now_ms):
    """To the server that the platform names, for so many minutes, or back to those of the parameters."""
    session = terminal.session
    if fields[0] == BACK_TO_DEFAULT:
        session.visit(None, b"", 0, now_ms)
    else:
        port = _number(fields, UDP_PORT if terminal.settings.udp else TCP_PORT)
        minutes = _number(fields, MINUTES)
        if len(fields) <= ADDRESS or not fields[ADDRESS] or not 0 < port < 65536 or minutes < 0:
            return RESULT_BAD_MESSAGE
        session.visit((fields[ADDRESS].decode(), port), bytes(fields[CODE]), minutes * 60000, now_ms)
    terminal.reconnect_later(now_ms)
    return RESULT_OK


def _number(fields, index):
    """A field of digits; 0 when it is empty or not there, -1 when it is none."""
    if index >= len(fields) or not fields[index]:
        return 0
    return int(fields[index]) if fields[index].isdigit() else -1


def _forget_all(terminal, now_ms):
    """Parameters and authentication code go, reports and letters stay: they are the platform's."""
    board = terminal.board
    if board is None or not board.offers(actions.RESET):
        return RESULT_UNSUPPORTED
    if terminal.settings.store is not None:
        for name in KEPT:
            try:
                terminal.settings.store.files.remove(name)
            except OSError as absent:
                if absent.errno != 2:
                    raise
    board.act(actions.FACTORY_RESET, 0)
    terminal.act_later(actions.RESET, 0, now_ms)
    return RESULT_OK
