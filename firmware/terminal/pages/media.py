"""Pictures by order: take (0x8801), search (0x8802), upload the stored (0x8803, 0x8805). No sound (0x8804).

Only where the board has a camera (`board.camera.take(file)`). What goes on afterwards is in `terminal.media`.
"""

from protocols.wire.bodies import decode_layout, encode_layout, layout_of
from protocols.wire.header import EDITION_2011
from protocols.wire.pages.ids import (
    MSG_CAMERA_SHOOTING,
    MSG_MEDIA_SEARCH,
    MSG_MEDIA_SEARCH_RESPONSE,
    MSG_MEDIA_UPLOAD,
    MSG_SINGLE_MEDIA_UPLOAD,
    PARAMETER_ALARM_CAMERA_SWITCH,
    PARAMETER_ALARM_PICTURE_STORAGE,
)
from protocols.wire.pages.media import BODIES
from protocols.wire.tables import (
    ALARM_COLLISION,
    ALARM_EMERGENCY,
    ALARM_ILLEGAL_DOOR_OPENING,
    ALARM_ROLLOVER,
    RESULT_FAILED,
    RESULT_OK,
    RESULT_UNSUPPORTED,
)

from ..media.album import LAST, STORED, UPLOAD
from ..media.work import CHANNEL, IMAGE, SHOT_FAILED, SHOT_NO_CHANNEL, Work, shot_answer

BY_ORDER = 0  # of the field `event`
STOP = 0  # of the command in 0x8801
VIDEO = 0xFFFF
UPLOAD_NOW = 0  # of `save`
PICTURES_MAX = 8  # of one order
NO_LIMIT = bytes(6)
# The events of pictures that alarms have: robbery, door, collision; the later one counts.
EVENTS = ((ALARM_EMERGENCY, 2), (ALARM_ILLEGAL_DOOR_OPENING, 4), (ALARM_COLLISION, 3), (ALARM_ROLLOVER, 3))
ANY_CHANNEL = 0


def handle(terminal, header, body, now_ms):
    """Gives the result for 0x0001, None when another message answers."""
    if getattr(terminal.board, "camera", None) is None or terminal.settings.store is None:
        return RESULT_UNSUPPORTED
    handler = HANDLERS.get(header.message_id)
    layout = layout_of(BODIES, header.message_id, terminal.settings.edition) if handler else None
    if layout is None:
        return RESULT_UNSUPPORTED
    return handler(terminal, header, decode_layout(layout, body), now_ms)


def resume(terminal):
    """Goes on with what the last run left; to be called once at the start of a board with a camera."""
    _work(terminal).album.clean()


def began(terminal, high, low, now_ms):
    """These alarms have begun (halves of the alarm word): a picture of those that parameter 0x0052 names.

    0x0053 says which are only stored. Without alarms: begins to look for regular ones. OSError.
    """
    if getattr(terminal.board, "camera", None) is None or terminal.settings.store is None:
        return
    work = _work(terminal)
    wanted = (high << 16 | low) & terminal.parameters.number(PARAMETER_ALARM_CAMERA_SWITCH)
    if not wanted:
        return
    event = BY_ORDER  # the list of events has none for the others; the parameter is an order, too
    for alarm, name in EVENTS:
        if wanted >> alarm & 1:
            event = name
    stored = terminal.parameters.number(PARAMETER_ALARM_PICTURE_STORAGE)
    if not work.order(-1, event, CHANNEL, LAST if wanted & ~stored else STORED, 1, 0, now_ms):
        terminal.health.note(b"no picture of an alarm: others are taken", now_ms)


def _shoot(terminal, header, values, now_ms):
    """0x8801. The answer, 0x0805, comes with the last picture; 2011 has none and gets 0x0001 at once."""
    command = values["command"]
    if command == VIDEO:
        return RESULT_UNSUPPORTED
    if command == STOP:
        if terminal.media is not None:
            terminal.media.stop(terminal)
        return RESULT_OK
    if values["channel"] != CHANNEL:
        return _refused(terminal, header, SHOT_NO_CHANNEL)
    mark = LAST if values["save"] == UPLOAD_NOW else STORED
    count = min(command, PICTURES_MAX)
    interval_ms = values["interval_s"] * 1000
    if not _work(terminal).order(header.serial, BY_ORDER, CHANNEL, mark, count, interval_ms, now_ms):
        return _refused(terminal, header, SHOT_FAILED)
    return None if _has_answer(terminal) else RESULT_OK


def _refused(terminal, header, result):
    if not _has_answer(terminal):
        return RESULT_FAILED
    shot_answer(terminal, header.serial, result, [])
    return None


def _has_answer(terminal):
    return terminal.settings.edition != EDITION_2011


def _search(terminal, header, values, now_ms):
    """0x8802, answered by 0x0802; items are made one by one, so that no list of them is in memory."""
    layout = layout_of(BODIES, MSG_MEDIA_SEARCH_RESPONSE, terminal.settings.edition)
    head = layout[: layout.index("items")]
    element = layout[len(head) + 1][-1]
    items = [encode_layout(element, found) for _, _, found in _matching(terminal, values)]
    answer = encode_layout(head, {"reply_serial": header.serial, "count": len(items)}) + b"".join(items)
    return None if terminal.mail.answer(MSG_MEDIA_SEARCH_RESPONSE, answer, header) else RESULT_FAILED


def _upload(terminal, header, values, now_ms):
    """0x8803: everything that fits is uploaded, and deleted then when the platform wants it."""
    marks = [(number, mark) for number, mark, _ in _matching(terminal, values)]
    return _mark(terminal, marks, values["deletion"])


def _upload_one(terminal, header, values, now_ms):
    """0x8805."""
    entries = _work(terminal).album.entries()
    marks = [each for each in entries if each[0] == values["media_id"]]
    return _mark(terminal, marks, values["deletion"])


def _mark(terminal, entries, deletion):
    work = _work(terminal)
    for number, mark in entries:
        if mark == STORED:
            work.album.change(number, STORED, LAST if deletion else UPLOAD)
    work.wanted()
    return RESULT_OK if entries else RESULT_FAILED


def _matching(terminal, wanted):
    """Yields (number, mark, values) of the pictures that 0x8802 or 0x8803 means."""
    album = _work(terminal).album
    for number, mark in album.entries():
        values = album.values(number, mark)
        if values is None or wanted["type"] != IMAGE or wanted["event"] != values["event"]:
            continue
        if wanted["channel"] not in (ANY_CHANNEL, values["channel"]):
            continue
        time = values["position"]["time_bcd"]
        if wanted["start_bcd"] != NO_LIMIT and time < wanted["start_bcd"]:
            continue
        if wanted["end_bcd"] != NO_LIMIT and time > wanted["end_bcd"]:
            continue
        yield number, mark, values


def _work(terminal):
    if terminal.media is None:
        terminal.media = Work(terminal)
    return terminal.media


HANDLERS = {
    MSG_CAMERA_SHOOTING: _shoot,
    MSG_MEDIA_SEARCH: _search,
    MSG_MEDIA_UPLOAD: _upload,
    MSG_SINGLE_MEDIA_UPLOAD: _upload_one,
}
