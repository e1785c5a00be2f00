"""Page: the driver code that is pushed (0x8900, a type of the user's range): checked, kept in flash, shown.

Kept as two values that go with each other over a power cut: the code's text in one of two slots, and a
record that says which slot; the record is written last.
"""

import binascii

from protocols.wire.bodies import decode_layout, encode_layout
from protocols.wire.errors import RemoteProtocolError
from protocols.wire.pages import driver_code as push_tables
from protocols.wire.tables import BYTE, DWORD, KIND_FIXED, RESULT_FAILED, RESULT_OK, RESULT_UNSUPPORTED

from ..calendar import read_beijing_bcd, seconds_between
from ..screen.screen import KEY_NAME

RECORD_NAME = "code"
SLOT_NAMES = ("code0", "code1")
AHEAD_S = 600  # a push from further in the future would lock out every later one
RECORD = ("slot", BYTE, "issued_bcd", KIND_FIXED + 6, "serial", DWORD) + push_tables.CODE[:-2]


def push(terminal, content, now_ms):
    """Takes a push (the content behind the type); gives the result for 0x0001.

    One that was taken before is taken again and changes nothing; an older one fails, and one without the seal
    that this terminal wants.
    """
    seal = terminal.view.seal
    if content[:1] == bytes((push_tables.SEALED,)):
        if seal is None:
            return RESULT_UNSUPPORTED
        content = _unsealed(terminal, seal, content)
    elif seal is not None and seal[2]:
        content = None
    if content is None:
        terminal.health.note(b"a code with a wrong seal, or none", now_ms)
        return RESULT_FAILED
    issue, body = _opened(content)
    record = _record(terminal.settings.store)
    new = issue["issued_bcd"] + _four(issue["serial"])
    old = record["issued_bcd"] + _four(record["serial"])
    if new == old:
        return RESULT_OK
    if new < old or _is_ahead(terminal.clock, issue["issued_bcd"], now_ms):
        return RESULT_FAILED
    result = KINDS[issue["kind"]](terminal, record, body)
    if result == RESULT_OK:
        record["issued_bcd"] = issue["issued_bcd"]
        record["serial"] = issue["serial"]
        terminal.settings.store.put(RECORD_NAME, encode_layout(RECORD, record))
        restore(terminal)
    return result


def restore(terminal):
    """Puts what flash holds into the view; to be called once at the start."""
    store = terminal.settings.store
    view = terminal.view
    record = _record(store)
    text = store.get(SLOT_NAMES[record["slot"]]) if record["slot"] < 2 else b""
    view.code = text
    view.colour = record["colour"] if text else 0
    view.until_day, view.until_second = read_beijing_bcd(record["until_bcd"], 0)
    view.licence_end = record["licence_end_bcd"] if text else b""
    view.refreshed_day, view.refreshed_second = read_beijing_bcd(record["issued_bcd"], 0)
    view.key = record["key"]
    view.name = record["name"] if text else b""
    view.plate = record["plate"] or terminal.settings.plate
    view.changed()


def _unsealed(terminal, seal, content):
    """The push in a sealed one, None when the seal is not ours. In the same time wherever it differs."""
    at = 1 + push_tables.SEAL_BYTES
    inner = bytes(content[at:])
    named = bytes((push_tables.SEAL_DOMAIN,)) + terminal.settings.phone.lstrip("0").encode() + b"\x00"
    own = seal[0](seal[1], named + inner)
    differing = len(content) < at
    for index in range(1, min(at, len(content))):
        differing |= own[index - 1] ^ content[index]
    return None if differing else inner


def _opened(content):
    """(issue, body) of a push that is whole. Raises RemoteProtocolError."""
    head = decode_layout(push_tables.HEAD, content)
    if head["version"] != push_tables.VERSION:
        raise RemoteProtocolError("version %d" % head["version"], -1, "version", 0)
    if head["check"] != binascii.crc32(head["rest"]):
        raise RemoteProtocolError("check sum is wrong", -1, "check", 1)
    issue = decode_layout(push_tables.ISSUE, head["rest"])
    layout = LAYOUTS.get(issue["kind"])
    if layout is None:
        raise RemoteProtocolError("kind %d" % issue["kind"], -1, "kind", 5)
    if read_beijing_bcd(issue["issued_bcd"], 0)[0] < 0:
        raise RemoteProtocolError("no time", -1, "issued_bcd", 6)
    return issue, decode_layout(layout, issue["rest"])


def _record(store):
    """What is kept; of an empty store a record that every push is newer than."""
    try:
        return decode_layout(RECORD, store.get(RECORD_NAME))
    except RemoteProtocolError:
        return {
            "slot": 2,
            "issued_bcd": bytes(6),
            "serial": 0,
            "colour": 0,
            "until_bcd": bytes(6),
            "licence_end_bcd": bytes(3),
            "key": 0,
            "plate": b"",
            "name": b"",
        }


def _is_ahead(clock, bcd, now_ms):
    if not clock.known:
        return False
    clock.read(now_ms)
    day, second = read_beijing_bcd(bcd, 0)
    return seconds_between(clock.day, clock.second, day, second) > AHEAD_S


def _code(terminal, record, body):
    """A code with all that goes with it, unless it is another truck's."""
    own = terminal.settings.plate
    if own and body["plate"] != own:
        return RESULT_FAILED
    _limits(body)
    slot = 1 if record["slot"] == 0 else 0
    terminal.settings.store.put(SLOT_NAMES[slot], body["code"])
    record.update(body)
    record["slot"] = slot
    return RESULT_OK


def _colour(terminal, record, body):
    """The code stays, and its word is fresh again."""
    if record["slot"] > 1:
        return RESULT_FAILED
    _colour_limits(body)
    record["colour"] = body["colour"]
    return RESULT_OK


def _withdrawn(terminal, record, body):
    record["slot"] = 2
    record["colour"] = record["key"] = 0
    record["name"] = b""
    return RESULT_OK


def _key(terminal, record, body):
    """A presence key in the clear: only where this terminal was set to take it."""
    if not terminal.view.accepts_keys:
        return RESULT_UNSUPPORTED
    if not 1 <= len(body["secret"]) <= push_tables.KEY_BYTES_MAX:
        raise RemoteProtocolError("%d bytes" % len(body["secret"]), -1, "secret", 0)
    number = body["key"]
    terminal.settings.store.put(KEY_NAME, bytes((number >> 8, number & 0xFF)) + body["secret"])
    return RESULT_OK


def _limits(body):
    if not 1 <= len(body["code"]) <= push_tables.CODE_BYTES_MAX:
        raise RemoteProtocolError("%d bytes" % len(body["code"]), -1, "code", 0)
    if len(body["plate"]) > push_tables.PLATE_BYTES_MAX:
        raise RemoteProtocolError("%d bytes" % len(body["plate"]), -1, "plate", 0)
    count = len(body["name"])
    if count % push_tables.GLYPH_BYTES or count > push_tables.NAME_GLYPHS_MAX * push_tables.GLYPH_BYTES:
        raise RemoteProtocolError("%d bytes" % count, -1, "name", 0)
    if read_beijing_bcd(body["until_bcd"], 0)[0] < 0:
        raise RemoteProtocolError("no time", -1, "until_bcd", 0)
    _colour_limits(body)


def _colour_limits(body):
    if not push_tables.COLOUR_BLUE <= body["colour"] <= push_tables.COLOUR_RED:
        raise RemoteProtocolError("colour %d" % body["colour"], -1, "colour", 0)


def _four(number):
    return bytes((number >> 24, number >> 16 & 0xFF, number >> 8 & 0xFF, number & 0xFF))


LAYOUTS = {
    push_tables.KIND_CODE: push_tables.CODE,
    push_tables.KIND_COLOUR: push_tables.COLOUR,
    push_tables.KIND_WITHDRAWN: push_tables.WITHDRAWN,
    push_tables.KIND_KEY: push_tables.KEY,
}
KINDS = {
    push_tables.KIND_CODE: _code,
    push_tables.KIND_COLOUR: _colour,
    push_tables.KIND_WITHDRAWN: _withdrawn,
    push_tables.KIND_KEY: _key,
}
